// CloudFront's runtime for functions, as its documentation describes it: a stand-in for the module that functions import, and the
// form of events. The tests of the functions use it, and the emulator of CloudFront in tests/support.

import vm from 'node:vm';

/** A key-value store as CloudFront documents it (Helper methods for key value stores): a missing key is an error. */
const handleOf = (store) => ({
    async get(key, options) {
        if (!Object.hasOwn(store, key)) {
            throw new Error('KeyNotFound');
        }
        return options?.format === 'json' ? JSON.parse(store[key]) : store[key];
    },
});

/** Runs the text of a function as CloudFront does: the module, and then its `handler`, on one event. The store has texts. */
export async function handled(source, event, store) {
    const selected = [];
    const context = vm.createContext({});
    const cloudfront = new vm.SyntheticModule(
        ['default'],
        function () {
            this.setExport('default', { kvs: () => handleOf(store), selectRequestOriginById: (id) => selected.push(id) });
        },
        { context },
    );
    const module = new vm.SourceTextModule(`${source}\nexport { handler };`, { context });
    await module.link((specifier) => {
        if (specifier !== 'cloudfront') {
            throw new Error(`there is no module ${specifier}`);
        }
        return cloudfront;
    });
    await module.evaluate();
    return { answer: plain(await module.namespace.handler(event)), selected };
}

export const plain = (value) => JSON.parse(JSON.stringify(value));

/** A query as CloudFront takes it apart: nothing is decoded, and a name that recurs has all its values. */
export function querystring(query) {
    const parameters = {};
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

export const fields = (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { value }]));

/** An event (CloudFront Functions event structure). */
export function event(eventType, { method = 'GET', uri, query = '', headers = {} }, response) {
    return {
        version: '1.0',
        context: { distributionDomainName: 'd111111abcdef8.cloudfront.net', eventType },
        viewer: { ip: '198.51.100.11' },
        request: { method, uri, querystring: querystring(query), headers: fields(headers), cookies: {} },
        ...(response && { response }),
    };
}
