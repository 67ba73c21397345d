// The function at viewer-request on a table of events, with a stand-in for the module that CloudFront gives it. Run as
// node --experimental-vm-modules --no-warnings --test functions/edge/viewer-request.test.mjs

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

const beside = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const source = beside('viewer-request.js');
const events = JSON.parse(beside('events.json'));

/** The most bytes that a function may have (Quotas on CloudFront Functions). */
const LARGEST = 10 * 1024;

/** Runs the function as CloudFront does: the module, and then its `handler`, on one event. */
async function handled(event) {
    const selected = [];
    const context = vm.createContext({});
    const cloudfront = new vm.SyntheticModule(
        ['default'],
        function () {
            this.setExport('default', { selectRequestOriginById: (id) => selected.push(id) });
        },
        { context },
    );
    const module = new vm.SourceTextModule(`${source}\nexport { handler };`, { context });
    await module.link((name) => {
        assert.equal(name, 'cloudfront');
        return cloudfront;
    });
    await module.evaluate();
    return { answer: module.namespace.handler(event), selected };
}

/** A query as CloudFront takes it apart: nothing is decoded, and a name that recurs has all its values. */
function querystring(query) {
    const parameters = Object.create(Object.prototype);
    for (const pair of query.split('&').filter((pair) => pair !== '')) {
        const at = pair.indexOf('=');
        const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
        if (Object.hasOwn(parameters, name)) {
            parameters[name].multiValue ??= [{ value: parameters[name].value }];
            parameters[name].multiValue.push({ value });
        } else {
            Object.defineProperty(parameters, name, { value: { value }, enumerable: true, configurable: true });
        }
    }
    return parameters;
}

function event({ method, uri, query, headers }) {
    const fields = Object.entries(headers).map(([name, value]) => [name, { value }]);
    return {
        version: '1.0',
        context: { distributionDomainName: 'd111111abcdef8.cloudfront.net', eventType: 'viewer-request' },
        viewer: { ip: '198.51.100.11' },
        request: { method, uri, querystring: querystring(query), headers: Object.fromEntries(fields), cookies: {} },
    };
}

for (const told of events) {
    test(told.about, async () => {
        const given = event(told);
        const { answer, selected } = await handled(structuredClone(given));
        if (told.origin === 'none') {
            assert.deepEqual([answer.statusCode, JSON.parse(answer.body).status, selected], [404, 404, []]);
            return;
        }
        const request = answer;
        assert.deepEqual(selected, told.origin === 'media' ? [] : [told.origin]);
        assert.equal(request.headers['x-reelspan-range']?.value ?? null, told['x-reelspan-range']);
        assert.equal(request.headers.range?.value ?? null, told.range);
        // All else is as it came.
        const { range: _, 'x-reelspan-range': __, ...headers } = given.request.headers;
        const { range: ___, 'x-reelspan-range': ____, ...kept } = request.headers;
        const plain = (value) => JSON.parse(JSON.stringify(value));
        assert.deepEqual(plain(kept), plain(headers));
        for (const part of ['method', 'uri', 'querystring', 'cookies']) {
            assert.deepEqual(plain(request[part]), plain(given.request[part]), part);
        }
    });
}

test('it is small enough for CloudFront', () => {
    assert.ok(Buffer.byteLength(source) <= LARGEST, `${Buffer.byteLength(source)} bytes`);
});
