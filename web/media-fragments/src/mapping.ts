/** `Content-Range-Mapping` and lists of byte ranges (W3C Protocol for Media Fragments 1.0 Resolution in HTTP). */

/** Bytes from `start` up to, not including, `end`. */
export interface ByteRange {
    readonly start: number;
    readonly end: number;
}

/** Which time and tracks the bytes of an answer really hold. */
export interface Mapping {
    /** The time, in the unit that was asked in; seconds if that is `npt`. */
    readonly time?: { readonly unit: string; readonly start: string; readonly end: string; readonly duration: string };
    readonly tracks: readonly string[];
    readonly id?: string;
    readonly includeSetup: boolean;
    /** The bytes of the resource, in the order in which they are sent. */
    readonly ranges: readonly ByteRange[];
    /** The length of the resource. */
    readonly length: number;
}

/** Reads the field's value: `{ t:npt 8.0-20.0/0-40.0;include-setup } = { bytes 0-598,49527-126187/269628 }`. */
export function parseMapping(value: string): Mapping | undefined {
    const match = /^\s*\{\s*(.*?)\s*\}\s*=\s*\{\s*bytes\s+([\d\s,-]+)\/(\d+)\s*\}\s*$/.exec(value);
    if (!match) return undefined;
    const ranges = parseRanges(match[2] ?? "");
    if (ranges === undefined) return undefined;
    let mapping: Mapping = { tracks: [], includeSetup: false, ranges, length: Number(match[3]) };
    for (const dimension of (match[1] ?? "").split(";").map((text) => text.trim())) {
        const [name, ...rest] = dimension.split(" ");
        const text = rest.join(" ");
        if (name === "include-setup") mapping = { ...mapping, includeSetup: true };
        else if (name === "track") mapping = { ...mapping, tracks: text.split(",").map(decodeURIComponent) };
        else if (name === "id") mapping = { ...mapping, id: decodeURIComponent(text) };
        else if (name?.startsWith("t:") === true) mapping = { ...mapping, ...parseTime(name.slice(2), text) };
    }
    return mapping;
}

/** Reads `8.0-20.0/0-40.0` or `8.0-20.0/20.0`; instants of wall-clock time stand between quotation marks. */
function parseTime(unit: string, text: string): Pick<Mapping, "time"> {
    const instant = '("[^"]*"|[^-/"]+)';
    const match = new RegExp(`^${instant}-${instant}/(?:${instant}-)?${instant}$`).exec(text);
    if (!match) return {};
    const [, start, end, , duration] = match.map((part: string | undefined) => (part ?? "").replaceAll('"', ""));
    return { time: { unit, start: start ?? "", end: end ?? "", duration: duration ?? "" } };
}

/** Reads `0-598,49527-126187`, whose ends are inclusive. */
export function parseRanges(text: string): ByteRange[] | undefined {
    const ranges = text.split(",").map((range) => {
        const match = /^\s*(\d+)-(\d+)\s*$/.exec(range);
        return match && { start: Number(match[1]), end: Number(match[2]) + 1 };
    });
    return ranges.every((range) => range !== null && range.start < range.end) ? (ranges as ByteRange[]) : undefined;
}

/** The value of `Range` that asks for these bytes. */
export function bytesRange(ranges: readonly ByteRange[]): string {
    return `bytes=${ranges.map(({ start, end }) => `${start}-${end - 1}`).join(",")}`;
}
