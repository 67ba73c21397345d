/** The menus of sounds, captions and chapters. */

import { type AudioTracks, soundLabel } from "./audio.js";
import type { Captions } from "./captions.js";
import type { Chapters } from "./chapters.js";
import { fillMenu, firstItem, moveByKeys } from "./menu.js";
import type { Panels } from "./panels.js";
import { clock, fill, type Texts } from "./texts.js";
import { byId } from "./elements.js";

/** What the menus need of the player. */
export interface Choosing {
    readonly root: ShadowRoot;
    readonly texts: () => Texts;
    readonly captions: Captions;
    readonly chapters: Chapters;
    readonly panels: () => Panels;
    readonly announce: (text: string) => void;
}

export class Choices {
    readonly #player: Choosing;
    #audio: AudioTracks | undefined;

    constructor(player: Choosing) {
        this.#player = player;
        for (const list of ["audio-list", "captions-list", "chapters-list"]) moveByKeys(this.#element(list));
    }

    /** Offers these sounds from now on, until the signal aborts. */
    watch(audio: AudioTracks, signal: AbortSignal): void {
        this.#audio = audio;
        const draw = () => {
            this.draw();
        };
        audio.watch(draw, signal);
        this.#player.captions.watch(draw, signal);
        signal.addEventListener("abort", () => {
            this.#audio = undefined;
            draw();
        });
        draw();
    }

    /** Shows the buttons of what there is to choose from, and the menus. */
    draw(): void {
        const { captions, chapters } = this.#player;
        const labels = this.#soundLabels();
        this.#element("audio-button").hidden = labels.length < 2;
        this.#element("chapters-button").hidden = chapters.list.length === 0;
        fillMenu(
            this.#element("audio-list"),
            labels.map((label) => ({ label })),
            this.#audio?.selected ?? -1,
            (place) => {
                this.#player.panels().close();
                this.selectSound(place);
            },
        );
        const texts = this.#captionLabels();
        this.#element("captions-button").hidden = texts.length === 0;
        this.#element("captions-button").ariaPressed = String(captions.selected >= 0);
        fillMenu(
            this.#element("captions-list"),
            [this.#player.texts().noneShown, ...texts].map((label) => ({ label })),
            captions.selected + 1,
            (place) => {
                this.#player.panels().close();
                captions.select(place - 1);
                this.#announceCaptions();
            },
        );
        fillMenu(
            this.#element("chapters-list"),
            chapters.list.map(({ start }, at) => ({ label: chapters.title(at), detail: clock(start) })),
            chapters.current,
            (place) => {
                this.#player.panels().close();
                this.goToChapter(place);
            },
        );
    }

    /** Draws a menu that is about to open. Gives what is to have the focus; `null` if there is nothing to choose from. */
    open(name: "audio" | "captions" | "chapters"): HTMLElement | null {
        this.draw();
        const { announce, texts } = this.#player;
        if (this.#element(`${name}-button`).hidden) {
            const { oneSound, noCaptions, noChapters } = texts();
            announce({ audio: oneSound, captions: noCaptions, chapters: noChapters }[name]);
            return null;
        }
        return firstItem(this.#element(`${name}-list`));
    }

    selectSound(place: number): void {
        const label = this.#soundLabels()[place];
        if (this.#audio === undefined || label === undefined) return;
        this.#audio.selected = place;
        this.#player.announce(fill(this.#player.texts().soundIs, { name: label }));
        this.draw();
    }

    /** Shows captions, or hides them. */
    toggleCaptions(): void {
        const { announce, captions, texts } = this.#player;
        if (this.#captionLabels().length === 0) {
            announce(texts().noCaptions);
            return;
        }
        captions.toggle();
        this.#announceCaptions();
    }

    #announceCaptions(): void {
        const { announce, captions, texts } = this.#player;
        const name = this.#captionLabels()[captions.selected];
        announce(name === undefined ? texts().captionsOff : fill(texts().captionsAre, { name }));
        this.draw();
    }

    #captionLabels(): string[] {
        return this.#player.captions.labels(document.documentElement.lang || "en");
    }

    goToChapter(place: number): void {
        const { announce, chapters, texts } = this.#player;
        const at = Math.min(Math.max(place, 0), chapters.list.length - 1);
        if (at < 0) {
            announce(texts().noChapters);
            return;
        }
        chapters.go(at);
        announce(fill(texts().chapterIs, { name: chapters.title(at) }));
    }

    #soundLabels(): string[] {
        const texts = this.#player.texts();
        const language = document.documentElement.lang || "en";
        const list = this.#audio?.list ?? [];
        const labels = list.map((sound, at) => soundLabel(sound, at, texts, language));
        // Two of the same name are told apart by their numbers.
        return labels.map((label, at) =>
            labels.indexOf(label) === labels.lastIndexOf(label) ? label : `${label} ${at + 1}`,
        );
    }

    #element(id: string): HTMLElement {
        return byId(this.#player.root, id);
    }
}
