/** Lets a video go on from another address: the picture that it shows stays until the new one shows the same. */

/** Events that tell of a load, which is none of those who use the player while a video goes on. */
const EVENTS = [
    ..."abort canplay canplaythrough durationchange emptied ended error loadeddata loadedmetadata loadstart pause play".split(
        " ",
    ),
    ..."playing progress ratechange resize seeked seeking stalled suspend timeupdate waiting".split(" "),
];
/** The media element has a picture of its time. */
const HAVE_CURRENT_DATA = 2;

export class Still {
    readonly #video: HTMLVideoElement;
    readonly #canvas: HTMLCanvasElement;
    #going: AbortController | undefined;

    /** `canvas` lies over the video. Comes before all who listen to the video. */
    constructor(video: HTMLVideoElement, canvas: HTMLCanvasElement) {
        this.#video = video;
        this.#canvas = canvas;
        for (const type of EVENTS) {
            video.addEventListener(
                type,
                (event) => {
                    if (this.#going !== undefined && event.isTrusted) event.stopImmediatePropagation();
                },
                { capture: true },
            );
        }
    }

    /** Goes on from an address, at the same time. An error of the video is told as ever, at the end. */
    async goOn(url: string): Promise<void> {
        this.#going?.abort();
        const going = new AbortController();
        this.#going = going;
        const video = this.#video;
        const { currentTime, defaultPlaybackRate, paused, playbackRate, readyState } = video;
        if (readyState >= HAVE_CURRENT_DATA) this.#draw();
        video.defaultPlaybackRate = playbackRate;
        video.src = url;
        try {
            // Without preloading nothing comes, and nothing was there.
            if (readyState > 0 || !paused) await this.#reach(currentTime, going.signal);
            video.defaultPlaybackRate = defaultPlaybackRate;
            if (!paused) await video.play();
        } catch {
            // The video's own error says why, and so does its being paused.
        }
        if (this.#going !== going) return;
        // Events that are on their way are of the load, too.
        await new Promise((resolve) => setTimeout(resolve));
        this.#end(paused);
    }

    /** Gives up. Another load begins. */
    stop(): void {
        this.#going?.abort();
        this.#going = undefined;
        this.#canvas.hidden = true;
    }

    #end(paused: boolean): void {
        this.stop();
        const tell = (type: string) => this.#video.dispatchEvent(new Event(type));
        if (this.#video.error !== null) tell("error");
        else if (!paused && this.#video.paused) tell("pause");
    }

    async #reach(time: number, signal: AbortSignal): Promise<void> {
        const video = this.#video;
        if (video.preload === "none") video.preload = "metadata";
        await this.#until("loadedmetadata", signal);
        if (time > 0) {
            const sought = this.#until("seeked", signal);
            video.currentTime = time;
            await sought;
        } else if (video.readyState < HAVE_CURRENT_DATA && video.videoWidth > 0) {
            await this.#until("loadeddata", signal);
        }
        // It is painted a frame later.
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    }

    /** The event, though nobody else is told; or the error. */
    #until(type: string, signal: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            // Capturing on the shadow root comes before the video itself.
            const root = this.#video.getRootNode();
            const listen = (name: string, act: () => void) => {
                const heard = (event: Event) => {
                    if (event.target === this.#video) act();
                };
                root.addEventListener(name, heard, { capture: true, signal });
            };
            listen(type, resolve);
            listen("error", () => {
                reject(new Error("the video failed"));
            });
            signal.addEventListener("abort", () => {
                reject(new Error("another one came"));
            });
        });
    }

    #draw(): void {
        const { videoWidth, videoHeight, style } = this.#video;
        if (videoWidth === 0) return;
        Object.assign(this.#canvas, { width: videoWidth, height: videoHeight });
        const { transform, transformOrigin, clipPath } = style;
        Object.assign(this.#canvas.style, { transform, transformOrigin, clipPath });
        this.#canvas.getContext("2d")?.drawImage(this.#video, 0, 0);
        this.#canvas.hidden = false;
    }
}
