import assert from "node:assert/strict";
import { test } from "node:test";

import { captionFile } from "./captions.ts";
import { derivedUrl } from "./derived.ts";
import { citation, clamped, embedCode, fragment, pageOf, withFragment } from "./excerpt.ts";
import { bytes, clock, npt, parseClock } from "./format.ts";
import { compareIds, merged, nextAsked } from "./known.ts";
import { crumbs, isMedia, kindOf, mediaType, rows, type Content, type IndexState, type View } from "./listing.ts";
import { contentFault, isUserName, path, spaceFault } from "./naming.ts";
import { nextOf } from "./queue.ts";
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

const content = (id: string, size: number, day: number, status: IndexState["status"] = "ready"): Content => ({
    id,
    size,
    modified: new Date(Date.UTC(2026, 0, day)),
    index: { status },
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

test("ids are in the order of their UTF-8 bytes", () => {
    const ids = ["", "a", "a/b", "a0", "b", "\u{7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}"];
    const encoded = (id: string) => Buffer.from(id, "utf8");
    for (const one of ids) {
        for (const other of ids) {
            assert.equal(
                Math.sign(compareIds(one, other)),
                Buffer.compare(encoded(one), encoded(other)),
                `${one} ${other}`,
            );
        }
    }
});

test("what a later list says is merged into what is known", () => {
    const known = [content("a", 1, 1), content("b", 1, 1, "waiting"), content("c", 1, 1), content("d", 1, 1)];
    const ids = (contents: readonly Content[]) => contents.map(({ id, index }) => `${id} ${index.status}`);
    const all = { prefix: "", count: 1000 };
    assert.equal(merged(known, { contents: known.slice(), more: false }, all), known);
    const some = { contents: [content("b", 1, 1), content("bb", 1, 1), content("d", 1, 1)], more: true };
    assert.deepEqual(ids(merged(known, some, { ...all, marker: "a" })), ["a ready", "b ready", "d ready", "bb ready"]);
    assert.deepEqual(ids(merged(known, { contents: [], more: false }, { ...all, marker: "b" })), [
        "a ready",
        "b waiting",
    ]);
    const one = { prefix: "b", count: 1 };
    assert.deepEqual(ids(merged(known, { contents: [content("b", 1, 1)], more: true }, one))[1], "b ready");
    // Another content of that prefix alone: the content is gone.
    assert.deepEqual(ids(merged(known, { contents: [content("bc", 1, 1)], more: false }, one)), [
        "a ready",
        "c ready",
        "d ready",
    ]);
});

test("few waiting contents are asked for one by one, and many by lists in turn", () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => content(`f/${at}.mp4`, 1, 1, "waiting"));
    assert.deepEqual(nextAsked([content("a", 1, 1), ...many(2)], "", ""), [
        { prefix: "f/0.mp4", count: 1 },
        { prefix: "f/1.mp4", count: 1 },
    ]);
    assert.deepEqual(nextAsked(many(9), "f/", ""), [{ prefix: "f/", marker: "f/0.mp", count: 1000 }]);
    assert.deepEqual(nextAsked(many(9), "f/", "f/5.mp4")[0]?.marker, "f/6.mp");
    assert.deepEqual(nextAsked(many(9), "f/", "f/8.mp4")[0]?.marker, "f/0.mp");
});

test("contents are sorted by the state of their index, and media that have none come first", () => {
    const all = [
        content("a.mp4", 1, 1),
        content("b.mp4", 1, 1, "waiting"),
        content("c.mp4", 1, 1, "refused"),
        content("d.txt", 1, 1, "refused"),
    ];
    const sorted = rows(all, { prefix: "", search: "", sort: "status", descending: false });
    assert.deepEqual(
        sorted.map(({ id }) => id),
        ["c.mp4", "b.mp4", "a.mp4", "d.txt"],
    );
    assert.deepEqual(
        [isMedia({ ...content("x", 1, 1), type: "audio/mpeg" }), isMedia(content("x.txt", 1, 1))],
        [true, false],
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

test("a hundred thousand contents are sorted by size, and by the numbers in their names", () => {
    const count = 100_000;
    const many = Array.from({ length: count }, (_, at) => content(`${(at * 7919) % count}.mp4`, at, 1));
    const sorted = (sort: "size" | "name", descending: boolean) =>
        rows(many, { prefix: "", search: "", sort, descending }).map((row) => (sort === "size" ? row.size : row.name));
    assert.deepEqual(
        sorted("size", true),
        Array.from(many, (_, at) => count - 1 - at),
    );
    assert.deepEqual(
        sorted("name", false),
        Array.from(many, (_, at) => `${at}.mp4`),
    );
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

test("what is in view is loaded first", () => {
    const ids = ["a", "b", "c", "d"];
    assert.equal(nextOf(ids, new Set(), new Set()), "a");
    assert.equal(nextOf(ids, new Set(["a"]), new Set(["a", "c", "d"])), "c");
    assert.equal(nextOf(ids, new Set(["c", "d"]), new Set(["c", "d"])), "a");
    assert.equal(nextOf(ids, new Set(ids), new Set(ids)), undefined);
});
