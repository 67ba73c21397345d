/** The captions of a content: `captions.json`, below the address from which it is streamed. */

import { derivedUrl } from "../model/derived.ts";

export interface Caption {
    readonly label: string;
    readonly kind: "subtitles" | "captions";
    readonly forced: boolean;
    /** The absolute address of the captions as WebVTT. */
    readonly url: string;
}

/** What the server has; none of a file that is no media. */
export async function captions(source: string, signal?: AbortSignal): Promise<readonly Caption[]> {
    const absolute = new URL(source, location.href).href;
    try {
        const response = await fetch(derivedUrl(absolute, "captions.json"), {
            cache: "no-cache",
            signal: signal ?? null,
        });
        if (!response.ok) return [];
        const found = (await response.json()) as { captions: readonly Caption[] };
        return found.captions.map((caption) => {
            const [path = ""] = caption.url.split("?");
            return { ...caption, url: derivedUrl(absolute, path) };
        });
    } catch {
        signal?.throwIfAborted();
        return [];
    }
}
