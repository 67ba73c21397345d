// The edge functions on tables of events, with a stand-in for the module that CloudFront gives them. Run as
// node --experimental-vm-modules --no-warnings --test functions/edge/edge.test.mjs

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { event, fields, handled as run, plain } from './runtime.mjs';

const beside = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
/** The text of a function, as template.yaml joins it. */
const source = (name, kind) => `${beside(`${name}.js`)}\n${beside('cors.js')}\nconst KIND = '${kind}';\n`;
const { store, events } = JSON.parse(beside('events.json'));

/** The most bytes that a function may have (Quotas on CloudFront Functions). */
const LARGEST = 10 * 1024;

/** What the store knows, as texts. */
const texts = Object.fromEntries(Object.entries(store).map(([space, entry]) => [space, JSON.stringify(entry)]));
const handled = (name, kind, event) => run(source(name, kind), event, texts);

for (const told of events) {
    test(told.about, async () => {
        const given = event('viewer-request', told);
        const { answer, selected } = await handled('viewer-request', told.host, structuredClone(given));
        if (told.to === 'refused' || told.to === 'missing') {
            const status = told.to === 'refused' ? 403 : 404;
            assert.deepEqual([answer.statusCode, JSON.parse(answer.body).status, selected], [status, status, []]);
            assert.equal(answer.headers['cache-control'].value, 'no-store');
            return;
        }
        if (told.to === 'preflight') {
            assert.deepEqual([answer.statusCode, selected], [204, []]);
            assert.equal(answer.headers['access-control-allow-origin']?.value ?? null, told.allowed);
            assert.equal('access-control-allow-headers' in answer.headers, told.allowed !== null);
            const credentials = told.allowed !== null && told.allowed !== '*';
            assert.equal('access-control-allow-credentials' in answer.headers, credentials);
            return;
        }
        assert.deepEqual(selected, told.to === 'media' ? [] : [told.to]);
        assert.equal(answer.uri, told.path);
        assert.deepEqual(answer.querystring, told.q === undefined ? {} : { q: { value: told.q } });
        // Nothing else is changed; what is signed for Lambda has no other characters than these.
        const { range = null, 'x-reelspan-range': ours = null, 'if-range': conditional, ...kept } = answer.headers;
        const { range: asked, 'x-reelspan-range': _, 'if-range': __, ...headers } = given.request.headers;
        assert.deepEqual([range, ours], told.in_range ? [null, asked] : [told.range ? { value: told.range } : (asked ?? null), null]);
        assert.deepEqual([kept, conditional], [plain(headers), undefined]);
        if (told.to !== 'media') {
            assert.match(`${answer.uri}${told.q ?? ''}`, /^[A-Za-z0-9._~/-]*$/);
        }
        for (const part of ['method', 'cookies']) {
            assert.deepEqual(answer[part], plain(given.request[part]), part);
        }
    });
}

test('the table is long enough', () => assert.ok(events.length >= 150, `${events.length} events`));

test('an answer says which pages may read it, and is kept for as long as it may be', async () => {
    const cases = [
        ['open', '/films/a.mp4', {}, 200, { 'content-type': 'video/mp4' }, {}],
        ['open', '/films/a.mp4', { origin: 'https://any.example' }, 200, { 'content-type': 'video/mp4' }, { allowed: '*' }],
        ['open', '/named/a.mp4', { origin: 'https://any.example' }, 200, { 'content-type': 'video/mp4', 'access-control-allow-origin': '*' }, {}],
        ['open', '/named/a.mp4', { origin: 'https://library.example' }, 206, { 'content-type': 'audio/mp4' }, { allowed: 'https://library.example' }],
        ['open', '/films/a.mp4', {}, 200, { 'content-type': 'video/mp4', 'x-reelspan-status': '206' }, { status: 206 }],
        ['open', '/films/a.html', {}, 200, { 'content-type': 'text/html' }, { sandbox: true }],
        ['open', '/films/a.svg', {}, 200, { 'content-type': 'image/svg+xml' }, { sandbox: true }],
        ['open', '/films/a.mp4', {}, 200, { 'content-type': 'video/mp4; a="b"' }, { sandbox: true }],
        ['open', '/films/a.mp4', {}, 304, {}, {}],
        ['open', '/films/a.mp4', {}, 200, { 'content-type': 'video/mp4', 'cache-control': 'max-age=60, s-maxage=86400' }, { cached: 'max-age=60' }],
        ['open', '/films/a.mp4', {}, 200, { 'content-type': 'video/mp4', 'cache-control': 'max-age=31536000, immutable' }, { cached: 'max-age=31536000, immutable' }],
        ['secure', '/secret/a.mp4', {}, 200, { 'content-type': 'video/mp4', 'cache-control': 's-maxage=9' }, { cached: 'private, max-age=60' }],
        ['secure', '/secret~187ba2c3d4e5f609/a.mp4', {}, 200, { 'content-type': 'video/mp4' }, { cached: 'private, max-age=60' }],
        ['secure', '/secret/a.mp4', {}, 200, { 'content-type': 'video/mp4', 'cache-control': 'no-store' }, { cached: 'no-store' }],
    ]; // prettier-ignore
    for (const [kind, uri, headers, statusCode, given, expected] of cases) {
        const response = { statusCode, statusDescription: 'x', headers: fields(given) };
        const { answer } = await handled('viewer-response', kind, event('viewer-response', { uri, headers }, response));
        const found = {
            ...(answer.statusCode !== statusCode && { status: answer.statusCode }),
            ...(answer.headers['access-control-allow-origin'] && { allowed: answer.headers['access-control-allow-origin'].value }),
            ...(answer.headers['content-security-policy'] && { sandbox: true }),
            ...(answer.headers['cache-control'] && { cached: answer.headers['cache-control'].value }),
        };
        assert.deepEqual(found, expected, `${kind} ${uri} ${JSON.stringify(given)}`);
        assert.ok(!('x-reelspan-status' in answer.headers));
    }
});

test('the pages are told which host was asked, whatever a viewer says', async () => {
    const headers = { host: 'player.example.org', 'x-reelspan-host': 'evil.example.org' };
    const given = event('viewer-request', { uri: '/player/', query: 'src=/a.mp4', headers });
    const { answer } = await run(beside('pages-request.js'), structuredClone(given), {});
    given.request.headers['x-reelspan-host'] = { value: 'player.example.org' };
    assert.deepEqual(answer, plain(given.request));
    for (const [uri, status] of [
        ['/player', undefined],
        ['/player/assets/a.js', undefined],
        ['/oembed', undefined],
        ['/openapi.json', undefined],
        ['/media/lectures/a.mp4', undefined],
        ['/', 404],
        ['/console/', 404],
        ['/durastore/spaces', 404],
        ['/playerx', 404],
    ]) {
        const { answer } = await run(beside('pages-request.js'), event('viewer-request', { uri, headers }), {});
        assert.equal(answer.statusCode, status, uri);
    }
});

for (const name of ['viewer-request', 'viewer-response']) {
    test(`${name} is small enough, and has no newer syntax than the runtime`, () => {
        const text = source(name, 'secure');
        assert.ok(Buffer.byteLength(text) <= LARGEST, `${Buffer.byteLength(text)} bytes`);
        // JavaScript runtime 2.0 features for CloudFront Functions: ES 5.1 and some of later versions, not these.
        const code = text.replace(/\/\/.*$/gm, '').replace(/'[^'\n]*'/g, "''");
        const newer = [/\bclass\b/, /\?\./, /\?\?/, /\.\.\./, /\bfor\s*\((?:const|let|var)\s+\w+\s+of\b/, /\b(?:const|let|var)\s*[[{]/, /=>\s*\(\{/, /\bexport\b/, /\beval\b/, /\bsetTimeout\b/];
        for (const syntax of newer) {
            assert.doesNotMatch(code, syntax, name);
        }
    });
}
