/** What an upload has to know of parts, checksums and speed. */

/** The smallest part that a file is sent in; a file that is not larger is sent whole. */
const PART = 16 * 2 ** 20;
/** The most parts that the server signs for one upload. */
const MOST_PARTS = 1000;

/** The size of a file's parts. */
export function partSize(size: number): number {
    return Math.max(PART, Math.ceil(size / MOST_PARTS));
}

/** Whether a file is sent whole. */
export function isWhole(size: number): boolean {
    return size <= PART;
}

/** The checksums of a file: hexadecimal MD5. */
export interface Checksums {
    readonly md5: string;
    readonly parts: readonly string[];
    /** The `ETag` that S3 gives the object that is made of these parts. */
    readonly joined: string;
}

/** A part, as the server describes it. */
export interface Part {
    readonly partNumber: number;
    readonly size: number;
    readonly url: string;
    /** Of a part that is stored already. */
    readonly etag?: string;
}

/** A part with the place of its bytes in the file. */
export interface PlacedPart extends Part {
    readonly from: number;
    readonly md5: string;
    /** Whether the storage has these very bytes. */
    readonly isStored: boolean;
}

/** Where the bytes of each part are; a stored part counts if its `ETag` is the MD5 of the file's bytes. */
export function placed(parts: readonly Part[], checksums: Checksums): PlacedPart[] {
    let from = 0;
    return parts.map((part) => {
        const md5 = checksums.parts[part.partNumber - 1] ?? "";
        const at = { ...part, from, md5, isStored: part.etag !== undefined && bare(part.etag) === md5 };
        from += part.size;
        return at;
    });
}

/** An `ETag` without its quotation marks. */
export function bare(etag: string): string {
    return etag.replace(/^"|"$/g, "");
}

/** What tells one file from another without reading it. */
export interface FileMark {
    readonly name: string;
    readonly size: number;
    readonly lastModified: number;
}

export function isSameFile(one: FileMark, other: FileMark): boolean {
    return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
}

/** How long to wait before a request is tried again, in milliseconds: longer each time, and not the same for everybody. */
export function pause(attempt: number, random: number): number {
    return Math.min(30_000, 1000 * 2 ** (attempt - 1)) * (0.5 + random / 2);
}

/** Over how many milliseconds a speed is measured. */
const WINDOW = 10_000;

/** The speed of a transfer, over the last seconds. */
export class Meter {
    private samples: { readonly at: number; readonly count: number }[] = [];

    /** Begins anew: what was stored before was not sent now. */
    reset(): void {
        this.samples = [];
    }

    /** Notes how many bytes were sent until a time in milliseconds. */
    note(count: number, at: number): void {
        const last = this.samples.at(-1);
        // Bytes of a part that is sent again were not sent.
        if (last !== undefined && count < last.count) this.samples = [];
        this.samples.push({ at, count });
        while (this.samples.length > 2 && at - (this.samples[1]?.at ?? at) > WINDOW) this.samples.shift();
    }

    /** Bytes a second; 0 if that is not known yet. */
    speed(): number {
        const [first, last] = [this.samples[0], this.samples.at(-1)];
        if (first === undefined || last === undefined || last.at - first.at < 500) return 0;
        return ((last.count - first.count) * 1000) / (last.at - first.at);
    }
}
