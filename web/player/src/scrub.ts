/** Pictures while one points at the bar: the first picture of the segment at that time, from the stream's own I-frames. */

import type { Access } from "./access.js";
import type { Pictures } from "./hls.js";

/** What pictures are shown of. */
export interface Scrubbed {
    /** The URL of the multivariant playlist. */
    readonly url: string;
    readonly access: Access;
    readonly video: HTMLVideoElement;
}

export class Scrubber {
    readonly #shown: HTMLVideoElement;
    #of: Scrubbed | undefined;
    #pictures: Pictures | undefined;
    #loading = false;
    #time: number | undefined;

    /** `range` asks for previews (`mediapreviewrequest`); `shown` is the video in which they are shown. */
    constructor(range: HTMLElement, shown: HTMLVideoElement) {
        this.#shown = shown;
        shown.muted = true;
        range.addEventListener("mediapreviewrequest", (event) => {
            const time: unknown = (event as CustomEvent).detail;
            this.#show(typeof time === "number" && Number.isFinite(time) ? time : undefined);
        });
        // What is not there yet is not shown as a black box.
        shown.addEventListener("loadeddata", () => {
            shown.hidden = this.#pictures === undefined;
        });
    }

    /** Shows pictures of this from now on; `undefined`: none. Nothing is loaded before somebody points at the bar. */
    set(of: Scrubbed | undefined): void {
        this.#pictures?.destroy();
        this.#pictures = undefined;
        this.#of = of;
        this.#shown.hidden = true;
    }

    #show(time: number | undefined): void {
        this.#time = time;
        if (time === undefined || this.#of === undefined) return;
        if (this.#pictures !== undefined) this.#pictures.show(time);
        else void this.#load(this.#of);
    }

    async #load(of: Scrubbed): Promise<void> {
        if (this.#loading) return;
        this.#loading = true;
        try {
            const { configuration, Pictures, stream } = await import("./hls.js");
            if (this.#of !== of || !stream.isSupported()) return;
            this.#pictures = new Pictures(of.url, this.#shown, configuration(of.video, of.access));
            if (this.#time !== undefined) this.#pictures.show(this.#time);
        } finally {
            this.#loading = false;
        }
    }
}
