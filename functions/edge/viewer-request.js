// Sends what is asked for as a fragment to the fragments function, and everything else to the media bucket.
import cf from 'cloudfront';

const BYTES = /^\s*bytes\s*=/i;

function handler(event) {
    const request = event.request;
    const range = request.headers.range;
    delete request.headers['x-reelspan-range'];
    if (range && !BYTES.test(range.value)) {
        request.headers['x-reelspan-range'] = { value: range.value };
        delete request.headers.range;
    }
    const query = request.querystring;
    const preflight = request.method === 'OPTIONS';
    if (preflight || request.headers['x-reelspan-range'] || query.t || query.track || query.id) {
        cf.selectRequestOriginById('fragments');
    }
    return request;
}
