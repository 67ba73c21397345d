/** `about.json`: what a Reelspan server knows of a content, and the forms in which it plays. */

import type { Chapter } from "media-fragments";

export interface AboutTrack {
    readonly id: number;
    readonly kind: string;
    /** As RFC 6381 has it, or a name of the server's own. */
    readonly codec: string;
    readonly language?: string;
    readonly name?: string;
}

export interface AboutChapter {
    readonly ids: readonly string[];
    readonly titles: readonly string[];
    /** Seconds, as is `end`. */
    readonly start: number;
    readonly end: number;
}

/** Captions, at an address relative to `about.json`. */
export interface AboutCaption {
    readonly label: string;
    /** Empty if it is not known. */
    readonly language: string;
    readonly kind: "captions" | "subtitles";
    readonly default: boolean;
    readonly forced: boolean;
    readonly url: string;
}

/** A form that there is, at an address relative to `about.json`, or the reason why there is none. */
export type AboutForm =
    { readonly url: string; readonly mime: string; readonly codecs: string } | { readonly unavailable: string };

export interface About {
    /** Seconds. */
    readonly duration: number;
    readonly mime: string;
    /** When the recording began (RFC 3339), if the file says so. */
    readonly created?: string;
    readonly tracks: readonly AboutTrack[];
    readonly chapters: readonly AboutChapter[];
    readonly captions: readonly AboutCaption[];
    readonly forms: Readonly<Partial<Record<string, AboutForm>>>;
}

/** The parameters of media fragments: a URL with one of them is not the content's own. */
const FRAGMENTS = ["t", "track", "id", "xywh"];

/**
 * The URL of what is derived from a content, with the query of the content's URL, which may be signed; `undefined` if the URL
 * is that of a cut, from which nothing is derived.
 */
export function derived(content: string, name: string): string | undefined {
    const plain = content.split("#", 1)[0] ?? "";
    const at = plain.indexOf("?");
    const path = at < 0 ? plain : plain.slice(0, at);
    const query = at < 0 ? "" : plain.slice(at);
    if (!/^https?:/i.test(plain)) return undefined;
    const parameters = new URLSearchParams(query);
    if (FRAGMENTS.some((fragment) => parameters.has(fragment))) return undefined;
    return `${path}/~/${name}${query}`;
}

/** The address of a form of a content, if it has that form. */
export function formUrl(about: About | undefined, content: string, form: string): string | undefined {
    const found = about?.forms[form];
    return found !== undefined && "url" in found ? derived(content, found.url) : undefined;
}

/** Why a content has no such form; `undefined` if it has, or if the server does not say. */
export function whyNot(about: About | undefined, form: string): string | undefined {
    const found = about?.forms[form];
    return found !== undefined && "unavailable" in found ? found.unavailable : undefined;
}

/** What the server says of a content; `undefined` if it says nothing, such as a server without these forms. */
export async function fetchAbout(
    content: string,
    credentials: RequestCredentials,
    signal?: AbortSignal,
): Promise<About | undefined> {
    const url = derived(content, "about.json");
    if (url === undefined) return undefined;
    try {
        const answer = await fetch(url, { credentials, ...(signal === undefined ? {} : { signal }) });
        return answer.ok ? read(await answer.json()) : undefined;
    } catch {
        signal?.throwIfAborted();
        return undefined;
    }
}

/** Reads a description. Parts that are missing or of another type are as if they were empty. */
export function read(value: unknown): About | undefined {
    if (!isRecord(value) || !isRecord(value["forms"])) return undefined;
    const list = (name: string) => (Array.isArray(value[name]) ? (value[name] as unknown[]).filter(isRecord) : []);
    const forms: Record<string, AboutForm> = {};
    for (const [name, form] of Object.entries(value["forms"])) {
        if (!isRecord(form)) continue;
        if (typeof form["unavailable"] === "string") forms[name] = { unavailable: form["unavailable"] };
        else if (typeof form["url"] === "string") {
            forms[name] = { url: form["url"], mime: text(form["mime"]), codecs: text(form["codecs"]) };
        }
    }
    return {
        duration: number(value["duration"]),
        mime: text(value["mime"]),
        ...(typeof value["created"] === "string" ? { created: value["created"] } : {}),
        tracks: list("tracks").map((track) => ({
            id: number(track["id"]),
            kind: text(track["kind"]),
            codec: text(track["codec"]),
            ...(typeof track["language"] === "string" ? { language: track["language"] } : {}),
            ...(typeof track["name"] === "string" ? { name: track["name"] } : {}),
        })),
        chapters: list("chapters").map((chapter) => ({
            ids: texts(chapter["ids"]),
            titles: texts(chapter["titles"]),
            start: number(chapter["start"]),
            end: number(chapter["end"]),
        })),
        captions: list("captions").map((caption) => ({
            label: text(caption["label"]),
            language: text(caption["language"]),
            kind: caption["kind"] === "captions" ? "captions" : "subtitles",
            default: caption["default"] === true,
            forced: caption["forced"] === true,
            url: text(caption["url"]),
        })),
        forms,
    };
}

/** The chapters as a fragment of this name looks for them: each has one title and one identifier. */
export function chaptersFor(about: About, name: string): Chapter[] {
    return about.chapters.map(({ ids, titles, start, end }) => {
        const id = ids.includes(name) ? name : ids[0];
        const title = titles.includes(name) ? name : titles[0];
        return { start, end, ...(id === undefined ? {} : { id }), ...(title === undefined ? {} : { title }) };
    });
}

/** The tracks that the names of a fragment mean: by number, name or kind. */
export function tracksCalled(about: About, names: readonly string[]): AboutTrack[] {
    return about.tracks.filter(({ id, name, kind }) =>
        names.some((one) => one === String(id) || one === name || one === kind),
    );
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
    return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
    return typeof value === "number" ? value : 0;
}

function texts(value: unknown): string[] {
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
