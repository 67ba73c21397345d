/** `<reelspan-player>`: plays any content of a Reelspan server, in whatever form this browser plays. */

import type { Interval, Parsed } from "media-fragments";

import { act, type Acted } from "./actions.js";
import { sheetOf } from "./adopted.js";
import { nameControls } from "./controls.js";
import { Excerpt } from "./excerpt.js";
import { type Form, Problem } from "./forms.js";
import { ATTRIBUTES, defineForwarded, forwardEvents } from "./forward.js";
import { actionOf, focusedOf, SHORTCUTS } from "./keyboard.js";
import { nameOf, type Selection } from "./links.js";
import { type AreaView, PicturePart } from "./picture.js";
import { SharePanel } from "./share.js";
import { load } from "./source.js";
import style from "./style.css?inline";
import { TEMPLATE } from "./template.js";
import { clock, english, fill, type SomeTexts, type Texts, withTexts } from "./texts.js";

type PanelName = "share" | "help";

let shared: Texts = english;

export class ReelspanPlayer extends HTMLElement {
    static readonly observedAttributes = [...ATTRIBUTES, "content-title", "controls", "page", "src"];

    /** Texts of all players that are made from now on, instead of the English ones. */
    static set texts(some: SomeTexts) {
        shared = withTexts(english, some);
        nameControls(shared.controls);
    }

    readonly video: HTMLVideoElement;
    readonly #acted: Acted;
    readonly #root: ShadowRoot;
    #texts = shared;
    #loading = new AbortController();
    #form: Form | undefined;
    #fragment: Parsed | undefined;
    #openedBy: HTMLElement | undefined;

    constructor() {
        super();
        this.#root = this.attachShadow({ mode: "open", delegatesFocus: true });
        this.#root.adoptedStyleSheets.push(sheetOf(style));
        const template = document.createElement("template");
        template.innerHTML = TEMPLATE;
        this.#root.append(document.importNode(template.content, true));
        this.video = this.#element("video") as HTMLVideoElement;
        forwardEvents(this);
        const frame = this.#element("frame");
        const announce = this.#announce.bind(this);
        const excerpt = new Excerpt(this.video, () => {
            this.#excerptEnded();
        });
        const picture = new PicturePart(this.video, this.#element("pictures"), this.#element("area"));
        const sharing = new SharePanel({
            root: this.#root,
            texts: () => this.#texts,
            media: () => new URL(this.src, document.baseURI).href,
            page: () => this.page,
            title: () => this.contentTitle,
            video: this.video,
            // The end of an excerpt is where it stopped, though its last picture is before that.
            now: () => (excerpt.stopped ? excerpt.interval?.end : undefined) ?? this.video.currentTime,
            announce,
            changed: () => {
                this.#drawMarks();
                this.dispatchEvent(new Event("selectionchange"));
            },
        });
        const player = {
            video: this.video,
            frame,
            root: this.#root,
            excerpt,
            picture,
            sharing,
            announce,
            toggle: this.#toggle.bind(this),
            showNextArea: this.#showNextArea.bind(this),
        };
        const texts = () => this.#texts;
        this.#acted = Object.defineProperty(player, "texts", { get: texts }) as typeof player & { texts: Texts };
        Object.assign(this.#element("controller"), { fullscreenElement: frame });
        this.#listen(frame);
        this.#name();
    }

    /** The URL of the media, with the fragment that is played. */
    get src(): string {
        return this.getAttribute("src") ?? "";
    }
    set src(url: string) {
        this.setAttribute("src", url);
    }

    get controls(): boolean {
        return this.hasAttribute("controls");
    }
    set controls(shown: boolean) {
        this.toggleAttribute("controls", shown);
    }

    /** What the media is called. Without it, the last part of its path. */
    get contentTitle(): string {
        return this.getAttribute("content-title") ?? nameOf(this.src, document.baseURI);
    }
    set contentTitle(title: string) {
        this.setAttribute("content-title", title);
    }

    /** The page to which shared links lead: `/player/` of a Reelspan server. Without it they lead to the media itself. */
    get page(): string | undefined {
        const page = this.getAttribute("page");
        return page === null ? undefined : new URL(page, document.baseURI).href;
    }
    set page(url: string | undefined) {
        if (url === undefined) this.removeAttribute("page");
        else this.setAttribute("page", url);
    }

    /** Texts of this player, instead of those of all players. */
    get texts(): Texts {
        return this.#texts;
    }
    set texts(some: SomeTexts) {
        this.#texts = withTexts(shared, some);
        this.#name();
    }

    /** The form that plays; `undefined` before anything does. */
    get form(): { readonly name: string; readonly type: string } | undefined {
        return this.#form && { name: this.#form.name, type: this.#form.type };
    }

    /** The fragment of `src`, and what of it is ignored. */
    get fragment(): Parsed | undefined {
        return this.#fragment;
    }

    /** The part in time that the fragment means. */
    get excerpt(): Interval | undefined {
        return this.#acted.excerpt.interval;
    }

    /** The part that is to be shared, in seconds. */
    get selection(): Selection {
        return this.#acted.sharing.selection;
    }
    set selection(selection: Selection) {
        this.#acted.sharing.selection = selection;
    }

    get areaView(): AreaView {
        return this.#acted.picture.view;
    }
    set areaView(view: AreaView) {
        this.#acted.picture.view = view;
        this.#drawArea();
    }

    async play(): Promise<void> {
        await this.video.play();
    }

    /** Plays the excerpt from its start. */
    async playAgain(): Promise<void> {
        await this.#acted.excerpt.again();
    }

    /** Loads the media anew. */
    load(): void {
        this.#loading.abort();
        this.#loading = new AbortController();
        this.#form?.detach?.();
        this.#form = undefined;
        this.#fragment = undefined;
        this.#acted.excerpt.set(undefined);
        this.#acted.picture.area = undefined;
        this.#acted.sharing.selection = {};
        this.#element("problem").hidden = true;
        this.#element("excerpt").hidden = true;
        this.removeAttribute("kind");
        this.#drawTitle();
        if (this.src === "") this.video.removeAttribute("src");
        else void this.#load(this.#loading.signal);
    }

    connectedCallback(): void {
        this.#draw();
    }

    attributeChangedCallback(name: string, before: string | null, value: string | null): void {
        if (before === value && name !== "src") return;
        if (name === "src") this.load();
        else if ((ATTRIBUTES as readonly string[]).includes(name)) {
            if (value === null) this.video.removeAttribute(name);
            else this.video.setAttribute(name, value);
            if (name === "muted") this.video.muted = value !== null;
        } else this.#draw();
    }

    async #load(signal: AbortSignal): Promise<void> {
        try {
            const { form, fragment, resolved } = await load(
                new URL(this.src, document.baseURI).href,
                this.video,
                signal,
            );
            signal.throwIfAborted();
            this.#form = form;
            this.#fragment = fragment;
            const sound = this.video.videoWidth === 0 && this.video.videoHeight === 0;
            this.setAttribute("kind", sound ? "sound" : "picture");
            this.#acted.picture.area = fragment.area;
            const { interval } = resolved;
            if (interval === undefined) this.#behindTheEnd(fragment);
            else if (!resolved.whole) {
                this.#acted.excerpt.set(interval);
                const end = interval.end < this.video.duration ? interval.end : undefined;
                this.#acted.sharing.selection = { start: interval.start, end };
            }
            this.#draw();
            this.dispatchEvent(new Event("formchange"));
        } catch (error) {
            if (signal.aborted) return;
            if (!(error instanceof Problem)) throw error;
            this.#fail(error);
        }
    }

    #behindTheEnd(fragment: Parsed): void {
        const { duration } = this.video;
        this.video.currentTime = duration;
        const start = fragment.time?.unit === "npt" ? Number(fragment.time.start ?? 0n) / 1e9 : duration;
        this.#announce(fill(this.#texts.behindTheEnd, { start: clock(start), duration: clock(duration) }));
    }

    #fail(problem: Problem): void {
        const link = this.#element("problem-link") as HTMLAnchorElement;
        link.hidden = !["unplayable", "broken"].includes(problem.text);
        link.href = this.src;
        this.#element("problem-text").textContent = fill(this.#texts[problem.text], problem.values);
        this.#element("problem").hidden = false;
        this.#draw();
        this.dispatchEvent(new CustomEvent("error", { detail: { problem: problem.text, ...problem.values } }));
    }

    #listen(frame: HTMLElement): void {
        frame.addEventListener("keydown", (event) => {
            const [target] = event.composedPath();
            if (event.key === "Escape" && this.#closePanels()) {
                event.stopPropagation();
                return;
            }
            const action = this.controls ? actionOf(event, focusedOf(target)) : undefined;
            if (action === undefined) return;
            event.preventDefault();
            void act(this.#acted, action, event.key);
        });
        const click = (id: string, act: () => unknown) => {
            this.#element(id).addEventListener("click", () => {
                act();
            });
        };
        click("big", () => this.play());
        click("again", () => this.playAgain());
        click("go-on", () => this.#acted.excerpt.goOn());
        click("area-button", () => {
            this.#showNextArea();
        });
        for (const name of ["share", "help"] as const) {
            click(`${name}-button`, () => {
                this.#toggle(name);
            });
            this.#element(name)
                .querySelector("[data-close]")
                ?.addEventListener("click", () => this.#closePanels());
        }
        for (const event of ["play", "loadedmetadata", "durationchange", "resize", "seeking"]) {
            this.video.addEventListener(event, () => {
                this.#draw();
            });
        }
        this.video.addEventListener("error", () => {
            if (this.#form === undefined) return;
            this.#fail(new Problem("broken", { reason: this.video.error?.message ?? "" }));
        });
        const slot = this.#root.querySelector("slot:not([name])");
        slot?.addEventListener("slotchange", () => {
            for (const track of this.video.querySelectorAll("track")) track.remove();
            this.video.append(...Array.from(this.querySelectorAll("track"), (track) => track.cloneNode()));
        });
    }

    /** Gives all elements of the template their texts. */
    #name(): void {
        const texts = this.#texts as unknown as Record<string, string>;
        for (const element of this.#root.querySelectorAll<HTMLElement>("[data-text]")) {
            element.textContent = texts[element.dataset["text"] ?? ""] ?? "";
        }
        for (const element of this.#root.querySelectorAll<HTMLElement>("[data-label]")) {
            const label = texts[element.dataset["label"] ?? ""] ?? "";
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
                what.textContent = this.#texts.keys[action];
                return [keys, what];
            }),
        );
        this.#acted.sharing.draw();
        this.#draw();
    }

    #draw(): void {
        const { controls, video } = this;
        const failed = !this.#element("problem").hidden;
        this.#element("controls").hidden = !controls || failed;
        this.#element("controller").toggleAttribute("gesturesdisabled", !controls);
        const sound = this.getAttribute("kind") === "sound";
        this.#element("controller").toggleAttribute("audio", sound && !this.hasAttribute("poster"));
        const begun = video.played.length > 0 || !video.paused || video.autoplay;
        this.#element("big").hidden = !controls || failed || begun || sound || video.readyState === 0;
        if (!this.#acted.excerpt.stopped) this.#element("excerpt").hidden = true;
        this.#drawTitle();
        this.#drawArea();
        this.#drawMarks();
    }

    #drawTitle(): void {
        this.#element("title").textContent = this.contentTitle;
        this.#element("top").hidden = !this.controls || this.contentTitle === "";
    }

    #drawArea(): void {
        const { picture } = this.#acted;
        const button = this.#element("area-button");
        const { highlightArea, enlargeArea, wholePicture } = this.#texts;
        button.hidden = !picture.shown;
        button.dataset["view"] = picture.view;
        button.title = { highlight: highlightArea, enlarge: enlargeArea, whole: wholePicture }[picture.next];
        button.ariaLabel = button.title;
    }

    #showNextArea(): void {
        const { picture } = this.#acted;
        if (!picture.shown) return;
        this.#announce(this.#element("area-button").title);
        this.areaView = picture.next;
    }

    /** Marks the excerpt and the selection on the bar. */
    #drawMarks(): void {
        const { duration } = this.video;
        const mark = (id: string, { start, end }: Selection) => {
            const element = this.#element(id);
            element.hidden = !(duration > 0) || (start === undefined && end === undefined);
            const from = (start ?? 0) / duration;
            const to = Math.min((end ?? duration) / duration, 1);
            element.style.left = `${from * 100}%`;
            element.style.width = `${Math.max(to - from, 0) * 100}%`;
        };
        const excerpt = this.#acted.excerpt.interval;
        const { selection } = this;
        mark("mark-excerpt", excerpt ?? {});
        const same = excerpt?.start === (selection.start ?? 0) && excerpt.end === (selection.end ?? duration);
        mark("mark-selection", same ? {} : selection);
    }

    #excerptEnded(): void {
        const { interval } = this.#acted.excerpt;
        if (interval === undefined) return;
        this.#element("excerpt-text").textContent = fill(this.#texts.excerpt, {
            start: clock(interval.start),
            end: clock(interval.end),
        });
        this.#element("excerpt").hidden = !this.controls;
        this.#announce(this.#texts.excerptEnded);
        this.dispatchEvent(new Event("excerptended"));
    }

    #toggle(name: PanelName): void {
        const open = this.#element(name).hidden;
        const active = this.#root.activeElement;
        this.#closePanels();
        if (!open) return;
        this.#acted.sharing.draw();
        this.#openedBy = active instanceof HTMLElement ? active : this.#element(`${name}-button`);
        this.#element(name).hidden = false;
        this.#element(`${name}-button`).ariaExpanded = "true";
        const first = name === "share" ? "copy-now" : "keys-box";
        this.#element(first).focus();
    }

    /** Closes what is open. Says whether there was anything. */
    #closePanels(): boolean {
        const open = (["share", "help"] as const).filter((name) => !this.#element(name).hidden);
        for (const name of open) {
            this.#element(name).hidden = true;
            this.#element(`${name}-button`).ariaExpanded = "false";
        }
        if (open.length > 0) this.#openedBy?.focus();
        this.#openedBy = undefined;
        return open.length > 0;
    }

    /** Tells users of screen readers. */
    #announce(text: string): void {
        this.#element("live").textContent = text;
    }

    #element(id: string): HTMLElement {
        const found = this.#root.getElementById(id);
        if (found === null) throw new Error(`the template has no #${id}`);
        return found;
    }
}

nameControls(english.controls);
defineForwarded(ReelspanPlayer.prototype);
