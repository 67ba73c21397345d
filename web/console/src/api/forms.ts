/** The forms in which a content plays: `about.json`, below the address from which it is streamed. */

import { derivedUrl } from "../model/derived.ts";

export interface Form {
    readonly name: "file" | "hls" | "dash" | "mp4";
    /** The absolute address; `undefined`: there is no such form. */
    readonly url: string | undefined;
    /** The media type, or why there is no such form. */
    readonly note: string;
}

const NAMES = ["file", "hls", "dash", "mp4"] as const;

/** What the server says of the forms; `undefined` if it says nothing, such as of a file that is no media. */
export async function forms(source: string, signal?: AbortSignal): Promise<readonly Form[] | undefined> {
    const absolute = new URL(source, location.href).href;
    try {
        const response = await fetch(derivedUrl(absolute, "about.json"), { signal: signal ?? null });
        if (!response.ok) return undefined;
        const about = (await response.json()) as {
            forms: Partial<Record<string, { url?: string; mime?: string; unavailable?: string }>>;
        };
        return NAMES.flatMap((name): Form[] => {
            const form = about.forms[name];
            if (form === undefined) return [];
            if (form.url === undefined) return [{ name, url: undefined, note: form.unavailable ?? "" }];
            const url = name === "file" ? absolute : derivedUrl(absolute, form.url);
            return [{ name, url, note: form.mime ?? "" }];
        });
    } catch {
        signal?.throwIfAborted();
        return undefined;
    }
}
