/** The parts of a player, put together. */

import { Captions } from "./captions.js";
import { Chapters } from "./chapters.js";
import { Choices } from "./choices.js";
import { byId } from "./elements.js";
import { Excerpt } from "./excerpt.js";
import { type PanelName, Panels } from "./panels.js";
import { PicturePart } from "./picture.js";
import { RemoteButton } from "./remote.js";
import { Scrubber } from "./scrub.js";
import { SharePanel } from "./share.js";
import type { Texts } from "./texts.js";
import { type Host, View } from "./view.js";

/** What the parts need of the player. */
export interface Player {
    readonly host: Host;
    readonly root: ShadowRoot;
    readonly video: HTMLVideoElement;
    readonly texts: () => Texts;
    /** The absolute URL of the media, with its signature of now; empty before it is known. */
    readonly url: () => string;
    /** Whether the media has a stream. */
    readonly isStreamed: () => boolean;
    /** The address of the page to which shared links lead. */
    readonly page: () => string | undefined;
}

export class Parts {
    readonly root: ShadowRoot;
    readonly video: HTMLVideoElement;
    /** The box that has the picture and the controls. */
    readonly frame: HTMLElement;
    readonly captions: Captions;
    readonly chapters: Chapters;
    readonly choices: Choices;
    readonly excerpt: Excerpt;
    readonly panels: Panels;
    readonly picture: PicturePart;
    readonly remote: RemoteButton;
    readonly scrubber: Scrubber;
    readonly sharing: SharePanel;
    readonly view: View;
    readonly #texts: () => Texts;

    constructor({ host, root, video, texts, url, isStreamed, page }: Player) {
        this.root = root;
        this.video = video;
        this.#texts = texts;
        this.frame = byId(root, "frame");
        const announce = (text: string) => {
            this.view.announce(text);
        };
        this.excerpt = new Excerpt(video, () => {
            this.view.showEndOfExcerpt();
            host.dispatchEvent(new Event("excerptended"));
        });
        this.picture = new PicturePart(video, byId(root, "pictures"), byId(root, "area"));
        this.sharing = new SharePanel({
            root,
            texts,
            media: url,
            isStreamed,
            page,
            title: () => host.contentTitle,
            video,
            // The end of an excerpt is where it stopped, though its last picture is before that.
            now: () => (this.excerpt.stopped ? this.excerpt.interval?.end : undefined) ?? video.currentTime,
            announce,
            changed: () => {
                this.view.drawMarks();
                host.dispatchEvent(new Event("selectionchange"));
            },
        });
        this.captions = new Captions(video);
        this.chapters = new Chapters(video);
        this.choices = new Choices({
            root,
            texts,
            captions: this.captions,
            chapters: this.chapters,
            panels: () => this.panels,
            announce,
        });
        this.remote = new RemoteButton(byId(root, "remote-button"), video, texts, announce);
        this.panels = new Panels(root, (name) => {
            if (name === "audio" || name === "captions" || name === "chapters") return this.choices.open(name);
            this.sharing.draw();
            return byId(root, name === "share" ? "copy-now" : "keys-box");
        });
        this.scrubber = new Scrubber(byId(root, "range"), byId(root, "scrub") as HTMLVideoElement);
        this.view = new View(host, this);
        Object.assign(byId(root, "controller"), { fullscreenElement: this.frame });
    }

    get texts(): Texts {
        return this.#texts();
    }

    /** Nothing is loaded any more. */
    clear(): void {
        this.chapters.set([]);
        this.captions.set([], "", true);
        this.scrubber.set(undefined);
        this.excerpt.set(undefined);
        this.picture.area = undefined;
        this.sharing.selection = {};
        this.view.clear();
    }

    announce(text: string): void {
        this.view.announce(text);
    }

    toggle(panel: PanelName): void {
        this.panels.toggle(panel);
    }

    /** Goes to the next way to show the part of the picture that the fragment means. */
    showNextArea(): void {
        if (!this.picture.shown) return;
        this.announce(byId(this.root, "area-button").title);
        this.picture.view = this.picture.next;
        this.view.drawArea();
    }

    /** Keeps captions clear of the controls, which are shown while the video is paused and while the viewer does something. */
    raiseCaptions(shown: boolean): void {
        const active = this.video.paused || !byId(this.root, "controller").hasAttribute("userinactive");
        this.captions.raise(shown && active);
    }
}
