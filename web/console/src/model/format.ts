/** How sizes, times and dates are written. */

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/** `1.5 GB`, with decimal prefixes, as disks and browsers count. */
export function bytes(count: number): string {
    let unit = 0;
    let value = count;
    while (value >= 999.5 && unit < UNITS.length - 1) {
        value /= 1000;
        unit += 1;
    }
    const digits = unit === 0 || value >= 99.95 ? 0 : 1;
    return `${value.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}

/** `1:02:03` or `2:03`, with the digits of a second that are asked for. */
export function clock(seconds: number, digits = 0): string {
    if (!Number.isFinite(seconds)) return "–:––";
    const scale = 10 ** digits;
    const ticks = Math.round(Math.max(0, seconds) * scale);
    const whole = Math.floor(ticks / scale);
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    const fraction = digits === 0 ? "" : `.${String(ticks % scale).padStart(digits, "0")}`;
    const rest = `${String(whole % 60).padStart(2, "0")}${fraction}`;
    return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** The seconds that a person typed as `75`, `1:15` or `0:01:15.25`; undefined for anything else. */
export function parseClock(text: string): number | undefined {
    const match = /^\s*(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:[.,]\d*)?)\s*$/.exec(text);
    if (!match) return undefined;
    const [, hours, minutes, rest] = match;
    const seconds = Number((rest ?? "").replace(",", "."));
    if (minutes !== undefined && seconds >= 60) return undefined;
    if (hours !== undefined && Number(minutes) >= 60) return undefined;
    return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + seconds;
}

/** Seconds as a media fragment has them: at most milliseconds, without trailing zeros. */
export function npt(seconds: number): string {
    return String(Math.round(seconds * 1000) / 1000);
}

const DATE = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "short", day: "numeric" });
const DATE_AND_TIME = new Intl.DateTimeFormat("en-GB", {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
});

/** `29 Nov 2026`. */
export function date(when: Date): string {
    return Number.isNaN(when.getTime()) ? "" : DATE.format(when);
}

/** `29 Nov 2026, 11:45`. */
export function dateAndTime(when: Date): string {
    return Number.isNaN(when.getTime()) ? "" : DATE_AND_TIME.format(when);
}

const NUMBER = new Intl.NumberFormat("en-GB");

/** `12,345`. */
export function number(value: number): string {
    return NUMBER.format(value);
}
