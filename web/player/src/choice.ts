/** Which forms of a content a browser is given, and in which order. Knows browsers only by what they say of media types. */

import { type About, tracksCalled } from "./about.js";

/** The ways to play a content. */
export const FORM_NAMES = ["stored", "hls", "cut"] as const;
export type FormName = (typeof FORM_NAMES)[number];

/** What a browser says that it can do. */
export interface Abilities {
    /** `canPlayType` of a media element. */
    plays(type: string): CanPlayTypeResult;
    /** `MediaSource.isTypeSupported`; never true without Media Source Extensions. */
    buffers(type: string): boolean;
    /** The browser plays HLS itself, as Safari does. */
    readonly hls: boolean;
    /** The browser lets scripts select the tracks of a file. */
    readonly selectsTracks: boolean;
    /** The browser shows pictures of Matroska too late if they are stored in another order, as Firefox 153 does. */
    readonly delaysMatroska: boolean;
}

/** What is asked for. */
export interface Wish {
    /** Names of tracks. */
    readonly tracks: readonly string[];
    /** The only form that may play. */
    readonly form?: FormName | undefined;
}

/** A form, and the tracks that it is to have; none are all. */
export interface Choice {
    readonly form: FormName;
    readonly tracks: readonly string[];
}

/** Other names of a type under which browsers play it, though they deny the registered name. */
const ALIASES: Record<string, string> = {
    "video/quicktime": "video/mp4",
    "video/x-m4v": "video/mp4",
    "audio/x-m4a": "audio/mp4",
    "video/x-matroska": "video/webm",
    "audio/x-matroska": "audio/webm",
};

/** The types that stores give to files without one. */
const UNTYPED = /^(application|binary)\/octet-stream\b/i;

const SURE: readonly CanPlayTypeResult[] = ["", "maybe", "probably"];

/** How sure a browser is that it plays a type: 0 if it does not, 2 if it probably does. `codecs` may be unknown to it. */
export function playability(can: Pick<Abilities, "plays">, type: string, codecs: readonly string[] = []): number {
    const essence = type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    const names = [type, essence, ALIASES[essence] ?? ""].filter((name) => name !== "");
    const sure = (suffix: string) => Math.max(0, ...names.map((name) => SURE.indexOf(can.plays(name + suffix))));
    // A container alone says little of what is in it.
    if (codecs.length > 0) return Math.max(sure(`; codecs="${codecs.join(",")}"`), Math.min(sure(""), 1));
    return sure("");
}

/** The forms to be tried, the best first. `type` is the media type that the server names; empty if it is not known. */
export function choose(about: About | undefined, type: string, wish: Wish, can: Abilities): Choice[] {
    const choices = about === undefined ? withoutAbout(type, wish, can) : withAbout(about, wish, can);
    const { form } = wish;
    return form === undefined ? choices : choices.filter((choice) => choice.form === form);
}

function withoutAbout(type: string, { tracks }: Wish, can: Abilities): Choice[] {
    // A file that came without a type may be anything.
    const stored = type === "" || UNTYPED.test(type) || playability(can, type) > 0;
    const choices: Choice[] = [];
    if (stored && (tracks.length === 0 || can.selectsTracks)) choices.push({ form: "stored", tracks });
    if (type !== "") choices.push({ form: "cut", tracks });
    return choices;
}

function withAbout(about: About, { tracks, form }: Wish, can: Abilities): Choice[] {
    const played = about.tracks.filter(({ kind }) => kind === "video" || kind === "audio");
    const codecs = new Set(played.map(({ codec }) => codec));
    const isLate =
        can.delaysMatroska &&
        about.mime.includes("matroska") &&
        [...codecs].some((codec) => /^(avc|hvc|hev)/.test(codec));
    const sure = Math.min(playability(can, about.mime, [...codecs]), isLate ? 1 : 2);
    const whole: Choice[] = tracks.length === 0 || can.selectsTracks ? [{ form: "stored", tracks }] : [];
    const { hls, part } = streams(about, tracks, can);
    // A stored file of several sounds has them in a menu only if the browser can select tracks.
    const sounds = tracks.length === 0 ? played.filter(({ kind }) => kind === "audio").length : 0;
    const best = sure === 2 && (sounds < 2 || can.selectsTracks || hls.length === 0);
    const stored = sure > 0 || form === "stored" ? whole : [];
    const order = best ? [...stored, ...hls] : [...hls, ...stored];
    return [...order, { form: "cut", tracks }, ...part];
}

/** The streams that this browser plays: all that is asked for, or one kind of track alone, as a last resort. */
function streams(about: About, tracks: readonly string[], can: Abilities): { hls: Choice[]; part: Choice[] } {
    const none = { hls: [], part: [] };
    const form = about.forms["hls"];
    if (form === undefined || !("url" in form)) return none;
    const wanted = tracks.length === 0 ? about.tracks : tracksCalled(about, tracks);
    const hls: Choice = { form: "hls", tracks };
    // A browser that plays HLS itself says no more than that.
    if (can.hls) return { hls: [hls], part: [] };
    const codecs = form.codecs.split(",").filter((codec) => codec !== "");
    const offered = (kind: string) => {
        const asked = tracks.length === 0 || wanted.some((track) => track.kind === kind);
        return asked ? codecs.filter((codec) => kindOf(codec) === kind) : [];
    };
    const kinds = ["video", "audio"].filter((kind) => offered(kind).length > 0);
    const playable = kinds.filter((kind) => offered(kind).some((codec) => can.buffers(bufferType(kind, codec))));
    if (playable.length === 0) return none;
    if (playable.length === kinds.length) return { hls: [hls], part: [] };
    return { hls: [], part: playable.map((kind) => ({ form: "hls", tracks: [kind] })) };
}

/** The type of a source buffer. */
function bufferType(kind: string, codec: string): string {
    return `${kind}/mp4; codecs="${codec}"`;
}

/** What a codec of RFC 6381 codes. */
function kindOf(codec: string): "video" | "audio" {
    return /^(avc|hvc|hev|dvh|dva|av01|vp0|vp8|vp9|mp4v|mjp)/i.test(codec) ? "video" : "audio";
}
