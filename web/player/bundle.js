// Makes dist/player/bundle.zip: the element as one file, and example pages that work from any static server.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { crc32, deflateRawSync } from "node:zlib";

const dist = new URL("../dist/player/", import.meta.url);
const examples = new URL("bundle/", import.meta.url);

const files = readdirSync(examples).map((name) => ({ name, data: readFileSync(new URL(name, examples)) }));
files.push({ name: "reelspan-player.js", data: readFileSync(new URL("reelspan-player.js", dist)) });
files.push({ name: "LICENSE", data: readFileSync(new URL("../media-fragments/LICENSE", import.meta.url)) });
for (const name of ["hls.js", "media-chrome"]) {
    const data = readFileSync(new URL(`../node_modules/${name}/LICENSE`, import.meta.url));
    files.push({ name: `LICENSE-${name}`, data });
}
files.sort((one, other) => (one.name < other.name ? -1 : 1));

writeFileSync(new URL("bundle.zip", dist), zip(files));

/** A ZIP file (PKWARE APPNOTE 4.3). All dates are the same, so that the same files make the same bytes. */
function zip(entries) {
    const parts = [];
    const directory = [];
    let offset = 0;
    for (const { name, data } of entries) {
        const path = Buffer.from(`reelspan-player/${name}`);
        const body = deflateRawSync(data, { level: 9 });
        const fields = Buffer.alloc(26);
        fields.writeUInt16LE(20, 0); // The version that is needed.
        fields.writeUInt16LE(0x0800, 2); // Names are UTF-8.
        fields.writeUInt16LE(8, 4); // Deflated.
        fields.writeUInt16LE(0x21, 8); // 1980-01-01.
        fields.writeUInt32LE(crc32(data), 10);
        fields.writeUInt32LE(body.length, 14);
        fields.writeUInt32LE(data.length, 18);
        fields.writeUInt16LE(path.length, 22);
        parts.push(Buffer.from("PK\x03\x04", "latin1"), fields, path, body);
        const rest = Buffer.alloc(14);
        rest.writeUInt32LE(offset, 10);
        directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, rest, path);
        offset += 30 + path.length + body.length;
    }
    const listed = Buffer.concat(directory);
    const end = Buffer.alloc(22);
    end.write("PK\x05\x06", "latin1");
    end.writeUInt16LE(entries.length, 8);
    end.writeUInt16LE(entries.length, 10);
    end.writeUInt32LE(listed.length, 12);
    end.writeUInt32LE(offset, 16);
    return Buffer.concat([...parts, listed, end]);
}
