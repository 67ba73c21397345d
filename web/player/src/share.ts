/** The share panel: links to this moment and to an excerpt, embed code, and the excerpt as a file. */

import { embedOf, fileOf, linkTo, type Selection, streamOf } from "./links.js";
import { clock, fill, type Texts } from "./texts.js";
import { byId } from "./elements.js";

/** What the panel needs of the player. */
export interface Shared {
    readonly root: ShadowRoot;
    readonly texts: () => Texts;
    /** The absolute URL of the media. */
    readonly media: () => string;
    /** Whether there is a stream of the media. */
    readonly isStreamed: () => boolean;
    readonly page: () => string | undefined;
    readonly title: () => string;
    readonly video: HTMLVideoElement;
    /** Where playback is, in seconds. */
    readonly now: () => number;
    readonly announce: (text: string) => void;
    /** The selection has changed. */
    readonly changed: (selection: Selection) => void;
}

export class SharePanel {
    #player: Shared;
    #selection: Selection = {};

    constructor(player: Shared) {
        this.#player = player;
        this.#on("copy-now", () => this.#copy(linkTo(player.media(), { start: this.#now() }, player.page())));
        this.#on("copy-excerpt", () => this.#copy(linkTo(player.media(), this.#selection, player.page())));
        this.#on("copy-embed", () =>
            this.#copy(embedOf(player.media(), this.#selection, player.title(), player.page())),
        );
        this.#on("copy-stream", () => this.#copy(streamOf(player.media(), this.#selection) ?? ""));
        this.#on("set-start", () => {
            this.setStart();
        });
        this.#on("set-end", () => {
            this.setEnd();
        });
        for (const event of ["timeupdate", "seeked", "durationchange"]) {
            player.video.addEventListener(event, () => {
                this.draw();
            });
        }
    }

    get selection(): Selection {
        return this.#selection;
    }

    set selection(selection: Selection) {
        this.#selection = selection;
        this.draw();
        this.#player.changed(selection);
    }

    /** Starts the excerpt here. An end before that is given up. */
    setStart(): void {
        const start = this.#now();
        const { end } = this.#selection;
        this.selection = { start, end: end !== undefined && end <= start ? undefined : end };
        this.#player.announce(fill(this.#player.texts().startSet, { time: clock(start, true) }));
    }

    /** Ends the excerpt here. A start behind that is given up. */
    setEnd(): void {
        const end = this.#now();
        if (end === 0) return;
        const { start } = this.#selection;
        this.selection = { start: start !== undefined && start >= end ? undefined : start, end };
        this.#player.announce(fill(this.#player.texts().endSet, { time: clock(end, true) }));
    }

    draw(): void {
        const texts = this.#player.texts();
        const { start, end } = this.#selection;
        const time = (seconds: number | undefined, otherwise: string) =>
            seconds === undefined ? otherwise : clock(seconds, true);
        this.#element("copy-now").textContent = fill(texts.copyLinkNow, { time: clock(this.#now()) });
        this.#element("start-text").textContent = fill(texts.from, { time: time(start, texts.theBeginning) });
        this.#element("end-text").textContent = fill(texts.to, { time: time(end, texts.theEnd) });
        const download = this.#element("download") as HTMLAnchorElement;
        download.href = fileOf(this.#player.media(), this.#selection);
        this.#element("copy-stream").hidden = !this.#player.isStreamed();
    }

    /** Now, to the millisecond. */
    #now(): number {
        return Math.round(this.#player.now() * 1000) / 1000;
    }

    #element(id: string): HTMLElement {
        return byId(this.#player.root, id);
    }

    #on(id: string, act: () => unknown): void {
        this.#element(id).addEventListener("click", () => {
            act();
        });
    }

    /** Copies a text, and shows what was copied. */
    async #copy(text: string): Promise<void> {
        const texts = this.#player.texts();
        const shown = this.#element("copied") as HTMLInputElement;
        shown.hidden = false;
        shown.value = text;
        let copied = true;
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            // A page without the permission can copy what is selected.
            shown.select();
            // eslint-disable-next-line @typescript-eslint/no-deprecated -- There is no other way without the permission.
            copied = document.execCommand("copy");
        }
        const said = copied ? texts.copied : texts.notCopied;
        this.#element("copied-label").textContent = said;
        shown.scrollIntoView({ block: "nearest" });
        this.#player.announce(said);
    }
}
