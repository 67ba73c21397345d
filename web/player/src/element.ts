/** `<reelspan-player>`: plays any content of a Reelspan server, in whatever form this browser plays. */

import type { Interval, Parsed } from "media-fragments";

import { type About, formUrl } from "./about.js";
import { Access } from "./access.js";
import { act, type Acted } from "./actions.js";
import { addressesOf, isSameContent } from "./addresses.js";
import { sheetOf } from "./adopted.js";
import { nativeAudio } from "./audio.js";
import { Captions } from "./captions.js";
import { Chapters } from "./chapters.js";
import { Choices } from "./choices.js";
import { nameControls } from "./controls.js";
import { Excerpt } from "./excerpt.js";
import type { Form } from "./forms.js";
import { ATTRIBUTES, defineForwarded, forwardEvents } from "./forward.js";
import { actionOf, focusedOf, SHORTCUTS } from "./keyboard.js";
import { nameOf, type Selection } from "./links.js";
import { drawMarks } from "./marks.js";
import { type PanelName, Panels } from "./panels.js";
import { type AreaView, PicturePart } from "./picture.js";
import { Problem } from "./problem.js";
import { Scrubber } from "./scrub.js";
import { SharePanel } from "./share.js";
import { load } from "./source.js";
import { Still } from "./still.js";
import style from "./style.css?inline";
import { type SourceProvider, Supply } from "./supply.js";
import { TEMPLATE } from "./template.js";
import { clock, english, fill, type SomeTexts, type Texts, withTexts } from "./texts.js";

let shared: Texts = english;

export class ReelspanPlayer extends HTMLElement {
    static readonly observedAttributes = [...ATTRIBUTES, "content-title", "controls", "form", "page", "renew", "src"];

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
    readonly #supply = new Supply(this);
    readonly #still: Still;
    #access: Access | undefined;
    /** Somebody has played it. */
    #begun = false;
    #form: Form | undefined;
    #about: About | undefined;
    #fragment: Parsed | undefined;
    readonly #panels: Panels;
    readonly #scrubber: Scrubber;

    constructor() {
        super();
        this.#root = this.attachShadow({ mode: "open", delegatesFocus: true });
        this.#root.adoptedStyleSheets.push(sheetOf(style));
        const template = document.createElement("template");
        template.innerHTML = TEMPLATE;
        this.#root.append(document.importNode(template.content, true));
        this.video = this.#element("video") as HTMLVideoElement;
        this.#still = new Still(this.video, this.#element("still") as HTMLCanvasElement);
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
            media: () => this.#url,
            isStreamed: () => this.#stream !== undefined,
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
        const captions = new Captions(this.video);
        const chapters = new Chapters(this.video);
        const choices = new Choices({
            root: this.#root,
            texts: () => this.#texts,
            captions,
            chapters,
            panels: () => this.#panels,
            announce,
        });
        const player = {
            video: this.video,
            frame,
            captions,
            chapters,
            choices,
            root: this.#root,
            excerpt,
            picture,
            sharing,
            announce,
            toggle: (name: PanelName) => {
                this.#panels.toggle(name);
            },
            showNextArea: this.#showNextArea.bind(this),
        };
        const texts = () => this.#texts;
        this.#acted = Object.defineProperty(player, "texts", { get: texts }) as typeof player & { texts: Texts };
        Object.assign(this.#element("controller"), { fullscreenElement: frame });
        this.#panels = new Panels(this.#root, (name) => {
            if (name === "audio" || name === "captions" || name === "chapters") return choices.open(name);
            sharing.draw();
            return this.#element(name === "share" ? "copy-now" : "keys-box");
        });
        this.#scrubber = new Scrubber(this.#element("range"), this.#element("scrub") as HTMLVideoElement);
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

    /** Gives the address of the media, signed just now: at first, if `src` has none, and before a signature expires. */
    get source(): SourceProvider | undefined {
        return this.#supply.provider;
    }
    set source(provider: SourceProvider | undefined) {
        this.#supply.provider = provider;
        if (this.#supply.url === undefined) this.load();
    }

    get controls(): boolean {
        return this.hasAttribute("controls");
    }
    set controls(shown: boolean) {
        this.toggleAttribute("controls", shown);
    }

    /** What the media is called. Without it, the last part of its path. */
    get contentTitle(): string {
        return this.getAttribute("content-title") ?? (this.#url === "" ? "" : nameOf(this.#url, document.baseURI));
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

    /** What the server says of the content; `undefined` before that is known, and if it says nothing. */
    get about(): About | undefined {
        return this.#about;
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
        this.#access = undefined;
        this.#begun = false;
        this.#about = undefined;
        this.#fragment = undefined;
        this.#acted.chapters.set([]);
        this.#acted.captions.set([], "", true);
        this.#scrubber.set(undefined);
        this.#acted.excerpt.set(undefined);
        this.#acted.picture.area = undefined;
        this.#acted.sharing.selection = {};
        this.#element("problem").hidden = true;
        this.#element("excerpt").hidden = true;
        this.removeAttribute("kind");
        this.#drawTitle();
        const { signal } = this.#loading;
        if (!this.#supply.exists) this.video.removeAttribute("src");
        // Other attributes that are set together with `src` count, too.
        else
            queueMicrotask(() => {
                if (!signal.aborted) void this.#load(signal);
            });
    }

    connectedCallback(): void {
        this.#draw();
        if (this.#form === undefined && this.#supply.exists && this.#loading.signal.aborted) this.load();
    }

    /** A stream is loaded by a script, which has to stop: a player that comes back begins anew. */
    disconnectedCallback(): void {
        queueMicrotask(() => {
            if (this.isConnected || this.#form?.isScripted !== true) return;
            this.#loading.abort();
            this.#form.detach?.();
            this.#form = undefined;
        });
    }

    /** The absolute URL of the media, with its signature of now; empty before it is known. */
    get #url(): string {
        return this.#access?.addresses.file ?? this.#supply.url ?? "";
    }

    /** The URL of its HLS, if it has that. */
    get #stream(): string | undefined {
        return this.#access && formUrl(this.#about, this.#access.addresses.derived, "hls");
    }

    attributeChangedCallback(name: string, before: string | null, value: string | null): void {
        if (before === value && name !== "src") return;
        if (name === "src" && this.#goesOn(before, value)) return;
        if (name === "src" || name === "form") this.load();
        else if (name === "renew") {
            if (this.#supply.url === undefined) this.load();
        } else if ((ATTRIBUTES as readonly string[]).includes(name)) {
            if (value === null) this.video.removeAttribute(name);
            else this.video.setAttribute(name, value);
            if (name === "muted") this.video.muted = value !== null;
        } else this.#draw();
    }

    /** Goes on with another signature of what plays. Says whether it does. */
    #goesOn(before: string | null, value: string | null): boolean {
        if (this.#form === undefined || before === value || before === null || value === null) return false;
        const [one, other] = [before, value].map((url) => new URL(url, document.baseURI).href);
        const to = addressesOf(value, document.baseURI);
        if (!isSameContent(one ?? "", other ?? "") || to === undefined) return false;
        this.#access?.renew(to);
        return true;
    }

    async #load(signal: AbortSignal): Promise<void> {
        try {
            const ask = () => this.#supply.ask(signal);
            const first = await this.#supply.first(signal);
            signal.throwIfAborted();
            if (first === undefined) throw new Problem("notFound");
            const access = new Access(first, this.#supply.renews(first) ? ask : undefined, signal);
            this.#access = access;
            const { about, form, fragment, resolved } = await load(
                {
                    access,
                    hash: this.#supply.hash,
                    video: this.video,
                    still: this.#still,
                    form: this.getAttribute("form"),
                    broken: (problem) => {
                        if (!signal.aborted) this.#fail(problem);
                    },
                },
                signal,
            );
            if (signal.aborted) form.detach?.();
            signal.throwIfAborted();
            this.#form = form;
            this.#about = about;
            this.#fragment = fragment;
            this.#acted.chapters.set(about?.chapters ?? []);
            this.#acted.captions.set(about?.captions ?? [], this.#url, form.name === "hls");
            this.#acted.captions.begin();
            this.#raiseCaptions();
            this.#acted.choices.watch(form.audio ?? nativeAudio(this.video), signal);
            const sound = this.video.videoWidth === 0 && this.video.videoHeight === 0;
            this.setAttribute("kind", sound ? "sound" : "picture");
            const stream = sound ? undefined : this.#stream;
            this.#scrubber.set(stream === undefined ? undefined : { url: stream, access, video: this.video });
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

    /** The controls are shown while the video is paused, and while the viewer does something. */
    #raiseCaptions(): void {
        const active = this.video.paused || !this.#element("controller").hasAttribute("userinactive");
        this.#acted.captions.raise(this.controls && active);
    }

    #behindTheEnd(fragment: Parsed): void {
        const { duration } = this.video;
        this.video.currentTime = duration;
        const start = fragment.time?.unit === "npt" ? Number(fragment.time.start ?? 0n) / 1e9 : duration;
        this.#announce(fill(this.#texts.behindTheEnd, { start: clock(start), duration: clock(duration) }));
    }

    #fail(problem: Problem): void {
        const link = this.#element("problem-link") as HTMLAnchorElement;
        link.hidden = !["unplayable", "unstreamable", "broken"].includes(problem.text);
        link.href = this.#url;
        this.#element("problem-text").textContent = fill(this.#texts[problem.text], problem.values);
        this.#element("problem").hidden = false;
        this.#draw();
        this.dispatchEvent(new CustomEvent("error", { detail: { problem: problem.text, ...problem.values } }));
    }

    #listen(frame: HTMLElement): void {
        frame.addEventListener("keydown", (event) => {
            const [target] = event.composedPath();
            if (event.key === "Escape" && this.#panels.close()) {
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
        this.#element("controller").addEventListener("userinactivechange", () => {
            this.#raiseCaptions();
        });
        for (const event of ["play", "pause"]) {
            this.video.addEventListener(event, () => {
                this.#raiseCaptions();
            });
        }
        click("big", () => this.play());
        click("again", () => this.playAgain());
        click("go-on", () => this.#acted.excerpt.goOn());
        click("area-button", () => {
            this.#showNextArea();
        });
        for (const event of ["play", "loadedmetadata", "durationchange", "resize", "seeking"]) {
            this.video.addEventListener(event, () => {
                this.#draw();
            });
        }
        this.video.addEventListener("error", () => {
            if (this.#form === undefined || this.#form.recover?.() === true) return;
            this.#fail(new Problem("broken", { reason: this.video.error?.message ?? "" }));
        });
        const slot = this.#root.querySelector("slot:not([name])");
        slot?.addEventListener("slotchange", () => {
            for (const track of this.video.querySelectorAll("track:not([data-reelspan])")) track.remove();
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
        this.#begun ||= video.played.length > 0 || !video.paused || video.autoplay;
        this.#element("big").hidden = !controls || failed || this.#begun || sound || video.readyState === 0;
        if (!this.#acted.excerpt.stopped) this.#element("excerpt").hidden = true;
        this.#drawTitle();
        this.#drawArea();
        this.#drawMarks();
        this.#acted.choices.draw();
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

    #drawMarks(): void {
        drawMarks(this.#root, this.video.duration, this.#acted.excerpt.interval, this.selection);
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
