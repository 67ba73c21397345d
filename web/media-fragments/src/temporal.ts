/** The temporal dimension, in each of its units. */

import { readInstant, writeInstant } from "./clock.js";
import { readNpt, writeNpt } from "./npt.js";
import { type InvalidError, Scanner } from "./scanner.js";
import { FORMATS, position, readTimeCode, type SmpteFormat, type TimeCode, writeTimeCode } from "./smpte.js";

/** From an instant up to, not including, another. What is left out is the beginning, or the end, of the media. */
export interface Stretch<T> {
    readonly start?: T;
    readonly end?: T;
}

/** A stretch of time in the unit in which it was written. */
export type Temporal =
    /** Normal play time: nanoseconds from the beginning. */
    | ({ readonly unit: "npt" } & Stretch<bigint>)
    /** Names of frames. */
    | ({ readonly unit: SmpteFormat } & Stretch<TimeCode>)
    /** Wall-clock time: nanoseconds since 1970-01-01T00:00:00Z. */
    | ({ readonly unit: "clock" } & Stretch<bigint>);

/** Reads the value of `t`. Without a prefix it is normal play time. Throws an `InvalidError`. */
export function readTemporal(value: string): Temporal {
    const scanner = new Scanner(value);
    const format = FORMATS.find((name) => scanner.take(`${name}:`));
    if (format !== undefined) {
        const { stretch, comma } = readStretch(scanner, (next) => readTimeCode(next, format));
        check(
            mapStretch(stretch, (code) => position(code, format)),
            true,
            comma,
        );
        return { unit: format, ...stretch };
    }
    const unit = scanner.take("clock:") ? "clock" : "npt";
    if (unit === "npt") scanner.take("npt:");
    const { stretch, comma } = readStretch(scanner, unit === "clock" ? readInstant : readNpt);
    check(stretch, unit === "npt", comma);
    return { unit, ...stretch };
}

/** As the value of `t` in a URI, with its unit: `npt:10,20`. */
export function writeTemporal(time: Temporal): string {
    const { start, end } = writeStretch(time);
    return `${time.unit}:${start ?? ""}${end === undefined ? "" : `,${end}`}`;
}

/** As a `Range` has it: `t:npt=10-20`. */
export function writeTemporalRange(time: Temporal): string {
    const quote = (instant: string | undefined) =>
        instant !== undefined && time.unit === "clock" ? `"${instant}"` : instant;
    const { start, end } = writeStretch(time);
    const beginning = { npt: "0", clock: "" }[time.unit as string] ?? "0:00:00";
    return `t:${time.unit}=${quote(start) ?? beginning}-${quote(end) ?? ""}`;
}

/** The same stretch in another unit. */
export function mapStretch<T, U>(stretch: Stretch<T>, convert: (instant: T) => U): Stretch<U> {
    return {
        ...(stretch.start === undefined ? {} : { start: convert(stretch.start) }),
        ...(stretch.end === undefined ? {} : { end: convert(stretch.end) }),
    };
}

function writeStretch(time: Temporal): Stretch<string> {
    if (time.unit === "npt") return mapStretch(time, writeNpt);
    if (time.unit === "clock") return mapStretch(time, writeInstant);
    return mapStretch(time, writeTimeCode);
}

/** Reads `10,20`, `10` or `,20`, and what is wrong if the start is not before the end. */
function readStretch<T>(scanner: Scanner, read: (scanner: Scanner) => T): { stretch: Stretch<T>; comma: InvalidError } {
    const start = scanner.startsWith(",") ? undefined : read(scanner);
    const comma = scanner.invalid("the start is not before the end");
    const end = scanner.take(",") ? read(scanner) : undefined;
    scanner.end();
    const stretch = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
    return { stretch, comma };
}

/** Throws unless the start is before the end. Counted from the media's beginning, an end is behind that, too. */
function check({ start, end }: Stretch<bigint>, fromBeginning: boolean, comma: InvalidError): void {
    if (end === undefined) return;
    if (start !== undefined ? start >= end : fromBeginning && end <= 0n) throw comma;
}
