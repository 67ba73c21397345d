/** `multipart/byteranges` (RFC 9110 §14.6). */

import { type ByteRange } from "./mapping.js";

/** Some bytes of a resource. */
export interface Part extends ByteRange {
    readonly bytes: Uint8Array;
}

/** Reads `bytes 0-598/269628`, the value of `Content-Range`. */
export function parseContentRange(value: string | null): (ByteRange & { readonly length: number }) | undefined {
    const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(value ?? "");
    return match ? { start: Number(match[1]), end: Number(match[2]) + 1, length: Number(match[3]) } : undefined;
}

/** The boundary that a `Content-Type` names; `undefined` for other types. */
export function boundaryOf(contentType: string | null): string | undefined {
    const match = /^multipart\/byteranges\s*;.*?boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? "");
    return match?.[1] ?? match?.[2];
}

/** Splits a body. Each part says which bytes it has, so that no boundary is searched for in media. */
export function splitParts(body: Uint8Array, boundary: string): Part[] {
    const parts: Part[] = [];
    const text = (start: number, end: number) => new TextDecoder("latin1").decode(body.subarray(start, end));
    let at = 0;
    for (;;) {
        const head = text(at, Math.min(at + 4096, body.length));
        const line = head.indexOf(`--${boundary}`);
        if (line < 0) throw new TypeError("multipart/byteranges: a boundary is expected");
        if (head.startsWith("--", line + boundary.length + 2)) return parts;
        const end = head.indexOf("\r\n\r\n", line);
        const field = /\r\ncontent-range:[ \t]*([^\r]*)/i.exec(head.slice(line, end + 2));
        const range = parseContentRange(field?.[1]?.trim() ?? null);
        if (end < 0 || range === undefined) throw new TypeError("multipart/byteranges: a Content-Range is expected");
        const start = at + end + 4;
        at = start + range.end - range.start;
        if (at > body.length) throw new TypeError("multipart/byteranges: the body ends too early");
        parts.push({ start: range.start, end: range.end, bytes: body.subarray(start, at) });
    }
}
