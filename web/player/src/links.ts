/** The links that the share panel gives, and what may be played on a page. */

import { between, serialize } from "media-fragments";

import { derived } from "./about.js";

/** A stretch of seconds; what is left out is the beginning or the end. */
export interface Selection {
    readonly start?: number | undefined;
    readonly end?: number | undefined;
}

/** The URL of the media, without its fragment. */
export function withoutFragment(url: string): string {
    return url.split("#", 1)[0] ?? "";
}

/** Times to the millisecond: more would only make links long. */
function milliseconds(seconds: number | undefined): number | undefined {
    return seconds === undefined ? undefined : Math.round(seconds * 1000) / 1000;
}

/** `t=12.48,20`, the short form that browsers understand, too; empty for all of the media. */
export function fragmentOf({ start, end }: Selection): string {
    const from = milliseconds(start);
    const to = milliseconds(end);
    if ((from === undefined || from === 0) && to === undefined) return "";
    return serialize(between(from, to)).replace("t=npt:", "t=");
}

/** A link to a part of the media: on the page of the player if there is one, else the media itself with a fragment. */
export function linkTo(media: string, selection: Selection, page?: string): string {
    const fragment = fragmentOf(selection);
    const target = withoutFragment(media) + (fragment === "" ? "" : `#${fragment}`);
    if (page === undefined) return target;
    const url = new URL(page);
    url.searchParams.set("src", target);
    return url.href;
}

/** The excerpt as a file of its own. */
export function fileOf(media: string, selection: Selection): string {
    const fragment = fragmentOf(selection);
    const url = withoutFragment(media);
    return fragment === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${fragment}`;
}

/** The excerpt as a stream of its own, for players that play HLS; `undefined` if the URL is not that of a content. */
export function streamOf(media: string, selection: Selection): string | undefined {
    const fragment = fragmentOf(selection);
    return derived(media, fragment === "" ? "master.m3u8" : `${fragment}/master.m3u8`);
}

/** The code that embeds a part of the media in another page. */
export function embedOf(media: string, selection: Selection, title: string, page?: string): string {
    const link = escape(linkTo(media, selection, page));
    const name = escape(title);
    if (page === undefined) return `<video controls src="${link}" title="${name}"></video>`;
    return (
        `<iframe src="${link}" title="${name}" width="640" height="360" ` +
        `allow="fullscreen; picture-in-picture; clipboard-write" loading="lazy"></iframe>`
    );
}

function escape(text: string): string {
    const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
    return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** The name of the media: the last part of its path. */
export function nameOf(media: string, base: string): string {
    try {
        const last = new URL(media, base).pathname.split("/").pop() ?? "";
        return decodeURIComponent(last);
    } catch {
        return media;
    }
}
