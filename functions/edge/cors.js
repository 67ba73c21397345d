// What both edge functions need: the entry of a space in the key-value store, and the fields of CORS (Fetch §3.2) for it. This text
// stands behind that of each function in template.yaml, and behind it the constant KIND: 'open' or 'secure'.

const store = cf.kvs();

const ALLOWED = 'Accept-Range-Redirect, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range';
const EXPOSED =
    'Accept-Ranges, Content-Length, Content-Range, Content-Range-Mapping, ETag, Last-Modified, X-Media-Fragment';

// The label of a path, which is its first segment: a space, and behind a tilde its generation.
function labelOf(uri) {
    const slash = uri.indexOf('/', 1);
    return slash < 0 ? uri.slice(1) : uri.slice(1, slash);
}

function spaceOf(label) {
    const tilde = label.indexOf('~');
    return tilde < 0 ? label : label.slice(0, tilde);
}

// What the store knows of a space: { kind, generation, origins }. A missing key is an error of get().
async function entryOf(space) {
    try {
        return await store.get(space, { format: 'json' });
    } catch (error) {
        return null;
    }
}

function allows(origins, origin) {
    const asked = origin.toLowerCase();
    return origins.some((allowed) => {
        const star = allowed.indexOf('://*.');
        if (star < 0) {
            return allowed === asked;
        }
        const scheme = allowed.slice(0, star + 3);
        const domain = allowed.slice(star + 4);
        return asked.startsWith(scheme) && asked.endsWith(domain) && asked.length > scheme.length + domain.length;
    });
}

// Adds the fields that let a page of this origin read the answer. Only pages of named origins may send cookies.
function share(entry, origin, headers) {
    delete headers['access-control-allow-origin'];
    delete headers['access-control-allow-credentials'];
    if (!origin) {
        return false;
    }
    if (entry.origins.length > 0) {
        headers.vary = { value: 'Origin' };
        if (!allows(entry.origins, origin.value)) {
            return false;
        }
        headers['access-control-allow-credentials'] = { value: 'true' };
    }
    headers['access-control-allow-origin'] = { value: entry.origins.length > 0 ? origin.value : '*' };
    headers['access-control-expose-headers'] = { value: EXPOSED };
    return true;
}
