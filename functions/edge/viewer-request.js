import cf from 'cloudfront';

// The function at viewer-request (CloudFront Functions, JavaScript runtime 2.0): it sends each request of a streamed space to the
// origin that can answer it. A media fragment is one for the function "fragments", in the query or in a Range; all else are bytes
// as they are stored, which S3 has, the origin of the distribution unless told.
//
// CloudFront has looked at the signature by now, where there has to be one. It knows ranges of bytes alone, and caches by what its
// policy names: a Range in another unit travels in a field that the policy does name, so that it reaches the function and its
// answer is kept apart from others. Nobody but this function sets that field.
//
// events.json says what comes of which request; the local server decides by the same table.

const RANGE = 'x-reelspan-range';
const DIMENSIONS = ['t', 'track', 'id'];
// How a Range begins that is a media fragment: as engine/src/fragment/range/fragment.rs reads it.
const FRAGMENT = /^[ \t]*(?:t:|track=|id=|include-setup)/;

function handler(event) {
    const request = event.request;
    const headers = request.headers;
    delete headers[RANGE];

    const range = headers.range && headers.range.value;
    const inRange = range !== undefined && FRAGMENT.test(range);
    if (inRange) {
        headers[RANGE] = { value: range };
        delete headers.range;
    }
    const inQuery = DIMENSIONS.some((name) => Object.prototype.hasOwnProperty.call(request.querystring, name));
    // S3 answers no preflight of a bucket that has no rules of its own.
    const asked = request.method === 'OPTIONS';
    if (inRange || inQuery || asked) {
        cf.selectRequestOriginById('fragments');
    }
    return request;
}
