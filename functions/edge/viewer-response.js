import cf from 'cloudfront';

// The function at viewer-response of both distributions (CloudFront Functions, JavaScript runtime 2.0). It runs on answers from the
// cache too, and not on those with a status of 400 or above, nor on those that viewer-request makes.
//
// It says which pages may read the answer, which the space decides; keeps what was signed for one viewer from caches that others
// share; takes away how long the edges keep an answer, since other caches are not told what was replaced; gives a part in a unit that CloudFront does not know the status 206; and lets nothing that a user has stored act as a page
// of this host (shared/src/http/protection.rs).

const STATUS = 'x-reelspan-status';
const INERT = /^(?:(?:audio|video)\/[\w.-]+|image\/(?:avif|bmp|gif|jpeg|png|webp)|text\/vtt)(?:;[^"]*)?$/i;
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'";

async function handler(event) {
    const response = event.response;
    const headers = response.headers;
    if (headers[STATUS]) {
        response.statusCode = Number(headers[STATUS].value);
        response.statusDescription = 'Partial Content';
        delete headers[STATUS];
    }
    const entry = await entryOf(spaceOf(labelOf(event.request.uri)));
    if (entry) {
        share(entry, event.request.headers.origin, headers);
    }
    const kept = headers['cache-control'] && headers['cache-control'].value;
    if (KIND === 'secure' && kept !== 'no-store') {
        headers['cache-control'] = { value: 'private, max-age=60' };
    } else if (kept) {
        headers['cache-control'] = { value: kept.replace(', s-maxage=86400', '') };
    }
    const type = headers['content-type'];
    if (type && !INERT.test(type.value)) {
        headers['content-security-policy'] = { value: SANDBOX };
    }
    return response;
}
