/** What each key does to the player. */

import type { Action } from "./keyboard.js";
import type { Parts } from "./parts.js";
import { clock, fill } from "./texts.js";

const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3, 4];
/** What is taken for the length of a picture, in seconds, as no browser tells. */
const PICTURE = 1 / 25;

/** Does what a key asks for. `key` is the key itself, as the digits go to tenths of the media. */
export async function act(player: Parts, action: Action, key: string): Promise<void> {
    const { video, texts } = player;
    const seek = (time: number) => {
        video.currentTime = Math.min(Math.max(time, 0), Number.isFinite(video.duration) ? video.duration : Infinity);
    };
    const step = (pictures: number) => {
        video.pause();
        seek(video.currentTime + pictures * PICTURE);
    };
    const setVolume = (volume: number) => {
        video.muted = false;
        video.volume = Math.min(Math.max(volume, 0), 1);
        player.announce(fill(texts.volume, { percent: Math.round(video.volume * 100) }));
    };
    const setRate = (by: 1 | -1) => {
        const rates = by > 0 ? RATES : [...RATES].reverse();
        const rate = rates.find((one) => (one - video.playbackRate) * by > 0);
        if (rate !== undefined) video.playbackRate = rate;
        player.announce(fill(texts.rate, { rate: video.playbackRate }));
    };
    const acts: Record<Action, () => unknown> = {
        play: async () => {
            if (video.paused) await video.play();
            else video.pause();
            player.announce(video.paused ? fill(texts.paused, { time: clock(video.currentTime) }) : texts.playing);
        },
        back: () => {
            seek(video.currentTime - 5);
        },
        forward: () => {
            seek(video.currentTime + 5);
        },
        backMore: () => {
            seek(video.currentTime - 10);
        },
        forwardMore: () => {
            seek(video.currentTime + 10);
        },
        previousFrame: () => {
            step(-1);
        },
        nextFrame: () => {
            step(1);
        },
        start: () => {
            seek(0);
        },
        end: () => {
            seek(video.duration);
        },
        tenths: () => {
            seek((video.duration * Number(key)) / 10);
        },
        louder: () => {
            setVolume(video.volume + 0.1);
        },
        quieter: () => {
            setVolume(video.volume - 0.1);
        },
        mute: () => {
            video.muted = !video.muted;
            player.announce(video.muted ? texts.muted : texts.unmuted);
        },
        slower: () => {
            setRate(-1);
        },
        faster: () => {
            setRate(1);
        },
        captions: () => {
            player.choices.toggleCaptions();
        },
        audio: () => {
            player.toggle("audio");
        },
        chapters: () => {
            player.toggle("chapters");
        },
        previousChapter: () => {
            player.choices.goToChapter(player.chapters.current - 1);
        },
        nextChapter: () => {
            player.choices.goToChapter(player.chapters.current + 1);
        },
        fullscreen: () =>
            player.root.fullscreenElement === null ? player.frame.requestFullscreen() : document.exitFullscreen(),
        pictureInPicture: () =>
            document.pictureInPictureElement === null
                ? video.requestPictureInPicture()
                : document.exitPictureInPicture(),
        remote: () => player.remote.prompt(),
        again: () => player.excerpt.again(),
        area: () => {
            player.showNextArea();
        },
        setStart: () => {
            player.sharing.setStart();
        },
        setEnd: () => {
            player.sharing.setEnd();
        },
        share: () => {
            player.toggle("share");
        },
        help: () => {
            player.toggle("help");
        },
    };
    try {
        await acts[action]();
    } catch (error) {
        // The browser refuses some, such as playing without a gesture or full screen in a frame: nothing happens then.
        if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error;
    }
}
