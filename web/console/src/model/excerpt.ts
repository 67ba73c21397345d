/** What is made of an excerpt: a link, code to embed it, a line to cite it by. */

import { clock, npt } from "./format.ts";

export interface Range {
    readonly from: number;
    readonly to: number;
}

/** The shortest excerpt, in seconds. */
export const SHORTEST = 0.04;

/** A range within a duration, in order. */
export function clamped({ from, to }: Range, duration: number): Range {
    const start = Math.min(Math.max(0, from), Math.max(0, duration - SHORTEST));
    return { from: start, to: Math.min(Math.max(to, start + SHORTEST), duration) };
}

/** The range as a fragment: `t=12.5,20`; without an end if it goes to the end. */
export function fragment({ from, to }: Range, duration: number): string {
    const end = to >= duration - 0.0005 ? "" : `,${npt(to)}`;
    return `t=${npt(from)}${end}`;
}

/** Whether the range is the whole. */
export function isWhole({ from, to }: Range, duration: number): boolean {
    return from <= 0.0005 && to >= duration - 0.0005;
}

/** A URL with the fragment as its query. */
export function withFragment(url: string, text: string): string {
    return `${url}${url.includes("?") ? "&" : "?"}${text}`;
}

/** The page of the player that plays a URL. */
export function pageOf(url: string, origin: string): string {
    return `${origin}/player/?src=${encodeURIComponent(url)}`;
}

/** HTML that shows a page of the player. */
export function embedCode(page: string, title: string): string {
    return (
        `<iframe src="${escaped(page)}" title="${escaped(title)}" width="640" height="360" ` +
        `allow="fullscreen; picture-in-picture; clipboard-write" loading="lazy"></iframe>`
    );
}

/** A line to cite by: title, time range, collection, address, date of access. */
export function citation(title: string, space: string, { from, to }: Range, url: string, today: Date): string {
    const day = today.toISOString().slice(0, 10);
    return `“${title}”, ${clock(from, 1)}–${clock(to, 1)}. ${space}. ${url} (accessed ${day}).`;
}

function escaped(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
