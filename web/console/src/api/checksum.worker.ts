/** Reads files and works out their checksums, beside the page's own thread. */

import { md5 } from "js-md5";

/** How many bytes are read at a time. */
const CHUNK = 2 ** 20;

export interface Asked {
    readonly file: File;
    /** The size of a part. */
    readonly part: number;
}

export type Said =
    | { readonly read: number }
    | { readonly md5: string; readonly parts: readonly string[]; readonly joined: string }
    | { readonly error: string };

const say = (said: Said) => {
    postMessage(said);
};

addEventListener("message", (event: MessageEvent<Asked>) => {
    checksums(event.data).catch((error: unknown) => {
        say({ error: error instanceof Error ? error.message : String(error) });
    });
});

async function checksums({ file, part }: Asked): Promise<void> {
    const whole = md5.create();
    const joined = md5.create();
    const parts: string[] = [];
    for (let from = 0; from < file.size || parts.length === 0; from += part) {
        const hash = md5.create();
        const end = Math.min(file.size, from + part);
        for (let at = from; at < end; at += CHUNK) {
            const bytes = new Uint8Array(await file.slice(at, Math.min(end, at + CHUNK)).arrayBuffer());
            whole.update(bytes);
            hash.update(bytes);
            say({ read: at + bytes.length });
        }
        joined.update(hash.array());
        parts.push(hash.hex());
    }
    say({ md5: whole.hex(), parts, joined: `${joined.hex()}-${String(parts.length)}` });
}
