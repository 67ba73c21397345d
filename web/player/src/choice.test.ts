import assert from "node:assert/strict";
import { test } from "node:test";

import { chaptersFor, derived, formUrl, read, whyNot } from "./about.js";
import { languageName, soundLabel } from "./audio.js";
import { type Abilities, choose, type FormName, playability } from "./choice.js";

const HLS = "application/vnd.apple.mpegurl";

/** What the server says of a content with these tracks. Without codecs of a stream there is none. */
function about(mime: string, tracks: readonly (readonly [string, string])[], streamed?: string) {
    const described = read({
        duration: 40,
        mime,
        tracks: tracks.map(([kind, codec], at) => ({ id: at + 1, kind, codec })),
        forms: {
            file: { url: "../../a", mime, codecs: "" },
            hls: streamed === undefined ? { unavailable: "no" } : { url: "master.m3u8", mime: HLS, codecs: streamed },
        },
    });
    assert.ok(described);
    return described;
}

/** Browsers, by the types that they play and those that they buffer. */
function browser(
    plays: Record<string, CanPlayTypeResult>,
    buffers: string[],
    more: Partial<Abilities> = {},
): Abilities {
    return {
        plays: (type) => plays[type] ?? "",
        buffers: (type) => buffers.includes(type),
        hls: false,
        selectsTracks: false,
        delaysMatroska: false,
        ...more,
    };
}

const AVC = 'video/mp4; codecs="avc1.640015"';
const AAC = 'audio/mp4; codecs="mp4a.40.2"';
const chromium = browser(
    {
        "video/mp4": "maybe",
        'video/mp4; codecs="avc1.640015,mp4a.40.2"': "probably",
        "video/webm": "maybe",
        'video/webm; codecs="vp9,opus"': "probably",
        "audio/mpeg": "probably",
    },
    [AVC, AAC],
);
const safari = browser({ [HLS]: "maybe" }, [AVC, AAC], { hls: true, selectsTracks: true });
const old = browser({ "video/mp4": "maybe" }, []);

const FILM = [
    ["video", "avc1.640015"],
    ["audio", "mp4a.40.2"],
] as const;
const TWO_SOUNDS = [...FILM, ["audio", "mp4a.40.2"]] as const;
const HEVC = [
    ["video", "hvc1.1.6.L93.B0"],
    ["audio", "mp4a.40.2"],
] as const;
const STREAM = "avc1.640015,mp4a.40.2";

test("the first form is the cheapest one that a browser surely plays whole", () => {
    const cases: [string, ReturnType<typeof about>, Abilities, string][] = [
        ["MP4", about("video/mp4", FILM, STREAM), chromium, "stored hls cut"],
        ["QuickTime is MP4 by another name", about("video/quicktime", FILM, STREAM), chromium, "stored hls cut"],
        ["WebM without a stream", about("video/webm", [["video", "vp8"]]), chromium, "stored cut"],
        ["Matroska of H.264", about("video/x-matroska", FILM, STREAM), chromium, "hls stored cut"],
        ["FLV", about("video/x-flv", FILM, STREAM), chromium, "hls cut"],
        ["FLV without a stream", about("video/x-flv", [["video", "flv1"]]), chromium, "cut"],
        [
            "MP3 of a codec that browsers name otherwise",
            about("audio/mpeg", [["audio", "mp3"]]),
            chromium,
            "stored cut",
        ],
        [
            "several sounds, of which a file plays one",
            about("video/mp4", TWO_SOUNDS, STREAM),
            chromium,
            "hls stored cut",
        ],
        ["several sounds without a stream", about("video/mp4", TWO_SOUNDS), chromium, "stored cut"],
        [
            "HEVC where it is not known: its sound",
            about("video/x-flv", HEVC, "hvc1.1.6.L93.B0,mp4a.40.2"),
            chromium,
            "cut hls:audio",
        ],
        ["FLV where the browser plays HLS", about("video/x-flv", FILM, STREAM), safari, "hls cut"],
        ["no Media Source Extensions", about("video/x-flv", FILM, STREAM), old, "cut"],
    ];
    for (const [name, content, can, expected] of cases) {
        const choices = choose(content, content.mime, { tracks: [] }, can);
        const shown = choices.map(({ form, tracks }) => (tracks.length === 0 ? form : `${form}:${tracks.join()}`));
        assert.equal(shown.join(" "), expected, name);
    }
});

test("tracks that are asked for come by a stream or a cut if the browser cannot select them", () => {
    const forms = (can: Abilities, tracks: string[]) =>
        choose(about("video/mp4", TWO_SOUNDS, STREAM), "video/mp4", { tracks }, can).map(({ form }) => form);
    assert.deepEqual(forms(chromium, ["3"]), ["hls", "cut"]);
    assert.deepEqual(forms(chromium, ["nosuch"]), ["cut"]);
    const selecting = { ...chromium, selectsTracks: true };
    assert.deepEqual(forms(selecting, ["audio"]), ["stored", "hls", "cut"]);
    assert.deepEqual(forms(selecting, []), ["stored", "hls", "cut"]);
});

test("a page can ask for one form alone", () => {
    const only = (form: FormName) =>
        choose(about("video/mp4", FILM, STREAM), "video/mp4", { tracks: [], form }, chromium).map(
            (choice) => choice.form,
        );
    assert.deepEqual([only("hls"), only("stored"), only("cut")], [["hls"], ["stored"], ["cut"]]);
});

test("without a description the stored file and its cuts are tried", () => {
    const forms = (type: string) => choose(undefined, type, { tracks: [] }, chromium).map(({ form }) => form);
    assert.deepEqual([forms("video/mp4"), forms("video/x-flv"), forms("")], [["stored", "cut"], ["cut"], ["stored"]]);
    assert.deepEqual(forms("binary/octet-stream"), ["stored", "cut"]);
});

test("a container alone says less than its codecs", () => {
    assert.equal(playability(chromium, "video/mp4", ["avc1.640015", "mp4a.40.2"]), 2);
    assert.equal(playability(chromium, "video/mp4", ["nosuch"]), 1);
    assert.equal(playability(chromium, "audio/mpeg"), 2);
    assert.equal(playability(chromium, "video/x-flv", ["avc1.640015"]), 0);
});

test("derived forms have the content's signature, and cuts have none", () => {
    assert.equal(derived("https://example.org/a~2/b.mp4", "about.json"), "https://example.org/a~2/b.mp4/~/about.json");
    assert.equal(
        derived("https://example.org/a/b.mp4?Expires=1&Signature=x%2By&Key-Pair-Id=k#t=1", "master.m3u8"),
        "https://example.org/a/b.mp4/~/master.m3u8?Expires=1&Signature=x%2By&Key-Pair-Id=k",
    );
    assert.equal(derived("https://example.org/a/b.mp4?t=1,2", "about.json"), undefined);
    assert.equal(derived("blob:https://example.org/1", "about.json"), undefined);
});

test("Matroska that a browser shows too late is streamed", () => {
    const film = [
        ["video", "avc1.640015"],
        ["audio", "mp4a.40.2"],
    ] as const;
    const matroska = { "video/webm": "maybe", 'video/webm; codecs="avc1.640015,mp4a.40.2"': "probably" } as const;
    const first = (
        type: string,
        codecs: typeof film | readonly (readonly [string, string])[],
        delaysMatroska: boolean,
    ) => {
        const can = browser({ ...matroska, 'video/webm; codecs="vp9,opus"': "probably" }, [AVC, AAC], {
            delaysMatroska,
        });
        return choose(about(type, codecs, "avc1.640015,mp4a.40.2"), type, { tracks: [] }, can)[0]?.form;
    };
    assert.equal(first("video/x-matroska", film, false), "stored");
    assert.equal(first("video/x-matroska", film, true), "hls");
    assert.equal(
        first(
            "video/webm",
            [
                ["video", "vp9"],
                ["audio", "opus"],
            ],
            true,
        ),
        "stored",
    );
});

test("a description may have anything in it", () => {
    assert.equal(read(null), undefined);
    assert.equal(read({ forms: [] }), undefined);
    const odd = read({
        duration: "1",
        tracks: [3, { id: "x" }],
        chapters: {},
        forms: { hls: 5, dash: { unavailable: "why" } },
    });
    assert.deepEqual(odd?.tracks, [{ id: 0, kind: "", codec: "" }]);
    assert.equal(formUrl(odd, "https://example.org/a", "hls"), undefined);
    assert.equal(whyNot(odd, "dash"), "why");
});

test("chapters are found by any of their names", () => {
    const found = read({ forms: {}, chapters: [{ ids: ["a", "b"], titles: ["One", "Eins"], start: 1, end: 2 }] });
    assert.ok(found);
    assert.deepEqual(chaptersFor(found, "Eins"), [{ start: 1, end: 2, id: "a", title: "Eins" }]);
    assert.deepEqual(chaptersFor(found, "b"), [{ start: 1, end: 2, id: "b", title: "One" }]);
});

test("sounds are called by name and language", () => {
    const texts = { sound: "Sound {number}", describes: "describes the pictures" };
    const label = (name: string, language: string, describes = false) =>
        soundLabel({ name, language, describes }, 1, texts);
    assert.equal(label("Commentary", "de"), "Commentary (German)");
    assert.equal(label("German", "deu"), "German");
    assert.equal(label("deu (2)", "deu"), "German");
    assert.equal(label("", "fra", true), "French, describes the pictures");
    assert.equal(label("", "und"), "Sound 2");
    assert.equal(languageName("not a language", "en"), "not a language");
});
