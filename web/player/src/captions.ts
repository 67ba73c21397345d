/**
 * The captions of a content. A stream brings its own; for other forms they are `<track>` elements, by the addresses that the server
 * names. Either way they are text tracks of the video, and what was chosen once is kept for the next content.
 */

import { type AboutCaption, derived } from "./about.js";
import { languageName } from "./audio.js";

/** What is kept of the choice. */
interface Kept {
    readonly shown: boolean;
    readonly language: string;
    readonly kind: string;
}

const KEPT = "reelspan-captions";
/** The line, counted from the bottom, that is above the controls with room for two lines. */
const ABOVE = -4;
/** Elements that the player has made, as opposed to those of the page. */
const MADE = "data-reelspan";

export class Captions {
    readonly #video: HTMLVideoElement;
    #list: readonly AboutCaption[] = [];
    /** Whether the controls are shown, and the cues that were moved out of their way. */
    #raised = false;
    readonly #moved = new WeakSet<VTTCue>();
    readonly #placed = new WeakSet<TextTrack>();
    /** What was chosen last, so that a key shows it again. */
    #last: TextTrack | undefined;

    constructor(video: HTMLVideoElement) {
        this.#video = video;
    }

    /** Offers these captions of a content. `streamed`: what plays brings them itself, if it has any. */
    set(captions: readonly AboutCaption[], content: string, streamed: boolean): void {
        this.#list = captions;
        this.#last = undefined;
        for (const track of this.#video.querySelectorAll(`track[${MADE}]`)) track.remove();
        // A video keeps the tracks of the stream before.
        for (const track of this.#tracks(true)) track.mode = "disabled";
        if (streamed && this.#tracks(true).length > 0) return;
        for (const caption of captions) {
            const url = derived(content, caption.url);
            if (url === undefined) continue;
            const element = document.createElement("track");
            element.setAttribute(MADE, "");
            element.kind = caption.kind;
            element.label = caption.label;
            element.srclang = caption.language;
            this.#video.append(element);
            // A browser that selects tracks itself leaves alone those whose mode was changed.
            element.track.mode = "hidden";
            element.track.mode = "disabled";
            this.#load(element, url);
        }
    }

    /** Shows what was chosen before, or what the content asks for. Called once the video has its tracks. */
    begin(): void {
        const tracks = this.#tracks();
        if (tracks.some(({ mode }) => mode === "showing")) return;
        const kept = read();
        const isLike = (track: TextTrack, { language, kind }: Kept) =>
            track.language === language && track.kind === kind;
        const chosen =
            kept === undefined
                ? tracks.find((track) => this.#about(track)?.default === true)
                : kept.shown
                  ? (tracks.find((track) => isLike(track, kept)) ??
                    tracks.find(({ language }) => language === kept.language))
                  : undefined;
        this.#show(chosen);
    }

    /** The labels, in the order of the menu. */
    labels(displayLanguage: string): string[] {
        return this.#tracks().map(({ label, language }) => captionLabel(label, language, displayLanguage));
    }

    /** The place of what is shown; -1 if nothing is. */
    get selected(): number {
        return this.#tracks().findIndex(({ mode }) => mode === "showing");
    }

    /** Shows the captions at this place, or none, and keeps that. */
    select(place: number): void {
        const track = this.#tracks()[place];
        this.#show(track);
        const before = track ?? this.#last;
        keep({ shown: track !== undefined, language: before?.language ?? "", kind: before?.kind ?? "" });
    }

    /** Shows what was shown last, or the first; or hides what is shown. Gives the place of what is shown now. */
    toggle(): number {
        const tracks = this.#tracks();
        const kept = read();
        const place = this.#last === undefined ? -1 : tracks.indexOf(this.#last);
        const like = tracks.findIndex(({ language }) => language === kept?.language);
        this.select(this.selected >= 0 ? -1 : Math.max(place, like, 0));
        return this.selected;
    }

    /** Calls back when the tracks or what is shown changes. */
    watch(changed: () => void, signal: AbortSignal): void {
        for (const event of ["addtrack", "removetrack", "change"]) {
            this.#video.textTracks.addEventListener(event, changed, { signal });
        }
    }

    /** Keeps captions clear of the controls while these are shown. */
    raise(raised: boolean): void {
        this.#raised = raised;
        for (const track of this.#tracks(true)) this.#place(track);
    }

    #place(track: TextTrack): void {
        if (track.mode !== "showing") return;
        for (const cue of Array.from(track.activeCues ?? [])) {
            if (!(cue instanceof VTTCue)) continue;
            // Captions that have a place of their own keep it.
            if (this.#raised && cue.line === "auto") {
                cue.line = ABOVE;
                this.#moved.add(cue);
            } else if (!this.#raised && this.#moved.delete(cue)) cue.line = "auto";
        }
    }

    #show(wanted: TextTrack | undefined): void {
        const tracks = this.#tracks(true);
        // Signs and foreign words are shown even if captions are off.
        const shown = wanted ?? tracks.find((track) => this.#about(track)?.forced === true);
        for (const track of tracks) {
            const mode = track === shown ? "showing" : "disabled";
            if (track.mode !== mode) track.mode = mode;
        }
        if (wanted !== undefined) this.#last = wanted;
        if (shown === undefined || this.#placed.has(shown)) return;
        this.#placed.add(shown);
        shown.addEventListener("cuechange", () => {
            this.#place(shown);
        });
    }

    /** The tracks of this content: those that the server named, and those of the page. `forced`: also those that are no choice. */
    #tracks(forced = false): TextTrack[] {
        const ofPage = Array.from(this.#video.querySelectorAll("track"), ({ track }) => track);
        const all = Array.from(this.#video.textTracks).filter(
            ({ kind }) => kind === "captions" || kind === "subtitles",
        );
        const found = all.filter((track) => ofPage.includes(track) || this.#about(track) !== undefined);
        // A stream that is loaded again may bring a track once more.
        const last = found.filter(
            (track, at) =>
                ofPage.includes(track) || !found.some(({ label }, other) => other > at && label === track.label),
        );
        return forced ? last : last.filter((track) => this.#about(track)?.forced !== true);
    }

    #about(track: TextTrack): AboutCaption | undefined {
        return this.#list.find(({ label }) => label === track.label);
    }

    /** Lets a track load its file once it is shown. A page of another site may load it only by a script. */
    #load(element: HTMLTrackElement, url: string): void {
        const { crossOrigin } = this.#video;
        if (crossOrigin !== null || new URL(url).origin === document.location.origin) {
            element.src = url;
            return;
        }
        const { textTracks } = this.#video;
        const load = () => {
            if (!element.isConnected) textTracks.removeEventListener("change", load);
            if (!element.isConnected || element.track.mode === "disabled") return;
            textTracks.removeEventListener("change", load);
            void fetch(url)
                .then((answer) => (answer.ok ? answer.blob() : undefined))
                .then((file) => {
                    if (file !== undefined) element.src = URL.createObjectURL(file);
                })
                // Captions that do not come are not shown.
                .catch(() => undefined);
        };
        textTracks.addEventListener("change", load);
    }
}

/** What captions are called in a menu: a label that begins with the code of the language gets its name instead. */
export function captionLabel(label: string, language: string, displayLanguage: string): string {
    const spoken = languageName(language, displayLanguage);
    if (spoken === "" || label.toLowerCase().includes(spoken.toLowerCase())) return label;
    const [first = ""] = label.split(" ", 1);
    return first === language ? spoken + label.slice(first.length) : `${label} (${spoken})`;
}

function read(): Kept | undefined {
    try {
        const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "null");
        if (typeof kept !== "object" || kept === null) return undefined;
        const field = (name: string): unknown => Reflect.get(kept, name);
        const text = (name: string) => (typeof field(name) === "string" ? String(field(name)) : "");
        return { shown: field("shown") === true, language: text("language"), kind: text("kind") };
    } catch {
        // A page may have no storage.
        return undefined;
    }
}

function keep(kept: Kept): void {
    try {
        localStorage.setItem(KEPT, JSON.stringify(kept));
    } catch {
        // As above: the choice lasts as long as the page.
    }
}
