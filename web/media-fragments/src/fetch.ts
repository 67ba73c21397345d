/** Fetches a fragment of a stored file by a `Range` in time (W3C Protocol for Media Fragments 1.0 Resolution in HTTP). */

import { type Fragment, parse, toRange } from "./fragment.js";
import { bytesRange, type Mapping, parseMapping, parseRanges } from "./mapping.js";
import { boundaryOf, parseContentRange, type Part, splitParts } from "./multipart.js";

/** How a fragment is fetched. */
export interface FetchOptions {
    /** Asks for the bytes that a player needs before any fragment, too: then the parts play by themselves. */
    readonly includeSetup?: boolean;
    /**
     * Asks the server which bytes the fragment is, and then for plain bytes, which caches understand. Browsers do not show
     * the redirect to scripts; there the fragment is asked for directly instead, at the price of one more request.
     */
    readonly redirect?: boolean;
    /** Fields to send along, such as `If-Match`. */
    readonly headers?: Record<string, string>;
    readonly signal?: AbortSignal;
    /** Replaces the global `fetch`. */
    readonly fetch?: typeof globalThis.fetch;
}

/** A fragment of a file: bytes of the original, unchanged. */
export interface FetchedFragment {
    /** The parts in the order in which they were sent: the setup, if it was asked for, then the fragment. */
    readonly parts: readonly Part[];
    /** Which time and tracks the parts really hold. */
    readonly mapping: Mapping | undefined;
    /** The length of the original. */
    readonly length: number;
    /** The original's media type, as far as the answer tells it. */
    readonly type: string;
    readonly etag: string | null;
    /** Whether the bytes were asked for after a redirect. */
    readonly redirected: boolean;
}

/** The server's answer was no part of the file. */
export class FragmentError extends Error {
    override readonly name = "FragmentError";
    constructor(
        message: string,
        /** The answer, whose body has not been read. */
        readonly response: Response,
    ) {
        super(message);
    }
}

/**
 * Fetches a fragment.
 *
 * @example const { parts } = await fetchFragment("https://media.example.org/talk.webm", "t=10,20", { includeSetup: true });
 * @throws {FragmentError} if the server answers anything but 206: 416 if the file has nothing there, 200 if it ignores the
 * range.
 */
export async function fetchFragment(
    url: string | URL,
    fragment: Fragment | string,
    options: FetchOptions = {},
): Promise<FetchedFragment> {
    const range = toRange(typeof fragment === "string" ? parse(fragment) : fragment, options);
    if (range === "") throw new TypeError("the fragment has nothing that a Range can ask for");
    const send = options.fetch ?? globalThis.fetch;
    const ask = (address: string | URL, headers: Record<string, string>, redirect: RequestRedirect) =>
        send(address, {
            headers: { ...options.headers, ...headers },
            redirect,
            ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
    if (options.redirect === true) {
        const answer = await ask(url, { Range: range, "Accept-Range-Redirect": "bytes" }, "manual");
        if (answer.status === 206) return read(answer, undefined);
        const ranges = parseRanges(/^bytes[ =](.*)$/.exec(answer.headers.get("range-redirect") ?? "")?.[1] ?? "");
        if (answer.status === 307 && ranges !== undefined) {
            const target = new URL(answer.headers.get("location") ?? "", answer.url === "" ? url : answer.url);
            return read(await ask(target, { Range: bytesRange(ranges) }, "follow"), answer);
        }
        if (answer.type !== "opaqueredirect") throw new FragmentError(`the server answered ${answer.status}`, answer);
    }
    return read(await ask(url, { Range: range }, "follow"), undefined);
}

async function read(answer: Response, redirect: Response | undefined): Promise<FetchedFragment> {
    if (answer.status !== 206) throw new FragmentError(`the server answered ${answer.status}`, answer);
    const field = (redirect ?? answer).headers.get("content-range-mapping");
    const mapping = field === null ? undefined : parseMapping(field);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const type = answer.headers.get("content-type");
    const rest = { mapping, etag: answer.headers.get("etag"), redirected: redirect !== undefined };
    const boundary = boundaryOf(type);
    if (boundary !== undefined) {
        const original = redirect?.headers.get("content-type") ?? typeOfPart(bytes);
        return { parts: splitParts(bytes, boundary), length: mapping?.length ?? NaN, type: original, ...rest };
    }
    const range = parseContentRange(answer.headers.get("content-range"));
    if (range === undefined) throw new FragmentError("the answer has no Content-Range", answer);
    return { parts: [{ start: range.start, end: range.end, bytes }], length: range.length, type: type ?? "", ...rest };
}

/** The media type that the first part names. */
function typeOfPart(body: Uint8Array): string {
    const head = new TextDecoder("latin1").decode(body.subarray(0, 1024));
    return /\r\ncontent-type:[ \t]*([^\r]*)/i.exec(head)?.[1] ?? "";
}

/** The parts as one file, in the order in which they were sent. With the setup, a player plays it. */
export function toBlob(fragment: FetchedFragment): Blob {
    return new Blob(
        fragment.parts.map((part) => part.bytes as Uint8Array<ArrayBuffer>),
        { type: fragment.type },
    );
}
