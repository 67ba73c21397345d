/**
 * The forms in which a browser can be given a content: the stored file, or a cut of it. Another form, such as HLS, is one more
 * file with a `FormFinder` and a line in `finders`.
 */

import { parse, serialize } from "media-fragments";

import { withoutFragment } from "./links.js";

/** What is known of a content before it is played. */
export interface Source {
    /** Its URL without a fragment. */
    readonly url: string;
    /** The media type that the server names; empty if the server could not be asked. */
    readonly type: string;
    /** The tracks that the fragment selects. */
    readonly tracks: readonly string[];
    readonly video: HTMLVideoElement;
}

/** A way to play a content in a `<video>`. Times are the content's in every form. */
export interface Form {
    readonly name: string;
    /** The media type that the browser is given. */
    readonly type: string;
    attach(video: HTMLVideoElement): void;
    detach?(): void;
}

/** Finds forms of a content, the best one first. */
export type FormFinder = (source: Source) => Promise<Form[]>;

/** Why a content cannot be played: the name of a text, and what it mentions. */
export class Problem extends Error {
    constructor(
        readonly text: "notFound" | "forbidden" | "indexing" | "unreachable" | "failed" | "unplayable" | "broken",
        readonly values: Record<string, string | number> = {},
    ) {
        super(text);
    }
}

/** What a server says of a URL without its body. */
export interface Head {
    readonly status: number;
    readonly type: string;
    /** The part of the original that a cut really has. */
    readonly fragment: string;
}

/** Asks for the head of a URL; `undefined` if scripts may not ask, or if the server cannot be reached. */
export async function head(url: string, signal?: AbortSignal): Promise<Head | undefined> {
    try {
        const answer = await fetch(url, { method: "HEAD", ...(signal === undefined ? {} : { signal }) });
        return {
            status: answer.status,
            type: answer.headers.get("content-type") ?? "",
            fragment: answer.headers.get("x-media-fragment") ?? "",
        };
    } catch {
        signal?.throwIfAborted();
        return undefined;
    }
}

/** The media type of what is at a URL, empty if it is not known; or why there is nothing that one could play. */
export async function look(url: string, signal: AbortSignal): Promise<string | Problem> {
    const found = await head(url, signal);
    if (found === undefined) return "";
    if (found.status < 400) return found.type;
    if (found.status === 404 || found.status === 410) return new Problem("notFound");
    if (found.status === 401 || found.status === 403) return new Problem("forbidden");
    if (found.status === 503) return new Problem("indexing");
    return new Problem("failed", { status: found.status });
}

/** A URL with a fragment of a server's own in its query. */
export function withQuery(url: string, fragment: string): string {
    const plain = withoutFragment(url);
    return `${plain}${plain.includes("?") ? "&" : "?"}${fragment}`;
}

/** Other names of a type under which browsers play it, though they deny the registered name. */
const ALIASES: Record<string, string> = {
    "video/quicktime": "video/mp4",
    "video/x-m4v": "video/mp4",
    "audio/x-m4a": "audio/mp4",
    "video/x-matroska": "video/webm",
    "audio/x-matroska": "audio/webm",
};

/** How sure a browser is that it plays a type: 0 if it does not. */
export function playability(video: HTMLVideoElement, type: string): number {
    const sure = (name: string) => ["", "maybe", "probably"].indexOf(video.canPlayType(name));
    const essence = type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    return Math.max(sure(type), sure(essence), ALIASES[essence] === undefined ? 0 : sure(ALIASES[essence]));
}

/** A form that is a URL which the browser loads by itself. */
function atUrl(name: string, url: string, type: string): Form {
    return {
        name,
        type,
        attach: (video) => {
            video.src = url;
        },
    };
}

/** The stored file. */
const stored: FormFinder = ({ url, type, tracks, video }) => {
    if (tracks.length > 0 && !selectsTracks(video)) return Promise.resolve([]);
    const playable = type === "" || playability(video, type) > 0;
    return Promise.resolve(playable ? [atUrl("stored", url, type)] : []);
};

/** A cut: all of the content's time, in the container that the server gives cuts, with the tracks that are asked for. */
const cut: FormFinder = async ({ url, type, tracks, video }) => {
    if (type === "") return [];
    // The sound alone is better than nothing, and the last resort.
    const queries = tracks.length > 0 ? [serialize({ tracks })] : ["t=0", "track=audio"];
    const forms: Form[] = [];
    for (const query of queries) {
        const address = withQuery(url, query);
        const found = await head(address);
        // A server without media fragments answers with the original.
        const fragment = parse(found?.fragment ?? "");
        if (found === undefined || found.status >= 400 || found.fragment === "") continue;
        if (tracks.length > 0 && fragment.tracks.length === 0) continue;
        if (playability(video, found.type) > 0) forms.push(atUrl("cut", address, found.type));
    }
    return forms;
};

/** Whether this browser lets scripts select tracks of a file. */
export function selectsTracks(video: HTMLVideoElement): boolean {
    return "audioTracks" in video && "videoTracks" in video;
}

/** The finders, the best first. */
export const finders: FormFinder[] = [stored, cut];

/**
 * Gives a video one form after the other, until one plays. Later finders are asked only if the forms of the earlier ones do
 * not play. Throws a `Problem` if none does.
 */
export async function attachFirst(source: Source, signal: AbortSignal): Promise<Form> {
    const { video, tracks } = source;
    let reason: string | undefined;
    for (const find of finders) {
        for (const form of await find(source)) {
            signal.throwIfAborted();
            form.attach(video);
            reason = await outcome(video, signal);
            signal.throwIfAborted();
            if (reason === "") return form;
            form.detach?.();
        }
    }
    // Tracks that cannot be selected are as if they had not been asked for.
    if (tracks.length > 0) return attachFirst({ ...source, tracks: [] }, signal);
    throw reason === undefined ? new Problem("unplayable", { type: source.type }) : new Problem("broken", { reason });
}

/** Waits until a video knows what it plays (the empty text), or why it does not. Without preloading, that may be long. */
function outcome(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
    return new Promise((resolve) => {
        const done = new AbortController();
        const settle = (reason: string) => {
            done.abort();
            resolve(reason);
        };
        const options = { signal: done.signal };
        video.addEventListener(
            "loadedmetadata",
            () => {
                settle("");
            },
            options,
        );
        video.addEventListener(
            "error",
            () => {
                settle(video.error?.message ?? "error");
            },
            options,
        );
        signal.addEventListener(
            "abort",
            () => {
                settle("aborted");
            },
            options,
        );
    });
}
