/** What the player shows around the picture: its texts, its title, which controls there are, and why nothing plays. */

import type { Choices } from "./choices.js";
import { byId } from "./elements.js";
import type { Excerpt } from "./excerpt.js";
import { SHORTCUTS } from "./keyboard.js";
import { drawMarks } from "./marks.js";
import type { PicturePart } from "./picture.js";
import type { Problem } from "./problem.js";
import type { SharePanel } from "./share.js";
import { clock, fill, type Texts } from "./texts.js";

/** What the view needs of the element. */
export interface Host extends HTMLElement {
    readonly controls: boolean;
    readonly contentTitle: string;
}

/** What the view shows. */
export interface Shown {
    readonly root: ShadowRoot;
    readonly video: HTMLVideoElement;
    readonly texts: Texts;
    readonly choices: Choices;
    readonly excerpt: Excerpt;
    readonly picture: PicturePart;
    readonly sharing: SharePanel;
}

export class View {
    readonly #host: Host;
    readonly #shown: Shown;
    /** Somebody has played it. */
    #begun = false;

    constructor(host: Host, shown: Shown) {
        this.#host = host;
        this.#shown = shown;
    }

    /** Gives all elements of the template their texts. */
    name(): void {
        const { root, texts, sharing } = this.#shown;
        const named = texts as unknown as Record<string, string>;
        for (const element of root.querySelectorAll<HTMLElement>("[data-text]")) {
            element.textContent = named[element.dataset["text"] ?? ""] ?? "";
        }
        for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
            const label = named[element.dataset["label"] ?? ""] ?? "";
            element.ariaLabel = label;
            element.title = label;
        }
        this.#element("keys").replaceChildren(
            ...SHORTCUTS.flatMap(({ action, shown }) => {
                const keys = document.createElement("dt");
                for (const key of shown) {
                    const one = document.createElement(key === "…" ? "span" : "kbd");
                    one.textContent = key;
                    keys.append(one);
                }
                const what = document.createElement("dd");
                what.textContent = texts.keys[action];
                return [keys, what];
            }),
        );
        sharing.draw();
        this.draw();
    }

    draw(): void {
        const { choices, excerpt, video } = this.#shown;
        const { controls } = this.#host;
        const failed = !this.#element("problem").hidden;
        this.#element("controls").hidden = !controls || failed;
        this.#element("controller").toggleAttribute("gesturesdisabled", !controls);
        const sound = this.#host.getAttribute("kind") === "sound";
        this.#element("controller").toggleAttribute("audio", sound && !this.#host.hasAttribute("poster"));
        this.#begun ||= video.played.length > 0 || !video.paused || video.autoplay;
        this.#element("big").hidden = !controls || failed || this.#begun || sound || video.readyState === 0;
        if (!excerpt.stopped) this.#element("excerpt").hidden = true;
        this.drawTitle();
        this.drawArea();
        this.drawMarks();
        choices.draw();
    }

    drawTitle(): void {
        const { controls, contentTitle } = this.#host;
        this.#element("title").textContent = contentTitle;
        this.#element("top").hidden = !controls || contentTitle === "";
    }

    drawArea(): void {
        const { picture, texts } = this.#shown;
        const button = this.#element("area-button");
        const { highlightArea, enlargeArea, wholePicture } = texts;
        button.hidden = !picture.shown;
        button.dataset["view"] = picture.view;
        button.title = { highlight: highlightArea, enlarge: enlargeArea, whole: wholePicture }[picture.next];
        button.ariaLabel = button.title;
    }

    drawMarks(): void {
        const { root, video, excerpt, sharing } = this.#shown;
        drawMarks(root, video.duration, excerpt.interval, sharing.selection);
    }

    /** Nothing is loaded any more. */
    clear(): void {
        this.#begun = false;
        this.#element("problem").hidden = true;
        this.#element("excerpt").hidden = true;
        this.drawTitle();
    }

    /** Says why nothing plays. `url` is that of the media. */
    showProblem(problem: Problem, url: string): void {
        const link = this.#element("problem-link") as HTMLAnchorElement;
        link.hidden = !["unplayable", "unstreamable", "broken"].includes(problem.text);
        link.href = url;
        this.#element("problem-text").textContent = fill(this.#shown.texts[problem.text], problem.values);
        this.#element("problem").hidden = false;
        this.draw();
    }

    /** Offers to play the excerpt again, or to play on. */
    showEndOfExcerpt(): void {
        const { excerpt, texts } = this.#shown;
        if (excerpt.interval === undefined) return;
        const { start, end } = excerpt.interval;
        this.#element("excerpt-text").textContent = fill(texts.excerpt, { start: clock(start), end: clock(end) });
        this.#element("excerpt").hidden = !this.#host.controls;
        this.announce(texts.excerptEnded);
    }

    /** Tells users of screen readers. */
    announce(text: string): void {
        this.#element("live").textContent = text;
    }

    #element(id: string): HTMLElement {
        return byId(this.#shown.root, id);
    }
}
