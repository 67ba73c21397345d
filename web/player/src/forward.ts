/** What a `<video>` has, and the player has, too, so that it can stand in for one. */

/** Attributes that go on to the `<video>` as they are. */
export const ATTRIBUTES = ["autoplay", "crossorigin", "loop", "muted", "playsinline", "poster", "preload"] as const;

/** Events of the `<video>` that the player dispatches, too. */
const EVENTS = [
    ..."abort canplay canplaythrough durationchange emptied encrypted ended error loadeddata loadedmetadata".split(" "),
    ..."loadstart pause play playing progress ratechange resize seeked seeking stalled suspend timeupdate".split(" "),
    ..."volumechange waiting waitingforkey enterpictureinpicture leavepictureinpicture".split(" "),
];

/** Properties of the `<video>` that the player has, too. */
const PROPERTIES = [
    ..."autoplay buffered crossOrigin currentSrc currentTime defaultMuted defaultPlaybackRate disablePictureInPicture".split(
        " ",
    ),
    ..."disableRemotePlayback duration ended error loop muted networkState paused playbackRate played playsInline".split(
        " ",
    ),
    ..."poster preload preservesPitch readyState remote seekable seeking textTracks videoHeight videoTracks".split(" "),
    ..."videoWidth volume audioTracks".split(" "),
];

/** Methods of the `<video>` that the player has, too. `play` and `load` are the player's own. */
const METHODS = [
    ..."addTextTrack cancelVideoFrameCallback canPlayType captureStream fastSeek getVideoPlaybackQuality pause".split(
        " ",
    ),
    ..."requestPictureInPicture requestVideoFrameCallback".split(" "),
];

/** An element that has a `<video>` inside. */
export interface HasVideo extends HTMLElement {
    readonly video: HTMLVideoElement;
}

/** Gives a class the properties and methods. */
export function defineForwarded(prototype: HasVideo): void {
    for (const name of PROPERTIES) {
        Object.defineProperty(prototype, name, {
            configurable: true,
            enumerable: true,
            get(this: HasVideo): unknown {
                return Reflect.get(this.video, name);
            },
            set(this: HasVideo, value: unknown) {
                Reflect.set(this.video, name, value);
            },
        });
    }
    for (const name of METHODS) {
        Object.defineProperty(prototype, name, {
            configurable: true,
            value(this: HasVideo, ...values: unknown[]): unknown {
                const method: unknown = Reflect.get(this.video, name);
                if (typeof method !== "function") throw new TypeError(`this browser's <video> has no ${name}`);
                return Reflect.apply(method, this.video, values);
            },
        });
    }
}

/** Dispatches the events of the `<video>` on the player. */
export function forwardEvents(player: HasVideo): void {
    for (const type of EVENTS) {
        player.video.addEventListener(type, (event) => {
            // An error of one form is none of the player while there are others: it says so itself.
            if (type !== "error") player.dispatchEvent(new Event(event.type, { cancelable: event.cancelable }));
        });
    }
}
