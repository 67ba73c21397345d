/** The contents that a page knows, brought up to date with later lists of some of them. */

import type { Content } from "./listing.ts";

/** Some contents as a list of the API has them. */
export interface Page {
    readonly contents: readonly Content[];
    /** More follow. */
    readonly more: boolean;
}

/** What a list was asked for: the contents whose ids begin with a prefix and come after a marker. */
export interface Asked {
    readonly prefix: string;
    readonly marker?: string | undefined;
    readonly count: number;
}

/** How many waiting contents are asked for one by one; of more, a whole list is asked for. */
const SINGLY = 4;
/** How many contents a list returns at most. */
const MOST = 1000;

/** The order of ids in the API's lists: that of their UTF-8 bytes. */
export function compareIds(one: string, other: string): number {
    const length = Math.min(one.length, other.length);
    for (let at = 0; at < length; at += 1) {
        const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
        if (a !== b) return place(a) - place(b);
    }
    return one.length - other.length;
}

/** Surrogates stand for characters behind all others. */
function place(unit: number): number {
    if (unit >= 0xe000) return unit - 0x800;
    return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** Whether the state of a content's index will change by itself. */
export function isPending({ index }: Content): boolean {
    return index.status === "waiting" || index.status === "indexing";
}

/** What to ask for next, to bring pending contents up to date: those behind `from` first. */
export function nextAsked(known: readonly Content[], prefix: string, from: string): readonly Asked[] {
    const ids = known.filter(isPending).map(({ id }) => id);
    ids.sort(compareIds);
    if (ids.length <= SINGLY) return ids.map((id) => ({ prefix: id, count: 1 }));
    const first = ids.find((id) => compareIds(id, from) > 0) ?? ids[0] ?? "";
    // The nearest text before an id that is easily made.
    const marker = first.slice(0, -1);
    return [{ prefix, marker: marker.length > prefix.length ? marker : undefined, count: MOST }];
}

/** The known contents with what a list says now: changed, new and deleted ones. The same array if nothing changed. */
export function merged(known: readonly Content[], { contents, more }: Page, asked: Asked): readonly Content[] {
    const listed = new Map(contents.map((content) => [content.id, content]));
    const last = contents.at(-1)?.id;
    // A list of one content says nothing of those behind it.
    const ends = asked.count === 1 ? asked.prefix : more ? last : undefined;
    const isCovered = (id: string) =>
        id.startsWith(asked.prefix) &&
        (asked.marker === undefined || compareIds(id, asked.marker) > 0) &&
        (ends === undefined || compareIds(id, ends) <= 0);
    let changed = false;
    const result: Content[] = [];
    for (const content of known) {
        const now = listed.get(content.id);
        listed.delete(content.id);
        if (now !== undefined && !isSame(now, content)) {
            result.push(now);
            changed = true;
        } else if (now === undefined && isCovered(content.id)) {
            changed = true;
        } else {
            result.push(content);
        }
    }
    // The one content of a list may be another than was asked for, which is of no interest then.
    const added = [...listed.values()].filter(({ id }) => isCovered(id));
    return changed || added.length > 0 ? result.concat(added) : known;
}

function isSame(one: Content, other: Content): boolean {
    return (
        one.size === other.size &&
        one.modified.getTime() === other.modified.getTime() &&
        one.type === other.type &&
        one.title === other.title &&
        one.etag === other.etag &&
        one.index.status === other.index.status &&
        one.index.percent === other.index.percent &&
        one.index.reason === other.index.reason
    );
}
