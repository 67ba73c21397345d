/** SMPTE time codes (Media Fragments URI 1.0 (advanced) §4.2.1), which name the frames of a video: `0:00:10:12`. */

import { atMost, LARGEST, type Scanner } from "./scanner.js";

/** How frames are counted, by the name in a URI. Longer names stand first, since some are the beginnings of others. */
export const FORMATS = ["smpte-30-drop", "smpte-30", "smpte-25", "smpte"] as const;

/** How frames are counted: `smpte` and `smpte-30` 30 a second, `smpte-25` 25, `smpte-30-drop` 30000/1001. */
export type SmpteFormat = (typeof FORMATS)[number];

/** The name of a frame, and a place in it. */
export interface TimeCode {
    readonly hours: bigint;
    readonly minutes: number;
    readonly seconds: number;
    readonly frames: number;
    /** Hundredths of a frame. */
    readonly hundredths: number;
}

/** Frames in a second, as a fraction. */
export function frameRate(format: SmpteFormat): readonly [frames: bigint, seconds: bigint] {
    if (format === "smpte-30-drop") return [30_000n, 1001n];
    return [BigInt(names(format)), 1n];
}

/** Names of frames in a second. */
function names(format: SmpteFormat): number {
    return format === "smpte-25" ? 25 : 30;
}

/** Reads a time code. */
export function readTimeCode(scanner: Scanner, format: SmpteFormat): TimeCode {
    const hours = scanner.number();
    const minutes = scanner.afterColon(60, "two digits from 00 to 59 are expected");
    const seconds = scanner.afterColon(60, "two digits from 00 to 59 are expected");
    let frames = 0;
    let hundredths = 0;
    if (scanner.startsWith(":")) {
        frames = scanner.afterColon(names(format), "two digits, less than there are frames in a second, are expected");
        if (scanner.take(".")) hundredths = scanner.twoDigits(100, "two digits are expected");
    }
    return { hours, minutes, seconds, frames, hundredths };
}

/**
 * Hundredths of frames from the beginning of the media.
 *
 * The two names that drop frame leaves out mean the frame after them.
 */
export function position(code: TimeCode, format: SmpteFormat): bigint {
    const drop = format === "smpte-30-drop";
    const minutes = code.hours * 60n + BigInt(code.minutes);
    const name = (minutes * 60n + BigInt(code.seconds)) * BigInt(names(format));
    const dropped = drop ? 2n * (minutes - minutes / 10n) : 0n;
    const leftOut = drop && minutes % 10n !== 0n && code.seconds === 0 && code.frames < 2;
    const place = leftOut ? 200n : BigInt(code.frames * 100 + code.hundredths);
    return atMost((name - dropped) * 100n + place, LARGEST);
}

/** When a frame begins to be shown: nanoseconds from the beginning, not before that instant. */
export function timeOf(code: TimeCode, format: SmpteFormat): bigint {
    const [frames, seconds] = frameRate(format);
    return (position(code, format) * 10_000_000n * seconds + frames - 1n) / frames;
}

/** As it is written, with frames wherever it says more than seconds. */
export function writeTimeCode({ hours, minutes, seconds, frames, hundredths }: TimeCode): string {
    const two = (value: number) => value.toString().padStart(2, "0");
    let text = `${hours}:${two(minutes)}:${two(seconds)}`;
    if (frames > 0 || hundredths > 0) text += `:${two(frames)}`;
    if (hundredths > 0) text += `.${two(hundredths)}`;
    return text;
}
