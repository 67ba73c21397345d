/** All texts that the player shows or says, in English. A page overrides them with `ReelspanPlayer.texts` or `player.texts`. */

export const english = {
    // The excerpt that the URL names.
    excerpt: "Excerpt {start} to {end}",
    excerptEnded: "The excerpt has ended.",
    playAgain: "Play again",
    playOn: "Play on",
    behindTheEnd: "The link points to {start}, but the media is {duration} long.",
    // A part of the picture.
    highlightArea: "Highlight the part",
    enlargeArea: "Enlarge the part",
    wholePicture: "Show the whole picture",
    // Sounds, captions and chapters.
    audio: "Sound",
    sound: "Sound {number}",
    describes: "describes the pictures",
    soundIs: "Sound: {name}",
    oneSound: "There is one sound only",
    captions: "Captions",
    captionsAre: "Captions: {name}",
    captionsOff: "Captions off",
    noCaptions: "There are no captions",
    noneShown: "Off",
    chapters: "Chapters",
    chapterIs: "Chapter: {name}",
    noChapters: "There are no chapters",
    // Sharing.
    share: "Share",
    shareTitle: "Share",
    linkNow: "Link to this moment",
    copyLinkNow: "Copy link at {time}",
    linkExcerpt: "Link to an excerpt",
    setStart: "Start here",
    setEnd: "End here",
    from: "from {time}",
    to: "to {time}",
    theBeginning: "the beginning",
    theEnd: "the end",
    copyLinkExcerpt: "Copy link to excerpt",
    copyEmbed: "Copy embed code",
    download: "Download excerpt",
    copyStream: "Copy stream address (HLS)",
    copied: "Copied.",
    notCopied: "Press Ctrl+C to copy.",
    startSet: "Excerpt starts at {time}",
    endSet: "Excerpt ends at {time}",
    // Help.
    help: "Keyboard shortcuts",
    close: "Close",
    // Another device.
    remote: "Play on another device",
    noRemote: "There is no other device to play on",
    remoteConnecting: "Connecting to another device",
    remoteOn: "Playing on another device",
    remoteOff: "Playing here",
    // Announcements.
    playing: "Playing",
    paused: "Paused at {time}",
    muted: "Muted",
    unmuted: "Unmuted",
    volume: "Volume {percent} %",
    rate: "Speed {rate}",
    // Problems.
    notFound: "There is no such media.",
    forbidden: "This media needs a permission that the link does not have.",
    indexing: "This media has just arrived and is still being read. Try again in a moment.",
    unreachable: "The server cannot be reached.",
    failed: "The server answered {status}.",
    unplayable: "This browser cannot play {type}.",
    unstreamable: "This browser cannot play {type}, and there is no stream of it: {reason}.",
    broken: "This browser cannot play the file: {reason}",
    downloadFile: "Download the file",
    // Keys of the help panel.
    keys: {
        play: "Play or pause",
        back: "Back 5 seconds",
        forward: "Forward 5 seconds",
        backMore: "Back 10 seconds",
        forwardMore: "Forward 10 seconds",
        previousFrame: "Previous picture",
        nextFrame: "Next picture",
        louder: "Louder",
        quieter: "Quieter",
        mute: "Sound on or off",
        slower: "Slower",
        faster: "Faster",
        captions: "Captions on or off",
        audio: "Choose the sound",
        chapters: "Choose a chapter",
        previousChapter: "Previous chapter",
        nextChapter: "Next chapter",
        fullscreen: "Full screen",
        pictureInPicture: "Picture in picture",
        remote: "Play on another device",
        tenths: "Go to 0 % … 90 %",
        start: "Go to the beginning",
        end: "Go to the end",
        again: "Play the excerpt again",
        area: "Highlight or enlarge the part",
        setStart: "Start the excerpt here",
        setEnd: "End the excerpt here",
        share: "Share",
        help: "This help",
    },
    // What the controls of media-chrome say, by its own keys.
    controls: {
        Play: "Play",
        Pause: "Pause",
        play: "Play",
        pause: "Pause",
        Mute: "Mute",
        Unmute: "Unmute",
        mute: "Mute",
        unmute: "Unmute",
        volume: "Volume",
        seek: "Position",
        "Playback rate": "Speed",
        "Playback rate {playbackRate}": "Speed {playbackRate}x",
        "current playback rate": "Speed",
        "Enter fullscreen mode": "Full screen",
        "Exit fullscreen mode": "Leave full screen",
        "enter fullscreen mode": "Full screen",
        "exit fullscreen mode": "Leave full screen",
        "Enter picture in picture mode": "Picture in picture",
        "Exit picture in picture mode": "Leave picture in picture",
        "enter picture in picture mode": "Picture in picture",
        "exit picture in picture mode": "Leave picture in picture",
        "Start airplay": "AirPlay",
        "Stop airplay": "Stop AirPlay",
        "start airplay": "AirPlay",
        "stop airplay": "Stop AirPlay",
        "playback time": "Time",
        "media loading": "Loading",
        "chapter: {chapterName}": "Chapter: {chapterName}",
        "video player": "Video player",
        "audio player": "Audio player",
        "{time} remaining": "{time} remaining",
        "{currentTime} of {totalTime}": "{currentTime} of {totalTime}",
        "video not loaded, unknown time.": "Nothing is loaded.",
        hour: "hour",
        hours: "hours",
        minute: "minute",
        minutes: "minutes",
        second: "second",
        seconds: "seconds",
    } as Record<string, string>,
};

export type Texts = typeof english;

/** Some texts, which replace the English ones. */
export type SomeTexts = Partial<Omit<Texts, "keys" | "controls">> & {
    keys?: Partial<Texts["keys"]>;
    controls?: Record<string, string>;
};

/** The English texts with some replaced. */
export function withTexts(texts: Texts, some: SomeTexts): Texts {
    return {
        ...texts,
        ...some,
        keys: { ...texts.keys, ...some.keys },
        controls: { ...texts.controls, ...some.controls },
    };
}

/** Puts values into a text: `fill("from {time}", { time: "0:12" })`. */
export function fill(text: string, values: Record<string, string | number> = {}): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A time as people read it: `0:12`, `1:02:03`; with tenths if asked for. */
export function clock(seconds: number, tenths = false): string {
    const whole = Math.max(0, tenths ? Math.floor(seconds * 10 + 1e-6) / 10 : Math.floor(seconds + 1e-6));
    const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    const fraction = tenths ? `.${Math.floor(((whole * 10) % 10) + 1e-6)}` : "";
    return `${hours > 0 ? `${hours}:${two(minutes)}` : String(minutes)}:${two(whole % 60)}${fraction}`;
}
