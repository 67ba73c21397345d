/** Wall-clock time (Media Fragments URI 1.0 (advanced) §4.2.1): instants as RFC 3339 writes them, in any time zone. */

import { nanoseconds, SECOND } from "./npt.js";
import type { InvalidError, Scanner } from "./scanner.js";

/** Instants reach from 1677 to 2262: nanoseconds in 64 bits. */
const FIRST = -(2n ** 63n);
const LAST = 2n ** 63n - 1n;

/** Reads a `date-time`: nanoseconds since 1970-01-01T00:00:00Z. A leap second is the first of the next minute. */
export function readInstant(scanner: Scanner): bigint {
    const days = readDate(scanner);
    if (!scanner.take("T") && !scanner.take("t")) throw scanner.invalid("'T' and a time are expected");
    const hours = scanner.twoDigits(24, "hours from 00 to 23 are expected");
    const minutes = scanner.afterColon(60, "minutes from 00 to 59 are expected");
    const seconds = scanner.afterColon(61, "seconds from 00 to 60 are expected");
    let fraction = 0n;
    if (scanner.take(".")) {
        const digits = scanner.digits();
        if (digits === "") throw scanner.invalid("a digit is expected");
        fraction = nanoseconds(digits);
    }
    const ofDay = (hours * 60 + minutes - readOffset(scanner)) * 60 + seconds;
    const instant = BigInt(days * 86_400 + ofDay) * SECOND + fraction;
    if (instant < FIRST) return FIRST;
    return instant > LAST ? LAST : instant;
}

/** RFC 3339's `full-date`: days since 1970-01-01. */
function readDate(scanner: Scanner): number {
    const start = scanner.clone();
    const year = scanner.digits();
    if (year.length !== 4) throw start.invalid("a year of four digits is expected");
    const month = afterHyphen(scanner, 13, "a month from 01 to 12 is expected");
    const day = afterHyphen(scanner, 32, "a day of the month is expected");
    const date = new Date(0);
    date.setUTCFullYear(Number(year), month - 1, day);
    if (month === 0 || day === 0 || date.getUTCMonth() !== month - 1) throw start.invalid("there is no such day");
    return date.getTime() / 86_400_000;
}

function afterHyphen(scanner: Scanner, limit: number, why: string): number {
    if (!scanner.take("-")) throw scanner.invalid("'-' and two digits are expected");
    return scanner.twoDigits(limit, why);
}

/** How many minutes local time is ahead of UTC. */
function readOffset(scanner: Scanner): number {
    if (scanner.take("Z") || scanner.take("z")) return 0;
    const sign = readSign(scanner);
    const hours = scanner.twoDigits(24, "hours from 00 to 23 are expected");
    return sign * (hours * 60 + scanner.afterColon(60, "minutes from 00 to 59 are expected"));
}

function readSign(scanner: Scanner): 1 | -1 {
    if (scanner.take("+")) return 1;
    if (scanner.take("-")) return -1;
    const missing: InvalidError = scanner.invalid("'Z', or an offset such as +01:00, is expected");
    throw missing;
}

/** In UTC, with as many decimals as it needs: 3, 6 or 9. */
export function writeInstant(instant: bigint): string {
    const fraction = ((instant % SECOND) + SECOND) % SECOND;
    const seconds = new Date(Number((instant - fraction) / 1_000_000n)).toISOString().slice(0, 19);
    if (fraction === 0n) return `${seconds}Z`;
    const digits = fraction.toString().padStart(9, "0");
    return `${seconds}.${digits.replace(/(000){1,2}$/, "")}Z`;
}
