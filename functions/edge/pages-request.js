// The function at viewer-request of the pages' distribution. CloudFront asks API Gateway under the name of the API, so this says in a
// field of ours which host the viewer asked. The field is a part of the cache key, and only this function sets it.

function handler(event) {
    const request = event.request;
    request.headers['x-reelspan-host'] = { value: request.headers.host.value };
    return request;
}
