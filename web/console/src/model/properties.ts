/** Properties as a person edits them: pairs of a name and a value, which may be wrong for a while. */

export type Pair = readonly [name: string, value: string];

/** What is wrong with one of the pairs. */
export type PairFault = "name" | "value" | "twice";

/** The first fault; undefined if there is none. */
export function pairFault(pairs: readonly Pair[]): PairFault | undefined {
    if (pairs.some(([name]) => !/^[a-z0-9._-]+$/.test(name))) return "name";
    if (pairs.some(([, value]) => value !== value.trim() || /\p{Cc}/u.test(value))) return "value";
    return new Set(pairs.map(([name]) => name)).size < pairs.length ? "twice" : undefined;
}

/** The property that has the tags, as DuraCloud writes them: with `|` between them. */
export const TAGS = "tags";

export function parseTags(value: string): string[] {
    return value.split("|").filter((tag) => tag.trim() !== "");
}

/** The value of the property for tags that a person typed with commas between them; each tag once. */
export function tagsValue(typed: string): string {
    const tags = typed.split(/[,|]/).map((tag) => tag.trim());
    return [...new Set(tags.filter((tag) => tag !== ""))].join("|");
}

/** What the API says itself of a space; these cannot be set. */
const SAID = /^(space-|streaming-|hls-streaming-)/;

/** The properties of a space that its owner sets. */
export function ownPairs(known: ReadonlyMap<string, string>): Pair[] {
    return [...known].filter(([name]) => !SAID.test(name));
}

/** Whether a name is one that the owner of a space can set. */
export function isOwnName(name: string): boolean {
    return !SAID.test(name) && !/^(acl|content)(-|$)/.test(name) && !name.startsWith("copy-source");
}

/** A value as `fetch` sends it in a header field: its UTF-8 bytes, each as a character (Fetch §2.2.2, "isomorphic encode"). */
export function toField(value: string): string {
    return Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join("");
}

/** The value of a header field that `fetch` received: UTF-8, or else as it is. */
export function ofField(field: string): string {
    try {
        const bytes = Uint8Array.from(field, (letter) => letter.charCodeAt(0));
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return field;
    }
}
