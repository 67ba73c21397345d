/** The Media Fragments URI grammar (W3C Media Fragments URI 1.0 (basic) §3 to §5): what follows `#` or `?` in a URI. */

import { type Area, readArea, writeArea } from "./area.js";
import { byteLength, type Invalid, InvalidError } from "./scanner.js";
import { readTemporal, type Temporal, writeTemporal, writeTemporalRange } from "./temporal.js";

/** How many name-value pairs are looked at. */
const MOST_PAIRS = 256;

/** The dimensions of a media fragment. */
export interface Fragment {
    /** `t`: of several, the last that is valid. */
    readonly time?: Temporal;
    /** `track`: each name once, in the order in which they stand. */
    readonly tracks: readonly string[];
    /** `id`: of several, the last that is valid. */
    readonly id?: string;
    /** `xywh`: of several, the last that is valid. */
    readonly area?: Area;
}

/** What was read, and what has no effect. */
export interface Parsed extends Fragment {
    readonly ignored: readonly Ignored[];
}

/** A name-value pair that has no effect. */
export interface Ignored {
    /** The pair as it stands in the URI. */
    readonly pair: string;
    readonly why: Reason;
}

/** Why a name-value pair has no effect. */
export type Reason =
    /** It is no pair of percent-encoded UTF-8: counted in bytes from the beginning of the pair. */
    | ({ readonly kind: "notAPair" } & Invalid)
    /** No dimension has this name; names are case-sensitive. */
    | { readonly kind: "unknownName" }
    /** The value is not in the grammar: counted in bytes from the beginning of the value, decoded. */
    | ({ readonly kind: "notInGrammar" } & Invalid)
    /** Another pair of the same name counts instead. */
    | { readonly kind: "superseded" }
    /** There are more pairs than are looked at. */
    | { readonly kind: "tooMany" };

/**
 * Reads what follows the `?` or the `#` of a URI. It never fails: what is not in the grammar is ignored, as §6.2 says.
 *
 * @example parse("t=20,0:00:35&track=audio") // from second 20 up to second 35 of the track "audio"
 */
export function parse(text: string): Parsed {
    const ignored: Ignored[] = [];
    const counts = new Map<string, string>();
    const tracks: string[] = [];
    let found: Pick<Fragment, "time" | "id" | "area"> = {};
    const counted = (name: string, pair: string) => {
        const before = counts.get(name);
        if (before !== undefined) ignored.push({ pair: before, why: { kind: "superseded" } });
        counts.set(name, pair);
    };
    const read = (pair: string, name: string, value: string) => {
        if (name === "t") found = { ...found, time: readTemporal(value) };
        else if (name === "xywh") found = { ...found, area: readArea(value) };
        else if (name !== "id" && name !== "track") return ignored.push({ pair, why: { kind: "unknownName" } });
        else if (value === "") throw new InvalidError(0, "a name is expected");
        else if (name === "id") found = { ...found, id: value };
        else if (tracks.includes(value)) return ignored.push({ pair, why: { kind: "superseded" } });
        else return tracks.push(value);
        counted(name, pair);
        return undefined;
    };
    const pairs = text.split("&").filter((pair) => pair !== "");
    for (const [at, pair] of pairs.entries()) {
        if (at === MOST_PAIRS) {
            ignored.push({ pair, why: { kind: "tooMany" } });
            break;
        }
        let kind: "notAPair" | "notInGrammar" = "notAPair";
        try {
            const [name, value] = split(pair);
            kind = "notInGrammar";
            read(pair, name, value);
        } catch (error) {
            if (!(error instanceof InvalidError)) throw error;
            ignored.push({ pair, why: { kind, at: error.at, why: error.why } });
        }
    }
    return { ...found, tracks, ignored };
}

/** Reads the fragment of a URL (what follows its `#`). */
export function parseUrl(url: string | URL): Parsed {
    const text = String(url);
    const hash = text.indexOf("#");
    return parse(hash < 0 ? "" : text.slice(hash + 1));
}

/** Whether no dimension is given: the fragment is the whole resource. */
export function isEmpty(fragment: Fragment): boolean {
    return (
        fragment.time === undefined &&
        fragment.tracks.length === 0 &&
        fragment.id === undefined &&
        fragment.area === undefined
    );
}

/** Writes a fragment in its one normal form: `t=npt:20,35&track=audio`. */
export function serialize(fragment: Fragment): string {
    const pairs = fragment.time === undefined ? [] : [`t=${writeTemporal(fragment.time)}`];
    pairs.push(...fragment.tracks.map((track) => `track=${encode(track)}`));
    if (fragment.id !== undefined) pairs.push(`id=${encode(fragment.id)}`);
    if (fragment.area !== undefined) pairs.push(`xywh=${writeArea(fragment.area)}`);
    return pairs.join("&");
}

/** Rewrites what follows a `#` or a `?` in its normal form, without what is ignored. */
export function normalize(text: string): string {
    return serialize(parse(text));
}

/**
 * The `Range` that asks for the same: `track=audio;t:npt=10-20`. A part of the picture cannot be asked for. It is the empty
 * text if nothing remains to ask for.
 */
export function toRange(fragment: Fragment, options: { readonly includeSetup?: boolean } = {}): string {
    const dimensions = fragment.tracks.map((track) => `track=${encode(track)}`);
    if (fragment.id !== undefined) dimensions.push(`id=${encode(fragment.id)}`);
    if (fragment.time !== undefined) dimensions.push(writeTemporalRange(fragment.time));
    if (options.includeSetup === true) dimensions.push("include-setup");
    return dimensions.join(";");
}

/** Splits a pair at its first `=`, then decodes both sides. */
function split(pair: string): [name: string, value: string] {
    const equals = pair.indexOf("=");
    if (equals < 0) throw new InvalidError(byteLength(pair), "'=' and a value are expected");
    const name = pair.slice(0, equals);
    return [decode(name, 0), decode(pair.slice(equals + 1), byteLength(name) + 1)];
}

/** Percent-decodes strictly: `%` stands before two hexadecimal digits, and the bytes are UTF-8. */
function decode(text: string, before: number): string {
    const wrong = /%(?![0-9a-f]{2})/i.exec(text);
    const place = (at: number) => before + byteLength(text.slice(0, at));
    if (wrong) throw new InvalidError(place(wrong.index), "'%' stands before two hexadecimal digits");
    try {
        return decodeURIComponent(text);
    } catch {
        throw new InvalidError(place(Math.max(text.indexOf("%"), 0)), "the decoded bytes are not UTF-8");
    }
}

/** Percent-encodes all but what RFC 3986 §2.3 leaves unreserved, and a colon. */
function encode(value: string): string {
    // Half a surrogate pair is no character: UTF-8 has none for it.
    return encodeURIComponent(value.replace(/\p{Surrogate}/gu, "\uFFFD"))
        .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
        .replaceAll("%3A", ":");
}
