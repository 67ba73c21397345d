/** Plays the part of the media that the fragment means: starts there, stops at its end, and can be played again. */

import type { Interval } from "media-fragments";

/** How long before the end of an excerpt its last picture is looked for, in seconds. */
const LAST_PICTURE = 0.001;

export class Excerpt {
    #video: HTMLVideoElement;
    #ended: () => void;
    #interval: Interval | undefined;
    /** Whether playback is inside the excerpt, and stops at its end. */
    #inside = false;
    #stopped = false;
    #watching = 0;

    /** `ended` is called when playback has stopped at the end. */
    constructor(video: HTMLVideoElement, ended: () => void) {
        this.#video = video;
        this.#ended = ended;
        video.addEventListener("play", () => {
            this.#played();
        });
        video.addEventListener("seeking", () => {
            this.#sought();
        });
        video.addEventListener("timeupdate", () => {
            this.#look();
        });
        video.addEventListener("ended", () => {
            if (this.#interval === undefined || !this.#inside) return;
            this.#stopped = true;
            this.#inside = false;
            this.#ended();
        });
    }

    /** The excerpt; `undefined`: all of the media. */
    get interval(): Interval | undefined {
        return this.#interval;
    }

    /** Whether playback stands at the end of the excerpt. */
    get stopped(): boolean {
        return this.#stopped;
    }

    /** Goes to the start of an excerpt. */
    set(interval: Interval | undefined): void {
        this.#interval = interval;
        this.#stopped = false;
        this.#inside = interval !== undefined;
        if (interval !== undefined && interval.start > 0) this.#video.currentTime = interval.start;
    }

    /** Plays it from its start. */
    async again(): Promise<void> {
        if (this.#interval === undefined) return;
        this.#rewind();
        await this.#video.play();
    }

    /** Plays on behind its end. */
    async goOn(): Promise<void> {
        this.#inside = false;
        this.#stopped = false;
        await this.#video.play();
    }

    #rewind(): void {
        this.#stopped = false;
        this.#inside = true;
        this.#video.currentTime = this.#interval?.start ?? 0;
    }

    #played(): void {
        if (this.#stopped) this.#rewind();
        this.#watch();
    }

    /** A viewer who seeks out of the excerpt sees the rest of the media. */
    #sought(): void {
        const interval = this.#interval;
        if (interval === undefined) return;
        const time = this.#video.currentTime;
        if (this.#stopped && Math.abs(time - (interval.end - LAST_PICTURE)) < LAST_PICTURE) return;
        // Browsers go to the beginning by themselves if media that have ended are played again.
        if (this.#stopped && time === 0) return;
        this.#stopped = false;
        this.#inside = time >= interval.start - LAST_PICTURE && time < interval.end - LAST_PICTURE;
    }

    /** Looks at every picture while it plays, since `timeupdate` comes four times a second only. */
    #watch(): void {
        cancelAnimationFrame(this.#watching);
        this.#look();
        if (!this.#video.paused) {
            this.#watching = requestAnimationFrame(() => {
                this.#watch();
            });
        }
    }

    #look(): void {
        const interval = this.#interval;
        const video = this.#video;
        if (interval === undefined || !this.#inside || video.paused || video.seeking) return;
        // What ends with the media is stopped by the media's own end.
        if (video.currentTime < interval.end || interval.end >= video.duration) return;
        if (video.loop) {
            this.#rewind();
            return;
        }
        video.pause();
        this.#stopped = true;
        this.#inside = false;
        // The end is not part of the excerpt: the picture before it is its last one.
        video.currentTime = Math.max(interval.start, interval.end - LAST_PICTURE);
        this.#ended();
    }
}
