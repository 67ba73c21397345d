// What parsers of other makers say of the playlists and manifests below a folder: a line for each complaint.
//
//   node judges.mjs NODE_MODULES FOLDER

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, folder] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'judge.js'));
const hls = require('hls-parser');
const m3u8 = require('m3u8-parser');
const mpd = require('mpd-parser');

hls.setOptions({ strictMode: true });

const JUDGES = {
    '.m3u8': {
        'hls-parser': (text) => {
            const { isMasterPlaylist, variants, segments } = hls.parse(text);
            return (isMasterPlaylist ? variants : segments).length > 0 ? [] : ['it has nothing'];
        },
        'm3u8-parser': (text) => {
            const said = [];
            const parser = new m3u8.Parser();
            parser.on('warn', ({ message }) => said.push(message));
            parser.push(text);
            parser.end();
            const { playlists, segments } = parser.manifest;
            return playlists?.length > 0 || segments.length > 0 ? said : [...said, 'it has nothing'];
        },
    },
    '.mpd': {
        'mpd-parser': (text) => {
            const said = [];
            const eventHandler = ({ type, message }) => said.push(`${type}: ${message}`);
            const { playlists, mediaGroups } = mpd.parse(text, { manifestUri: 'https://example.org/manifest.mpd', eventHandler });
            return playlists.length > 0 || Object.keys(mediaGroups.AUDIO).length > 0 ? said : [...said, 'it has nothing'];
        },
    },
};

let judged = 0;
for (const name of fs.readdirSync(folder, { recursive: true })) {
    for (const [judge, read] of Object.entries(JUDGES[path.extname(name)] ?? {})) {
        judged += 1;
        let said;
        try {
            said = read(fs.readFileSync(path.join(folder, name), 'utf8'));
        } catch (error) {
            said = [String(error)];
        }
        said.forEach((complaint) => console.log(`${judge}: ${name}: ${complaint}`));
    }
}
if (judged === 0) {
    console.log('there is nothing to judge');
}
