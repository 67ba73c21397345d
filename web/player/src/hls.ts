/** HLS by Media Source Extensions: hls.js, set up for streams that are made of one stored file. */

import Hls, { type ErrorData, type Events, type HlsConfig, type MediaPlaylist } from "hls.js";

import type { Access } from "./access.js";
import { resigned } from "./addresses.js";
import type { AudioTracks } from "./audio.js";
import type { Form } from "./forms.js";
import { Problem, problemOf } from "./problem.js";

/** Seconds that are loaded ahead: before anybody plays, and while it plays. */
const AHEAD_BEFORE = 6;
const AHEAD = 30;
/** What the server answers to a signature that is over, and how soon after one renewal another one makes no sense. */
const FORBIDDEN = 403;
const SOON = 5000;
/** How often an error of the decoder is recovered from before the form gives up. */
const RECOVERIES = 2;

interface Options {
    readonly access: Access;
    /** Where playback will begin, in seconds. */
    readonly start: number | undefined;
    readonly video: HTMLVideoElement;
}

/** What every player of HLS here is set up with. */
export function configuration(video: HTMLVideoElement, access: Access): Partial<HlsConfig> {
    const credentials = video.crossOrigin === "use-credentials";
    return {
        // The worker comes from a blob, which a strict content security policy refuses; fragmented MP4 needs no remuxing.
        enableWorker: false,
        // What has been played stays for seeking back, within reason.
        backBufferLength: 60,
        // The player has its own subtitles and its own names for them.
        renderTextTracksNatively: true,
        xhrSetup: (request, url) => {
            const current = resigned(url, access.addresses);
            if (current !== url) request.open("GET", current, true);
            request.withCredentials = credentials;
        },
    };
}

function form(url: string, type: string, { access, start, video }: Options): Form {
    const eager = video.preload === "auto" || video.autoplay;
    const waits = video.preload === "none" && !video.autoplay;
    const hls = new Hls({
        ...configuration(video, access),
        autoStartLoad: !waits,
        startPosition: start ?? -1,
        maxBufferLength: eager ? AHEAD : AHEAD_BEFORE,
        maxMaxBufferLength: eager ? 600 : AHEAD,
    });
    const done = new AbortController();
    let recoveries = 0;
    let refreshed = -Infinity;
    /** A refused request is repeated with another signature, unless that was refused just now. */
    const refresh = (failed: () => void) => {
        if (!access.isRenewed || performance.now() - refreshed < SOON) return false;
        refreshed = performance.now();
        void access.refresh().then((renewed) => {
            if (done.signal.aborted) return;
            if (!renewed) failed();
            else if (hls.levels.length > 0) hls.startLoad();
            else hls.loadSource(url);
        });
        return true;
    };
    const recover = () => {
        recoveries += 1;
        if (recoveries > RECOVERIES) return false;
        hls.recoverMediaError();
        return true;
    };
    return {
        name: "hls",
        type,
        isScripted: true,
        audio: audioOf(hls),
        attach(element, failed) {
            hls.on(Hls.Events.ERROR, (_: Events.ERROR, data) => {
                if (!data.fatal || (data.type === Hls.ErrorTypes.MEDIA_ERROR && isOfDecoder(data) && recover())) return;
                const fail = () => {
                    failed(problemIn(data));
                };
                const isRefused = data.type === Hls.ErrorTypes.NETWORK_ERROR && data.response?.code === FORBIDDEN;
                if (!isRefused || !refresh(fail)) fail();
            });
            const loads = () => {
                Object.assign(hls.config, { maxBufferLength: AHEAD, maxMaxBufferLength: 600 });
                if (waits && !hls.loadingEnabled) hls.startLoad(start ?? -1);
            };
            element.addEventListener("play", loads, { once: true, signal: done.signal });
            hls.loadSource(url);
            hls.attachMedia(element);
        },
        recover,
        detach() {
            done.abort();
            hls.destroy();
        },
    };
}

function isOfDecoder({ details }: ErrorData): boolean {
    return details !== Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR;
}

/** What an error means for a viewer. */
function problemIn({ details, error, response, type }: ErrorData): Problem {
    if (type === Hls.ErrorTypes.NETWORK_ERROR) return problemOf(response?.code ?? 0);
    return new Problem("broken", { reason: error.message === "" ? details : error.message });
}

/** The renditions of sound, each once, though several groups may have it. */
function audioOf(hls: Hls): AudioTracks {
    const same = (one: MediaPlaylist, other: MediaPlaylist) => one.name === other.name && one.lang === other.lang;
    const tracks = () =>
        hls.allAudioTracks.filter((track, at, all) => all.findIndex((other) => same(track, other)) === at);
    return {
        get list() {
            return tracks().map(({ name, lang, characteristics }) => ({
                name,
                language: lang ?? "",
                describes: characteristics?.includes("public.accessibility.describes-video") ?? false,
            }));
        },
        get selected() {
            const current = hls.audioTracks[hls.audioTrack];
            return current === undefined ? -1 : tracks().findIndex((track) => same(track, current));
        },
        set selected(place: number) {
            const wanted = tracks()[place];
            if (wanted === undefined) return;
            const at = hls.audioTracks.findIndex((track) => same(track, wanted));
            if (at >= 0) hls.audioTrack = at;
            else hls.setAudioOption(wanted);
        },
        watch(changed, signal) {
            const events = [Hls.Events.AUDIO_TRACKS_UPDATED, Hls.Events.AUDIO_TRACK_SWITCHED] as const;
            for (const event of events) hls.on(event, changed);
            signal.addEventListener("abort", () => {
                for (const event of events) hls.off(event, changed);
            });
        },
    };
}

/** What the player uses of hls.js. */
export const stream = { isSupported: () => Hls.isSupported(), form };

/** When it is looked whether a picture that was asked for is shown, in milliseconds, and how often it is asked for again. */
const PATIENCE = 300;
const REPEATS = 8;

/** Shows pictures of a stream in a video: the first picture of the segment at a time. */
export class Pictures {
    readonly #hls: Hls;
    readonly #video: HTMLVideoElement;
    #pictures: ReturnType<Hls["createIFramePlayer"]> = null;
    #wanted: number | undefined;
    #timer: ReturnType<typeof setTimeout> | undefined;

    /** `url` is that of the multivariant playlist. Nothing but playlists and single pictures is loaded. */
    constructor(url: string, video: HTMLVideoElement, settings: Partial<HlsConfig>) {
        this.#video = video;
        this.#hls = new Hls({ ...settings, autoStartLoad: false });
        // hls.js's own listeners, which came first, know the playlist by then.
        this.#hls.once(Hls.Events.MANIFEST_LOADED, () => {
            this.#pictures = this.#hls.createIFramePlayer();
            this.#pictures?.attachMedia(video);
            if (this.#wanted !== undefined) this.show(this.#wanted);
        });
        this.#hls.loadSource(url);
    }

    show(time: number): void {
        this.#wanted = time;
        this.#ask(time, REPEATS);
    }

    destroy(): void {
        clearTimeout(this.#timer);
        this.#hls.destroy();
    }

    /** hls.js forgets a picture that is asked for while another one is being buffered at its end: so it is asked again. */
    #ask(time: number, repeats: number): void {
        clearTimeout(this.#timer);
        this.#pictures?.loadMediaAt(time);
        if (repeats === 0) return;
        this.#timer = setTimeout(() => {
            const { currentTime, readyState, seeking } = this.#video;
            const isShown = Math.abs(currentTime - time) < 0.1 && !seeking && readyState >= 2;
            if (!isShown) this.#ask(time, repeats - 1);
        }, PATIENCE);
    }
}
