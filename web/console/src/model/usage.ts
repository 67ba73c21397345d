/** Usage and quotas: what contents take, and how much they may. */

export interface Amount {
    readonly bytes: number;
    readonly objects: number;
}

/** The bounds of a quota; a missing one does not limit anything. */
export interface Quota {
    readonly bytes?: number | null;
    readonly objects?: number | null;
}

export function isOff({ bytes, objects }: Quota): boolean {
    return (bytes ?? null) === null && (objects ?? null) === null;
}

export function plus(one: Amount, other: Amount): Amount {
    return { bytes: one.bytes + other.bytes, objects: one.objects + other.objects };
}

/** Amounts by name, added. */
export function added(
    one: Readonly<Record<string, Amount>>,
    other: Readonly<Record<string, Amount>>,
): Record<string, Amount> {
    const sum: Record<string, Amount> = { ...one };
    for (const [name, amount] of Object.entries(other)) {
        sum[name] = plus(sum[name] ?? { bytes: 0, objects: 0 }, amount);
    }
    return sum;
}

/** The fuller of the two bounds, from 0 to 1 and beyond; undefined without one. */
export function fullness(used: Amount, { bytes, objects }: Quota): number | undefined {
    const parts = [share(used.bytes, bytes), share(used.objects, objects)].filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : Math.max(...parts);
}

function share(used: number, most: number | null | undefined): number | undefined {
    if (most === null || most === undefined) return undefined;
    return most === 0 ? 1 : used / most;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, pb: 1e15 };

/** The bytes that a person typed as `500 GB`, `1.5tb` or `1000`; null for nothing, undefined for anything else. */
export function parseBytes(text: string): number | null | undefined {
    if (text.trim() === "") return null;
    const match = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgtp]?b)?\s*$/i.exec(text);
    const unit = UNITS[match?.[2]?.toLowerCase() ?? ""];
    if (!match || unit === undefined) return undefined;
    const bytes = Math.round(Number((match[1] ?? "").replace(",", ".")) * unit);
    return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The number that a person typed; null for nothing, undefined for anything else. */
export function parseCount(text: string): number | null | undefined {
    if (text.trim() === "") return null;
    const digits = text.replace(/[\s,.]/g, "");
    if (!/^\d+$/.test(digits)) return undefined;
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : undefined;
}
