/** The addresses of a content. A secure space signs the stored file, what is derived from it, and a cut each by itself. */

export interface Addresses {
    /** The stored file's, without a fragment. */
    readonly file: string;
    /** The file's, too, but with the query that opens what is below its `~`. */
    readonly derived: string;
    /** The address of the cut that has all of the content's time, if it is signed by itself. */
    readonly cut?: string | undefined;
}

/** What the task `get-signed-url` answers, with `"form": "player"` or without; or a URL alone. */
export type Signed =
    string | { readonly signedUrl: string; readonly signedStreamUrl?: string; readonly signedCutUrl?: string };

/** The parameters of CloudFront's signatures, and Reelspan's copy of them, which playlists alone are asked for with. */
const SIGNATURE = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];
const COPY = "s";

/** The addresses that an answer has, without fragments; `undefined` if it has none. */
export function addressesOf(signed: unknown, base: string): Addresses | undefined {
    const answer = typeof signed === "object" && signed !== null ? (signed as Record<string, unknown>) : {};
    const absolute = (url: unknown) =>
        typeof url === "string" && url !== "" && URL.canParse(url, base) ? withoutHash(new URL(url, base)) : undefined;
    const file = absolute(typeof signed === "string" ? signed : answer["signedUrl"]);
    if (file === undefined) return undefined;
    const stream = absolute(answer["signedStreamUrl"]);
    const derived = stream === undefined ? file : withQueryOf(file, stream);
    return { file, derived, cut: absolute(answer["signedCutUrl"]) };
}

function withoutHash(url: URL): string {
    return url.href.split("#", 1)[0] ?? "";
}

function withQueryOf(url: string, other: string): string {
    const at = other.indexOf("?");
    return pathOf(url) + (at < 0 ? "" : other.slice(at));
}

/** A URL without its query. */
function pathOf(url: string): string {
    return url.split("?", 1)[0] ?? "";
}

/** When the first of the signatures expires, in milliseconds since 1970; `undefined`: never, as far as is known. */
export function expiryOf({ file, derived, cut }: Addresses): number | undefined {
    const times = [file, derived, cut].map((url) => (url === undefined ? undefined : expires(url)));
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
}

function expires(url: string): number | undefined {
    const parameters = new URL(url).searchParams;
    const seconds = Number(parameters.get("Expires") ?? NaN);
    if (Number.isFinite(seconds)) return seconds * 1000;
    const policy = parameters.get("Policy");
    return policy === null ? undefined : expiryOfPolicy(policy);
}

/** A policy is JSON in base64, of which CloudFront writes three characters otherwise. */
function expiryOfPolicy(policy: string): number | undefined {
    const base64: Record<string, string> = { "-": "+", _: "=", "~": "/" };
    try {
        const text = atob(policy.replace(/[-_~]/g, (letter) => base64[letter] ?? letter));
        const { Statement } = JSON.parse(text) as {
            Statement: [{ Condition: { DateLessThan: { "AWS:EpochTime": unknown } } }];
        };
        const seconds = Statement[0].Condition.DateLessThan["AWS:EpochTime"];
        return typeof seconds === "number" ? seconds * 1000 : undefined;
    } catch {
        return undefined;
    }
}

/**
 * The URL of what is below a content's `~` with the signature that the content has now. Other URLs stay as they are. The copy of
 * a signature is for playlists alone: with it, a segment would be another one for caches.
 */
export function resigned(url: string, { derived }: Addresses): string {
    const path = pathOf(url);
    if (!path.startsWith(`${pathOf(derived)}/~/`)) return url;
    const isSignature = (pair: string) => SIGNATURE.includes(pair.split("=", 1)[0] ?? "");
    const isCopy = (pair: string) => pair.startsWith(`${COPY}=`);
    const others = pairsOf(url).filter((pair) => !isSignature(pair) && !isCopy(pair));
    const isPlaylist = path.endsWith(".m3u8");
    const signature = pairsOf(derived).filter((pair) => isSignature(pair) || (isPlaylist && isCopy(pair)));
    const query = [...others, ...signature].join("&");
    return query === "" ? path : `${path}?${query}`;
}

function pairsOf(url: string): string[] {
    const at = url.indexOf("?");
    return at < 0 ? [] : url.slice(at + 1).split("&");
}

/** Whether two URLs are those of one content and one fragment, with another signature each. */
export function isSameContent(one: string, other: string): boolean {
    const plain = (url: string) => {
        const [address = "", fragment = ""] = url.split("#", 2);
        const others = pairsOf(address).filter((pair) => !SIGNATURE.includes(pair.split("=", 1)[0] ?? ""));
        return [pathOf(address), others.join("&"), fragment].join("\n");
    };
    return plain(one) === plain(other);
}
