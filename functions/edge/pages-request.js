// The function at viewer-request of the pages' distribution. CloudFront asks API Gateway under the name of the API, so this says in a
// field of ours which host the viewer asked. The field is a part of the cache key, and only this function sets it.
//
// The host has the pages of the player and the media that they name by their path, and nothing else of the API: the console has to
// be at the API's own host, which its requests name as their origin.

const OURS = /^\/(?:player(?:\/|$)|oembed$|openapi\.json$|media\/)/;

function handler(event) {
    const request = event.request;
    if (!OURS.test(request.uri)) {
        return {
            statusCode: 404,
            statusDescription: 'Not Found',
            headers: { 'cache-control': { value: 'no-store' }, 'content-type': { value: 'text/plain' } },
            body: 'This host has the player at /player/.',
        };
    }
    request.headers['x-reelspan-host'] = { value: request.headers.host.value };
    return request;
}
