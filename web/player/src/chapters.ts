/** The chapters of a content: marks on the bar and names while pointing at it (both by media-chrome), and the one that plays. */

import type { AboutChapter } from "./about.js";

export class Chapters {
    readonly #video: HTMLVideoElement;
    #list: readonly AboutChapter[] = [];
    /** Made once, since a video keeps its text tracks. A `<track>` without a file would lose its cues. */
    #track: TextTrack | undefined;

    constructor(video: HTMLVideoElement) {
        this.#video = video;
    }

    get list(): readonly AboutChapter[] {
        return this.#list;
    }

    /** Shows these chapters, in the order of time. */
    set(chapters: readonly AboutChapter[]): void {
        this.#list = [...chapters].sort((one, other) => one.start - other.start);
        // media-chrome looks at the cues again when a track's mode changes.
        if (this.#track !== undefined) {
            this.#track.mode = "hidden";
            for (const cue of Array.from(this.#track.cues ?? [])) this.#track.removeCue(cue);
            this.#track.mode = "disabled";
        }
        if (this.#list.length === 0) return;
        this.#track ??= this.#video.addTextTrack("chapters");
        this.#track.mode = "hidden";
        for (const [at, chapter] of this.#list.entries()) {
            if (chapter.start < chapter.end) {
                this.#track.addCue(new VTTCue(chapter.start, chapter.end, this.title(at)));
            }
        }
    }

    /** What a chapter is called: its title, else its identifier, else its number. */
    title(at: number): string {
        const chapter = this.#list[at];
        return chapter?.titles[0] ?? chapter?.ids[0] ?? String(at + 1);
    }

    /** The place of the chapter that plays; -1 before the first. */
    get current(): number {
        // A chapter begins at a time that a browser may round down.
        const now = this.#video.currentTime + 0.001;
        return this.#list.filter(({ start }) => start <= now).length - 1;
    }

    /** Goes to a chapter. */
    go(at: number): void {
        const chapter = this.#list[at];
        if (chapter !== undefined) this.#video.currentTime = chapter.start;
    }
}
