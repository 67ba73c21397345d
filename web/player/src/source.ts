/** From the `src` of the player to a form that plays, and to the part that its fragment means. */

import {
    type Fragment,
    isEmpty,
    type Media,
    parse,
    type Parsed,
    parseUrl,
    resolve,
    type Resolved,
    serialize,
} from "media-fragments";

import type { Access } from "./access.js";
import { type About, chaptersFor, fetchAbout } from "./about.js";
import { FORM_NAMES } from "./choice.js";
import { attachFirst, type Form, head, look, type Source, withQuery } from "./forms.js";
import { Problem } from "./problem.js";
import type { Still } from "./still.js";

/** What has been loaded. */
export interface Loaded {
    readonly form: Form;
    readonly about: About | undefined;
    readonly fragment: Parsed;
    readonly resolved: Resolved;
}

/** What is to be loaded. */
export interface Wanted {
    readonly access: Access;
    /** The fragment, with its `#`. */
    readonly hash: string;
    readonly video: HTMLVideoElement;
    readonly still: Still;
    /** The name of the only form that may play; anything else allows all. */
    readonly form: string | null;
    /** Is told when the video has been given a form, which may still fail. */
    readonly attached: () => void;
    /** Is told of what ends the playback later. */
    readonly broken: (problem: Problem) => void;
}

/** Loads a content into a video. Throws a `Problem` if nothing plays; an aborted load throws the signal's reason. */
export async function load(wanted: Wanted, signal: AbortSignal): Promise<Loaded> {
    const { access, hash, video, still, form: only, attached, broken } = wanted;
    const fragment = parseUrl(hash);
    const about = await fetchAbout(
        access.addresses.derived,
        video.crossOrigin === "use-credentials" ? "include" : "same-origin",
        signal,
    );
    const form = await attach(
        {
            access,
            about,
            tracks: fragment.tracks,
            form: FORM_NAMES.find((name) => name === only),
            start: startOf(fragment, about),
            video,
            still,
            attached,
            broken,
        },
        signal,
    );
    selectTracks(video, fragment.tracks);
    const resolved = await meaning(fragment, access.addresses.file, about, { duration: video.duration }, signal);
    return { form, about, fragment, resolved };
}

/** Where playback will begin, if that is known without asking. */
function startOf(fragment: Fragment, about: About | undefined): number | undefined {
    const described = describedFor(fragment, about);
    if (about === undefined || described === undefined) return undefined;
    const { interval } = resolve(fragment, { duration: about.duration, ...described });
    return interval !== undefined && interval.start > 0 ? interval.start : undefined;
}

/** What `about.json` says of the file that tells what a fragment means; `undefined` if that is not enough. */
function describedFor({ time, id }: Fragment, about: About | undefined): Omit<Media, "duration"> | undefined {
    if (about === undefined) return undefined;
    const { created } = about;
    const isEnough = time === undefined || time.unit === "npt" || (time.unit === "clock" && created !== undefined);
    if (!isEnough) return undefined;
    return { chapters: chaptersFor(about, id ?? ""), ...(created === undefined ? {} : { created }) };
}

/** Attaches the first form that plays. */
async function attach(source: Omit<Source, "type">, signal: AbortSignal): Promise<Form> {
    // What the server says of a content says, too, that it is there.
    if (source.about !== undefined) return attachFirst({ ...source, type: source.about.mime }, signal);
    const seen = await look(source.access.addresses.file, signal);
    if (typeof seen === "string") return attachFirst({ ...source, type: seen }, signal);
    if (seen.text !== "forbidden") throw seen;
    // A `<video>` of another origin sends cookies where a script does not, so that it may be allowed more.
    try {
        return await attachFirst({ ...source, type: "" }, signal);
    } catch (error) {
        throw error instanceof Problem ? seen : error;
    }
}

/**
 * What a fragment means. Time codes need what only the server knows of the file; so do wall-clock times and chapters, if it does
 * not describe them.
 */
async function meaning(
    fragment: Fragment,
    url: string,
    about: About | undefined,
    media: Media,
    signal: AbortSignal,
): Promise<Resolved> {
    const { time, id } = fragment;
    const described = describedFor(fragment, about);
    if (described !== undefined) return resolve(fragment, { ...media, ...described });
    const asks = id !== undefined || (time !== undefined && time.unit !== "npt");
    if (!asks) return resolve(fragment, media);
    const part: Fragment = {
        tracks: [],
        ...(time === undefined ? {} : { time }),
        ...(id === undefined ? {} : { id }),
    };
    const found = await head(withQuery(url, serialize(part)), signal);
    const cut = parse(found?.fragment ?? "");
    // A cut may begin at the sync point before. Time codes say by themselves when they are.
    if (!isEmpty(cut) && time !== undefined && time.unit !== "clock" && id === undefined) return resolve(part, media);
    if (cut.time !== undefined) return resolve(cut, media);
    return resolve(part, { ...media, framesPerSecond: 0 });
}

/** A track as browsers that expose tracks have it. */
interface ExposedTrack {
    readonly id: string;
    readonly label: string;
    enabled?: boolean;
    selected?: boolean;
}

/** Enables the tracks that are named by label, by number or by kind, and disables the others of these kinds. */
export function selectTracks(video: HTMLVideoElement, names: readonly string[]): void {
    if (names.length === 0) return;
    const list = (name: string) => Array.from((Reflect.get(video, name) ?? []) as ArrayLike<ExposedTrack>);
    const audio = list("audioTracks");
    const picture = list("videoTracks");
    const wanted = (track: ExposedTrack, kind: string) =>
        names.some((name) => name === track.label || name === track.id || name === kind);
    for (const track of audio) track.enabled = wanted(track, "audio");
    for (const track of picture) track.selected = wanted(track, "video");
}
