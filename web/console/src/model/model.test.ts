import assert from "node:assert/strict";
import { test } from "node:test";

import { captionFile } from "./captions.ts";
import { derivedUrl } from "./derived.ts";
import { citation, clamped, embedCode, fragment, pageOf, withFragment } from "./excerpt.ts";
import { bytes, clock, npt, parseClock } from "./format.ts";
import { crumbs, kindOf, mediaType, rows, type Content, type View } from "./listing.ts";
import { contentFault, isUserName, path, spaceFault } from "./naming.ts";
import { href, parse } from "./route.ts";

test("a name for a space is judged as the server judges it", () => {
    for (const [name, fault] of [
        ["films", undefined],
        ["a.b-c", undefined],
        ["ab", "length"],
        ["a".repeat(43), "length"],
        ["Films", "characters"],
        ["1films", "first"],
        ["films-", "hyphen"],
        ["a..b", "pairs"],
        ["a-.b", "pairs"],
        ["films.2", "digits"],
        ["films.b2", undefined],
        ["192.168.1.1", "first"],
        ["spaces", "reserved"],
    ] as const) {
        assert.equal(spaceFault(name), fault, name);
    }
});

test("a name of a content is judged as the server judges it", () => {
    for (const [name, fault] of [
        ["a b/ä.mp4", undefined],
        ["", "empty"],
        ["a?b", "characters"],
        ["a\\b", "characters"],
        ["a\u0007", "characters"],
        ["a/../b", "dots"],
        ["ä".repeat(171), "length"],
    ] as const) {
        assert.equal(contentFault(name), fault, name);
    }
    assert.equal(path("a b/#?.mp4"), "a%20b/%23%3F.mp4");
    assert.deepEqual(["alice", "a", "-a", "group-x", "public", "A"].map(isUserName), [
        true,
        true,
        false,
        false,
        false,
        false,
    ]);
});

test("sizes and times are written and read", () => {
    assert.deepEqual([0, 999, 1000, 1536, 99_950, 5_400_000_000].map(bytes), [
        "0 B",
        "999 B",
        "1.0 KB",
        "1.5 KB",
        "100 KB",
        "5.4 GB",
    ]);
    assert.deepEqual(
        [clock(0), clock(75.26, 1), clock(3725), clock(59.96, 1)],
        ["0:00", "1:15.3", "1:02:05", "1:00.0"],
    );
    for (const [text, seconds] of [
        ["75", 75],
        ["1:15", 75],
        ["0:01:15.25", 75.25],
        [" 12,5 ", 12.5],
        ["1:75", undefined],
        ["1:75:00", undefined],
        ["a", undefined],
        ["", undefined],
        ["-1", undefined],
    ] as const) {
        assert.equal(parseClock(text), seconds, text);
    }
    assert.equal(npt(12.34567), "12.346");
});

const content = (id: string, size: number, day: number): Content => ({
    id,
    size,
    modified: new Date(Date.UTC(2026, 0, day)),
});
const CONTENTS = [
    content("a/1.mp4", 3, 1),
    content("a/2.mp4", 4, 9),
    content("b10.mp4", 2, 3),
    content("b9.wav", 5, 2),
    content("c/", 0, 1),
];
const names = (view: Partial<View>) =>
    rows(CONTENTS, { prefix: "", search: "", sort: "name", descending: false, ...view }).map((row) => row.name);

test("contents are listed as folders and files", () => {
    assert.deepEqual(names({}), ["a/", "b9.wav", "b10.mp4", "c/"]);
    assert.deepEqual(names({ sort: "size", descending: true }), ["a/", "b9.wav", "b10.mp4", "c/"]);
    assert.deepEqual(names({ sort: "date", descending: true }), ["a/", "b10.mp4", "b9.wav", "c/"]);
    assert.deepEqual(names({ prefix: "a/" }), ["1.mp4", "2.mp4"]);
    assert.deepEqual(names({ search: "MP4" }), ["a/1.mp4", "a/2.mp4", "b10.mp4"]);
    const [folder] = rows(CONTENTS, { prefix: "", search: "", sort: "name", descending: false });
    assert.ok(folder?.kind === "folder" && folder.count === 2 && folder.size === 7);
    assert.deepEqual(crumbs("a/b/"), [
        { name: "a", prefix: "a/" },
        { name: "b", prefix: "a/b/" },
    ]);
    assert.deepEqual(
        [kindOf("a.MP4").family, kindOf("a.flac").family, kindOf("a").family],
        ["video", "audio", "other"],
    );
});

test("a media type is that of the name, or what the browser says", () => {
    assert.deepEqual(
        [
            mediaType("a.MKV", ""),
            mediaType("a.ts", "text/vnd.qt"),
            mediaType("a.txt", "text/plain"),
            mediaType("a", ""),
        ],
        ["video/x-matroska", "video/mp2t", "text/plain", undefined],
    );
});

test("a hundred thousand contents are sorted within half a second", () => {
    const many = Array.from({ length: 100_000 }, (_, at) => content(`${(at * 7919) % 100_000}.mp4`, at, 1));
    const begun = performance.now();
    assert.equal(rows(many, { prefix: "", search: "", sort: "size", descending: true })[0]?.size, 99_999);
    assert.ok(performance.now() - begun < 500);
});

test("an address leads to the route that it was made of", () => {
    for (const text of [
        "#/spaces",
        "#/spaces?search=fi",
        "#/spaces/films",
        "#/spaces/films/access",
        "#/spaces/films?folder=a+b%2F&content=a+b%2F%3Cc%3E%23%26.mp4&search=x&sort=-size",
        "#/users",
        "#/account",
    ]) {
        assert.equal(href(parse(text)), text);
    }
    for (const text of ["#/spaces/films/other", "#/nothing", "#/users/1", "#/spaces/%E0"]) {
        assert.equal(parse(text).page, "lost", text);
    }
    assert.equal(parse("").page, "spaces");
});

test("an excerpt is within its file and has a link, a code and a citation", () => {
    assert.deepEqual(clamped({ from: -1, to: 99 }, 40), { from: 0, to: 40 });
    assert.deepEqual(clamped({ from: 50, to: 2 }, 40), { from: 39.96, to: 40 });
    assert.equal(fragment({ from: 12.5, to: 20 }, 40), "t=12.5,20");
    assert.equal(fragment({ from: 12.5, to: 40 }, 40), "t=12.5");
    assert.equal(withFragment("https://h/a.mp4?x=1", "t=1,2"), "https://h/a.mp4?x=1&t=1,2");
    const page = pageOf('https://h/a"b#t=1,2', "https://m");
    assert.equal(page, "https://m/player/?src=https%3A%2F%2Fh%2Fa%22b%23t%3D1%2C2");
    assert.ok(embedCode(page, 'A "title"').startsWith(`<iframe src="${page}" title="A &quot;title&quot;" `));
    assert.equal(
        citation("a.mp4", "films", { from: 12.5, to: 20 }, "https://h/a.mp4?t=12.5,20", new Date("2026-11-29")),
        "“a.mp4”, 0:12.5–0:20.0. films. https://h/a.mp4?t=12.5,20 (accessed 2026-11-29).",
    );
});

test("a file of captions has a name that makes it the content's", () => {
    assert.equal(captionFile("a/talk.1.mp4", "pt-BR", "subtitles", "x.VTT"), "a/talk.1.pt-BR.vtt");
    assert.equal(captionFile("a.b/talk", "en", "sdh", "x.srt"), "a.b/talk.en.sdh.srt");
    assert.equal(captionFile("talk.mp4", "en", "forced", "x.txt"), undefined);
    assert.equal(captionFile("talk.mp4", "english", "sdh", "x.vtt"), undefined);
});

test("what is derived from a content stands below it, with its signature", () => {
    assert.equal(
        derivedUrl("https://a.example/films~1/a%20b.mp4?Policy=p&Signature=s", "t=1,2/master.m3u8"),
        "https://a.example/films~1/a%20b.mp4/~/t=1,2/master.m3u8?Policy=p&Signature=s",
    );
});
