/** What a fragment means for one file. */

import { readInstant } from "./clock.js";
import type { Fragment } from "./fragment.js";
import { Scanner } from "./scanner.js";
import { frameRate, type SmpteFormat, timeOf } from "./smpte.js";
import { mapStretch, type Stretch, type Temporal } from "./temporal.js";

/** A chapter of a file. Times are seconds. */
export interface Chapter {
    readonly start: number;
    readonly end: number;
    readonly title?: string;
    readonly id?: string;
}

/** What is known of a file. */
export interface Media {
    /** Seconds. */
    readonly duration: number;
    /** Of the video. Time codes of another rate mean nothing. Without it, any rate is taken to be the video's. */
    readonly framesPerSecond?: number;
    /** When the recording began, as RFC 3339 has it. Without it, wall-clock times mean nothing. */
    readonly created?: string;
    readonly chapters?: readonly Chapter[];
}

/** A stretch of seconds: from `start` up to, not including, `end`. */
export interface Interval {
    readonly start: number;
    readonly end: number;
}

/** What `t` and `id` of a fragment mean for a file. */
export interface Resolved {
    /** The part that is meant; `undefined`: the file has nothing there. Without `t` and `id` it is the whole file. */
    readonly interval: Interval | undefined;
    /** Whether all of the file's time is meant. */
    readonly whole: boolean;
    /** The dimensions that mean nothing for the file, which are as if they were not there. */
    readonly ignored: readonly { readonly dimension: "t" | "id"; readonly why: string }[];
}

/** Half of what lies between 29.97 and 30 frames a second. */
const TOLERANCE = 0.0005;

/** Resolves `t` and `id` against a file. With both, the intersection is meant. */
export function resolve(fragment: Fragment, media: Media): Resolved {
    const ignored: { dimension: "t" | "id"; why: string }[] = [];
    const parts: Interval[] = [];
    if (fragment.time !== undefined) {
        const meaning = timeIn(fragment.time, media);
        if (typeof meaning === "string") ignored.push({ dimension: "t", why: meaning });
        else parts.push({ start: Math.max(meaning.start ?? 0, 0), end: meaning.end ?? Infinity });
    }
    if (fragment.id !== undefined) {
        const chapter = chapterCalled(fragment.id, media.chapters ?? []);
        if (chapter === undefined) ignored.push({ dimension: "id", why: "the file has no such chapter" });
        else parts.push(chapter);
    }
    const start = Math.max(0, ...parts.map((part) => part.start));
    const end = Math.min(media.duration, ...parts.map((part) => part.end));
    const interval = start < end ? { start, end } : undefined;
    return { interval, whole: parts.length === 0 || (start === 0 && end === media.duration), ignored };
}

/** A stretch of time in seconds; a text says why it means nothing. */
function timeIn(time: Temporal, media: Media): Stretch<number> | string {
    if (time.unit === "npt") return mapStretch(time, seconds);
    if (time.unit === "clock") {
        if (media.created === undefined) return "the file does not say when it was recorded";
        const created = readInstant(new Scanner(media.created));
        return mapStretch(time, (instant) => seconds(instant - created));
    }
    const { unit } = time;
    if (!counts(unit, media.framesPerSecond)) return `the video has ${media.framesPerSecond ?? 0} frames a second`;
    return mapStretch(time, (code) => seconds(timeOf(code, unit)));
}

/** Whether time codes of this format count the frames of a video of this rate. */
function counts(format: SmpteFormat, framesPerSecond: number | undefined): boolean {
    if (framesPerSecond === undefined) return true;
    const [frames, per] = frameRate(format);
    return Math.abs((framesPerSecond * Number(per)) / Number(frames) - 1) <= TOLERANCE;
}

/** The chapter of this title or identifier; of none, the one of this number: `chapter-1` is the first. */
function chapterCalled(name: string, chapters: readonly Chapter[]): Chapter | undefined {
    const called =
        chapters.find((chapter) => chapter.title === name) ?? chapters.find((chapter) => chapter.id === name);
    if (called !== undefined) return called;
    const number = /^chapter-(\d+)$/.exec(name)?.[1];
    return number === undefined ? undefined : chapters[Number(number) - 1];
}

/** Nanoseconds as seconds. */
export function seconds(nanoseconds: bigint): number {
    return Number(nanoseconds) / 1e9;
}

/** Seconds as nanoseconds, to the microsecond. */
export function fromSeconds(value: number): bigint {
    return BigInt(Math.round(value * 1e6)) * 1000n;
}

/** The fragment of a stretch of seconds: `serialize(between(10, 20))` is `t=npt:10,20`. */
export function between(start: number | undefined, end?: number): Fragment {
    return { time: { unit: "npt", ...mapStretch(stretch(start, end), fromSeconds) }, tracks: [] };
}

function stretch(start: number | undefined, end: number | undefined): Stretch<number> {
    return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}
