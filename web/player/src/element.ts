/** `<reelspan-player>`: plays any content of a Reelspan server, in whatever form this browser plays. */

import type { Interval, Parsed } from "media-fragments";

import { type About, formUrl } from "./about.js";
import { Access } from "./access.js";
import { addressesOf, isSameContent } from "./addresses.js";
import { sheetOf } from "./adopted.js";
import { nativeAudio } from "./audio.js";
import { nameControls } from "./controls.js";
import type { Form } from "./forms.js";
import { byId } from "./elements.js";
import { ATTRIBUTES, defineForwarded, forwardEvents } from "./forward.js";
import { listen } from "./input.js";
import { nameOf, type Selection } from "./links.js";
import { Parts } from "./parts.js";
import type { AreaView } from "./picture.js";
import { Problem } from "./problem.js";
import { Progress } from "./progress.js";
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
    readonly #parts: Parts;
    readonly #still: Still;
    readonly #supply = new Supply(this);
    #texts = shared;
    #loading = new AbortController();
    #access: Access | undefined;
    #progress: Progress | undefined;
    #form: Form | undefined;
    #about: About | undefined;
    #fragment: Parsed | undefined;

    constructor() {
        super();
        const root = this.attachShadow({ mode: "open", delegatesFocus: true });
        root.adoptedStyleSheets.push(sheetOf(style));
        const template = document.createElement("template");
        template.innerHTML = TEMPLATE;
        root.append(document.importNode(template.content, true));
        this.video = byId(root, "video") as HTMLVideoElement;
        this.#still = new Still(this.video, byId(root, "still") as HTMLCanvasElement);
        forwardEvents(this);
        this.#parts = new Parts({
            host: this,
            root,
            video: this.video,
            texts: () => this.#texts,
            url: () => this.#url,
            isStreamed: () => this.#stream !== undefined,
            page: () => this.page,
        });
        listen(this, this.#parts);
        this.video.addEventListener("error", () => {
            if (this.#form === undefined || this.#form.recover?.() === true) return;
            this.#fail(new Problem("broken", { reason: this.video.error?.message ?? "" }));
        });
        this.#parts.view.name();
        this.#takeProperties();
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
        this.#parts.view.name();
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
        return this.#parts.excerpt.interval;
    }

    /** The part that is to be shared, in seconds. */
    get selection(): Selection {
        return this.#parts.sharing.selection;
    }
    set selection(selection: Selection) {
        this.#parts.sharing.selection = selection;
    }

    get areaView(): AreaView {
        return this.#parts.picture.view;
    }
    set areaView(view: AreaView) {
        this.#parts.picture.view = view;
        this.#parts.view.drawArea();
    }

    /** As that of a `<video>`: media that are still being looked for play when they are there. */
    async play(): Promise<void> {
        if (this.#form === undefined && this.#progress !== undefined) await this.#progress.play(this.video);
        await this.video.play();
    }

    /** Plays the excerpt from its start. */
    async playAgain(): Promise<void> {
        await this.#parts.excerpt.again();
    }

    /** Loads the media anew. */
    load(): void {
        this.#loading.abort();
        this.#loading = new AbortController();
        this.#form?.detach?.();
        this.#form = undefined;
        this.#access = undefined;
        this.#about = undefined;
        this.#fragment = undefined;
        this.removeAttribute("kind");
        this.#parts.clear();
        const { signal } = this.#loading;
        this.#progress = this.#supply.exists ? new Progress(signal) : undefined;
        if (this.#progress === undefined) this.video.removeAttribute("src");
        // Other attributes that are set together with `src` count, too.
        else
            queueMicrotask(() => {
                if (!signal.aborted) void this.#load(signal);
            });
    }

    connectedCallback(): void {
        this.#parts.view.draw();
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

    /** Takes over the properties that a page set before this script came. */
    #takeProperties(): void {
        for (const name of Object.keys(this)) {
            if (!(name in ReelspanPlayer.prototype)) continue;
            const value: unknown = Reflect.get(this, name);
            Reflect.deleteProperty(this, name);
            Reflect.set(this, name, value);
        }
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
        } else this.#parts.view.draw();
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
                    attached: () => {
                        this.#progress?.attached(this.video);
                    },
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
            this.#parts.chapters.set(about?.chapters ?? []);
            this.#parts.captions.set(about?.captions ?? [], this.#url, form.name === "hls");
            this.#parts.captions.begin();
            this.#parts.raiseCaptions(this.controls);
            this.#parts.choices.watch(form.audio ?? nativeAudio(this.video), signal);
            const sound = this.video.videoWidth === 0 && this.video.videoHeight === 0;
            this.setAttribute("kind", sound ? "sound" : "picture");
            const stream = sound ? undefined : this.#stream;
            this.#parts.scrubber.set(stream === undefined ? undefined : { url: stream, access, video: this.video });
            this.#parts.picture.area = fragment.area;
            const { interval } = resolved;
            if (interval === undefined) this.#behindTheEnd(fragment);
            else if (!resolved.whole) {
                this.#parts.excerpt.set(interval);
                const end = interval.end < this.video.duration ? interval.end : undefined;
                this.#parts.sharing.selection = { start: interval.start, end };
            }
            this.#parts.view.draw();
            this.#progress?.end();
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
        this.#parts.announce(fill(this.#texts.behindTheEnd, { start: clock(start), duration: clock(duration) }));
    }

    #fail(problem: Problem): void {
        this.#progress?.end(problem);
        this.#parts.view.showProblem(problem, this.#url);
        this.dispatchEvent(new CustomEvent("error", { detail: { problem: problem.text, ...problem.values } }));
    }
}

nameControls(english.controls);
defineForwarded(ReelspanPlayer.prototype);
