import cf from 'cloudfront';

// The function at viewer-request of both distributions (CloudFront Functions, JavaScript runtime 2.0). It lets a request through
// only if the space streams at this host, and sends it to the origin that can answer it. CloudFront has already checked the
// signature, if the distribution requires one, and has taken it away.
//
// /{space}/{content} at the open host and /{space}~{generation}/{content} at the secure one become
//
//   /{space}/{content}            for S3, with the name percent-encoded in one way,
//   /{space}/{content}?q={query}  for the fragments function, with ~ for each %: the request is signed for Lambda, and
//                                 CloudFront and Lambda agree only about characters that neither of them encodes.
//
// CloudFront understands only byte ranges. So a Range in another unit travels in a field of ours, which is a part of the cache key.
// Only this function sets that field.
//
// The functions answer HEAD, ranges, playlists and texts as a whole, from the origin "buffered": a streamed answer of Lambda has no
// Content-Length, and CloudFront takes no ranges from one.
//
// A range goes to "buffered" with at most MOST bytes: Lambda carries no more than 6 MB at once, and CloudFront does not document
// what becomes of a 206 that is shorter than the range it asked for. So it gets what it asks for, and the viewer, who gets less
// than it asked for, asks for the rest (RFC 9110 §15.3.7).
//
// If-Range is taken away: a cached answer does not depend on it. A part then has the ETag of the file that it is of.
//
// events.json is a table of requests and results; local/src/stream/route.rs decides by the same table.

const RANGE = 'x-reelspan-range';
const DIMENSIONS = ['t', 'track', 'id'];
const SIGNATURE = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'];
// The beginnings of a Range that is a media fragment, as engine/src/fragment/range/fragment.rs reads it.
const FRAGMENT = /^[ \t]*(?:t:|track=|id=|include-setup)/;
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;
const DERIVED = /(?:^|\/)~(?:\/|$)/;
const MOST = 2097152;
const OF_BYTES = /^bytes=(\d+)-(\d*)$/;
const WHOLE = /\.(?:m3u8|mpd|vtt|json|xml)$/;

async function handler(event) {
    const request = event.request;
    const headers = request.headers;
    const label = labelOf(request.uri);
    const entry = await entryOf(spaceOf(label));
    if (!entry || entry.kind !== KIND || label !== labelled(spaceOf(label), entry)) {
        return problem(403, 'Forbidden', 'this space does not stream at this host');
    }
    if (request.method === 'OPTIONS') {
        return preflight(entry, headers.origin);
    }
    const name = decoded(request.uri.slice(label.length + 2));
    if (!name || DOT_SEGMENT.test(name)) {
        return problem(404, 'Not Found', "no content has this name: it is not UTF-8, or has '.' or '..' between slashes");
    }

    delete headers[RANGE];
    delete headers['if-range'];
    const range = headers.range && headers.range.value;
    const inRange = range !== undefined && FRAGMENT.test(range);
    if (inRange) {
        headers[RANGE] = { value: range };
        delete headers.range;
    }
    const derived = DERIVED.test(name);
    const query = fragmentOf(request.querystring, derived);
    const path = encoded(name);
    if (!inRange && !derived && query === '') {
        request.uri = '/' + spaceOf(label) + '/' + path;
        request.querystring = {};
        return request;
    }
    request.uri = '/' + spaceOf(label) + '/' + path.replace(/%/g, '~');
    request.querystring = query === '' ? {} : { q: { value: encoded(query).replace(/\//g, '%2F').replace(/%/g, '~') } };
    if (headers.range) {
        headers.range = { value: shortened(headers.range.value) };
    }
    const whole = request.method === 'HEAD' || headers.range !== undefined || (derived && WHOLE.test(name));
    cf.selectRequestOriginById(whole ? 'buffered' : 'fragments');
    return request;
}

// A Range of at most MOST bytes from the same start.
function shortened(range) {
    const found = OF_BYTES.exec(range);
    const last = found ? Number(found[1]) + MOST - 1 : 0;
    if (!found || last > Number.MAX_SAFE_INTEGER || (found[2] !== '' && Number(found[2]) <= last)) {
        return range;
    }
    return 'bytes=' + found[1] + '-' + last;
}

function labelled(space, entry) {
    return entry.kind === 'secure' ? space + '~' + entry.generation : space;
}

// The name, percent-decoded; nothing if it is not UTF-8.
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch (error) {
        return '';
    }
}

// Percent-encodes all but letters, digits, hyphens, periods, underscores and slashes.
function encoded(text) {
    const escaped = (letter) => '%' + letter.charCodeAt(0).toString(16).toUpperCase();
    return encodeURIComponent(text).replace(/[!'()*~]/g, escaped).replace(/%2F/g, '/');
}

// The parameters of the query that change the answer, as they are written: the dimensions of a media fragment, and below ~ all but
// those of a signature.
function fragmentOf(querystring, derived) {
    const pairs = [];
    Object.keys(querystring).forEach((name) => {
        if (derived ? SIGNATURE.indexOf(name) < 0 : DIMENSIONS.indexOf(name) >= 0) {
            const parameter = querystring[name];
            const values = parameter.multiValue || [parameter];
            values.forEach((one) => pairs.push(name + '=' + one.value));
        }
    });
    return pairs.join('&');
}

function preflight(entry, origin) {
    const headers = { 'cache-control': { value: 'no-store' } };
    if (share(entry, origin, headers)) {
        headers['access-control-allow-methods'] = { value: 'GET, HEAD, OPTIONS' };
        headers['access-control-allow-headers'] = { value: ALLOWED };
        headers['access-control-max-age'] = { value: '86400' };
    }
    return { statusCode: 204, statusDescription: 'No Content', headers: headers };
}

function problem(status, title, detail) {
    return {
        statusCode: status,
        statusDescription: title,
        headers: { 'cache-control': { value: 'no-store' }, 'content-type': { value: 'application/problem+json' } },
        body: JSON.stringify({ type: 'about:blank', title: title, status: status, detail: detail }),
    };
}
