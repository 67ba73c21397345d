/** The forms in which a browser can be given a content: the stored file, a stream, or a cut. `choice.ts` says which come first. */

import { parse, serialize } from "media-fragments";

import { type About, derived, whyNot } from "./about.js";
import type { Addresses } from "./addresses.js";
import type { AudioTracks } from "./audio.js";
import { type Abilities, choose, type Choice, type FormName, playability } from "./choice.js";
import { type Direct, direct } from "./direct.js";
import { withoutFragment } from "./links.js";
import { Problem, problemOf } from "./problem.js";

/** What is known of a content before it is played. */
export interface Source extends Direct {
    /** The media type that the server names; empty if the server could not be asked. */
    readonly type: string;
    readonly about: About | undefined;
    /** The tracks that the fragment selects. */
    readonly tracks: readonly string[];
    /** The only form that may play; `undefined`: any. */
    readonly form?: FormName | undefined;
    /** Where playback will begin, in seconds, so that nothing before that is loaded. */
    readonly start?: number | undefined;
    /** Is told when the video has been given a form. */
    readonly attached: () => void;
    /** Is told of what ends the playback later. The errors of the video itself are not repeated. */
    readonly broken: (problem: Problem) => void;
}

/** A way to play a content in a `<video>`. Times are the content's in every form. */
export interface Form {
    readonly name: FormName;
    /** The media type that the browser is given. */
    readonly type: string;
    /** `failed` is called if the form cannot play, or can no longer; errors of the video need not be told. */
    attach(video: HTMLVideoElement, failed: (problem: Problem) => void): void;
    detach?(): void;
    /** Begins anew where the video failed. Says whether it tries. */
    recover?(): boolean;
    /** A script loads it, which has to stop when the player is taken off its page. */
    readonly isScripted?: boolean;
    /** The sounds that one can choose from. Without it, the browser's own are asked for. */
    readonly audio?: AudioTracks;
}

/** Makes the forms of a choice that are there. */
type FormMaker = (source: Source, choice: Choice, signal: AbortSignal) => Promise<Form[]>;

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
    return found.status < 400 ? found.type : problemOf(found.status);
}

/** A URL with a fragment of a server's own in its query. */
export function withQuery(url: string, fragment: string): string {
    const plain = withoutFragment(url);
    return `${plain}${plain.includes("?") ? "&" : "?"}${fragment}`;
}

/** What the browser can do. */
function abilitiesOf(video: HTMLVideoElement): Abilities {
    const source = "MediaSource" in globalThis ? MediaSource : undefined;
    return {
        plays: (type) => video.canPlayType(type),
        buffers: (type) => source?.isTypeSupported(type) ?? false,
        hls: playsHls(video),
        selectsTracks: "audioTracks" in video && "videoTracks" in video,
        delaysMatroska: navigator.userAgent.includes("Gecko/"),
    };
}

/**
 * Whether the browser is to play HLS itself: if it has AirPlay, whose devices load a stream by its address, or if it has no Media
 * Source Extensions. Others that can play HLS do so without a choice of sounds.
 */
function playsHls(video: HTMLVideoElement): boolean {
    if (video.canPlayType("application/vnd.apple.mpegurl") === "") return false;
    return "webkitShowPlaybackTargetPicker" in video || !("MediaSource" in globalThis);
}

/** The stored file. */
const stored: FormMaker = (source) => Promise.resolve([direct("stored", source.type, ({ file }) => file, source)]);

/** The stream, by Media Source Extensions or by the browser itself. */
const hls: FormMaker = async (source, { tracks }) => {
    const { access, start, video } = source;
    const part = tracks.length === 0 ? "" : `${serialize({ tracks: [...tracks] })}/`;
    const at = (addresses: Addresses) => derived(addresses.derived, `${part}master.m3u8`);
    const address = at(access.addresses);
    if (address === undefined) return [];
    const type = "application/vnd.apple.mpegurl";
    if (playsHls(video)) return [direct("hls", type, (addresses) => at(addresses) ?? address, source)];
    // Loaded only when it is needed: it is larger than all the rest.
    const { stream } = await import("./hls.js");
    return stream.isSupported() ? [stream.form(address, type, { access, start, video })] : [];
};

/** The query of the cut that has all of a content. */
const WHOLE = "t=0";

/** A cut: all of the content's time, in the container that the server gives cuts, with the tracks that are asked for. */
const cut: FormMaker = async (source, { tracks }, signal) => {
    // The sound alone is better than nothing, and the last resort.
    const queries = tracks.length > 0 ? [serialize({ tracks: [...tracks] })] : [WHOLE, "track=audio"];
    const forms: Form[] = [];
    for (const query of queries) {
        const at = (addresses: Addresses) =>
            (query === WHOLE ? addresses.cut : undefined) ?? withQuery(addresses.file, query);
        const found = await head(at(source.access.addresses), signal);
        // A server without media fragments answers with the original.
        const fragment = parse(found?.fragment ?? "");
        if (found === undefined || found.status >= 400 || found.fragment === "") continue;
        if (tracks.length > 0 && fragment.tracks.length === 0) continue;
        if (playability(abilitiesOf(source.video), found.type) > 0) forms.push(direct("cut", found.type, at, source));
    }
    return forms;
};

const makers: Record<FormName, FormMaker> = { stored, hls, cut };

/**
 * Gives a video one form after the other, until one plays. Later forms are made only if the earlier ones do not play. Throws a
 * `Problem` if none does.
 */
export async function attachFirst(source: Source, signal: AbortSignal): Promise<Form> {
    const { about, form: only, tracks, type, video } = source;
    let failure: Problem | undefined;
    for (const choice of choose(about, type, { tracks, form: only }, abilitiesOf(video))) {
        for (const form of await makers[choice.form](source, choice, signal)) {
            signal.throwIfAborted();
            const found = await start(form, source, signal);
            signal.throwIfAborted();
            if (found === undefined) return form;
            form.detach?.();
            failure = found;
        }
    }
    // Tracks that cannot be selected are as if they had not been asked for.
    if (tracks.length > 0) return attachFirst({ ...source, tracks: [] }, signal);
    const reason = whyNot(about, "hls");
    if (reason !== undefined) throw new Problem("unstreamable", { type, reason });
    throw failure ?? new Problem("unplayable", { type });
}

/** Attaches a form. Waits until the video knows what it plays, or why it does not. Without preloading, that may be long. */
function start(form: Form, { video, attached, broken }: Source, signal: AbortSignal): Promise<Problem | undefined> {
    return new Promise((resolve) => {
        const done = new AbortController();
        const settle = (problem?: Problem) => {
            done.abort();
            resolve(problem);
        };
        const on = (target: EventTarget, type: string, problem: () => Problem | undefined) => {
            target.addEventListener(
                type,
                () => {
                    settle(problem());
                },
                { signal: done.signal },
            );
        };
        on(video, "loadedmetadata", () => undefined);
        on(video, "error", () => new Problem("broken", { reason: video.error?.message ?? "error" }));
        on(signal, "abort", () => new Problem("broken", { reason: "aborted" }));
        form.attach(video, (problem) => {
            if (done.signal.aborted) broken(problem);
            else settle(problem);
        });
        attached();
    });
}
