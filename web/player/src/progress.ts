/** How far a load is, for those who want to play before there is anything to play. */

import type { Problem } from "./problem.js";

export class Progress {
    readonly #ended: Promise<void>;
    #resolve: () => void = () => undefined;
    #reject: (reason: unknown) => void = () => undefined;
    #isAttached = false;
    #isWanted = false;

    /** `signal` aborts the load. */
    constructor(signal: AbortSignal) {
        this.#ended = new Promise((resolve, reject) => {
            this.#resolve = resolve;
            this.#reject = reject;
        });
        // Those who wait hear of it.
        this.#ended.catch(() => undefined);
        signal.addEventListener("abort", () => {
            this.#reject(new DOMException("another load has begun", "AbortError"));
        });
    }

    /** Waits until the load has ended; rejects as `<video>` does if it fails, or if another one begins. */
    async play(video: HTMLVideoElement): Promise<void> {
        this.#isWanted = true;
        // Without preloading, nothing comes before it plays.
        if (this.#isAttached) this.attached(video);
        await this.#ended;
    }

    /** The video has been given a form, which may still fail. */
    attached(video: HTMLVideoElement): void {
        this.#isAttached = true;
        if (this.#isWanted) video.play().catch(() => undefined);
    }

    /** The load has ended, with a problem or without. */
    end(problem?: Problem): void {
        if (problem === undefined) this.#resolve();
        else this.#reject(new DOMException(problem.message, "NotSupportedError"));
    }
}
