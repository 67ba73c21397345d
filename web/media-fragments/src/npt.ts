/** Normal play time (Media Fragments URI 1.0 §4.2.1): `10.5`, `02:00`, `0:02:00.5`. */

import { atMost, LARGEST, type Scanner } from "./scanner.js";

/** A second in nanoseconds. */
export const SECOND = 1_000_000_000n;

/** The latest time that can be written: behind the end of every file. */
const LATEST = LARGEST - 1n;

const TWO_DIGITS = "two digits from 00 to 59 are expected";

/** Reads one instant: nanoseconds from the beginning. Further digits are dropped. */
export function readNpt(scanner: Scanner): bigint {
    const start = scanner.clone();
    const first = scanner.number();
    const whole = scanner.startsWith(":") ? sexagesimal(first, start, scanner) : first;
    const fraction = scanner.take(".") ? nanoseconds(scanner.digits()) : 0n;
    return atMost(whole * SECOND + fraction, LATEST);
}

/** Whole seconds of `mm:ss` or `hh:mm:ss`, whose first number has been read. */
function sexagesimal(first: bigint, start: Scanner, scanner: Scanner): bigint {
    const second = BigInt(scanner.afterColon(60, TWO_DIGITS));
    if (scanner.startsWith(":")) {
        return first * 3600n + second * 60n + BigInt(scanner.afterColon(60, TWO_DIGITS));
    }
    if (start.clone().digits().length !== 2) throw start.invalid("minutes have two digits");
    if (first >= 60n) throw start.invalid("minutes are 00 to 59");
    return first * 60n + second;
}

/** The digits after a decimal point as nanoseconds. */
export function nanoseconds(digits: string): bigint {
    return BigInt(digits.slice(0, 9).padEnd(9, "0"));
}

/** Seconds to the microsecond, as a URI has them: `12.48`. */
export function writeNpt(time: bigint): string {
    const micros = (time + 500n) / 1000n;
    const fraction = (micros % 1_000_000n).toString().padStart(6, "0").replace(/0+$/, "");
    return `${micros / 1_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
}
