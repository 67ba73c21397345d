/**
 * The button that plays on another device, by the Remote Playback API (W3C Remote Playback API §6). Where there is AirPlay, the
 * button of media-chrome does that.
 */

import { fill, type Texts } from "./texts.js";

/** What the button says of a device that plays. */
const STATES = { connecting: "remoteConnecting", connected: "remoteOn", disconnected: "remoteOff" } as const;

export class RemoteButton {
    readonly #button: HTMLElement;
    readonly #remote: RemotePlayback | undefined;
    readonly #texts: () => Texts;
    readonly #announce: (text: string) => void;

    /** `announce` is told when a device begins or ends to play. */
    constructor(button: HTMLElement, video: HTMLVideoElement, texts: () => Texts, announce: (text: string) => void) {
        this.#button = button;
        this.#texts = texts;
        this.#announce = announce;
        const hasAirPlay = "webkitShowPlaybackTargetPicker" in video;
        const remote = Reflect.get(video, "remote") as RemotePlayback | undefined;
        if (hasAirPlay || remote === undefined) return;
        this.#remote = remote;
        button.addEventListener("click", () => void this.prompt());
        for (const state of ["connecting", "connect", "disconnect"]) {
            remote.addEventListener(state, () => {
                this.#told();
            });
        }
        void this.#watch(remote);
    }

    /** Lets the viewer choose a device. */
    async prompt(): Promise<void> {
        if (this.#remote === undefined || this.#button.hidden) {
            this.#announce(this.#texts().noRemote);
            return;
        }
        try {
            await this.#remote.prompt();
        } catch {
            // The viewer chose none, or there is none any more.
        }
    }

    /** Shows the button while there is a device that can play what plays here. */
    async #watch(remote: RemotePlayback): Promise<void> {
        try {
            await remote.watchAvailability((available) => {
                this.#button.hidden = !available;
            });
        } catch (error) {
            // A browser that cannot look for devices all the time still looks for them when it is asked (§6.2.2).
            const looksLater = error instanceof DOMException && error.name === "NotSupportedError";
            this.#button.hidden = !looksLater;
        }
    }

    #told(): void {
        if (this.#remote === undefined) return;
        const { state } = this.#remote;
        this.#button.ariaPressed = String(state === "connected");
        this.#announce(fill(this.#texts()[STATES[state]]));
    }
}
