import cf from 'cloudfront';

// The function at viewer-request (CloudFront Functions, JavaScript runtime 2.0) sends each request of a streamed space to the
// origin that can answer it: media fragments, in the query or in a Range, to the function "fragments"; everything else to S3, the
// default origin of the distribution, which has the bytes as they are stored.
//
// CloudFront has already checked the signature, if one is required. It understands only byte ranges, and caches by the fields
// that its policy names. So a Range in another unit travels in a field that the policy names: it reaches the function, and its
// answer is cached separately. Only this function sets that field.
//
// A path with a dot segment, encoded or not, is refused: what stands behind resolves it or does not, so it could name another space
// than the one that the viewer may see. Names of contents have none.
//
// events.json is a table of requests and results; the local server decides by the same table.

const RANGE = 'x-reelspan-range';
const DIMENSIONS = ['t', 'track', 'id'];
// The beginnings of a Range that is a media fragment, as engine/src/fragment/range/fragment.rs reads it.
const FRAGMENT = /^[ \t]*(?:t:|track=|id=|include-setup)/;

const DOT_SEGMENT = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)/i;

function handler(event) {
    const request = event.request;
    if (DOT_SEGMENT.test(request.uri)) {
        return missing();
    }
    const headers = request.headers;
    delete headers[RANGE];

    const range = headers.range && headers.range.value;
    const inRange = range !== undefined && FRAGMENT.test(range);
    if (inRange) {
        headers[RANGE] = { value: range };
        delete headers.range;
    }
    const inQuery = DIMENSIONS.some((name) => Object.prototype.hasOwnProperty.call(request.querystring, name));
    // S3 answers no preflight request for a bucket without CORS rules.
    const asked = request.method === 'OPTIONS';
    if (inRange || inQuery || asked) {
        cf.selectRequestOriginById('fragments');
    }
    return request;
}

function missing() {
    return {
        statusCode: 404,
        statusDescription: 'Not Found',
        headers: { 'cache-control': { value: 'no-store' }, 'content-type': { value: 'application/problem+json' } },
        body: '{"type":"about:blank","title":"Not Found","status":404,"detail":"no name has \'.\' or \'..\' between slashes"}',
    };
}
