import assert from "node:assert/strict";
import { test } from "node:test";

import { embedOf, fileOf, fragmentOf, linkTo, nameOf, streamOf } from "./links.js";
import { clock, english, fill, withTexts } from "./texts.js";

const MEDIA = "https://media.example.org/media/demo/a%20talk.mp4#t=1,2";
const PAGE = "https://media.example.org/player/";

test("a link leads to the moment, and to nothing more", () => {
    assert.equal(linkTo(MEDIA, { start: 12.4804 }), "https://media.example.org/media/demo/a%20talk.mp4#t=12.48");
    assert.equal(linkTo(MEDIA, {}), "https://media.example.org/media/demo/a%20talk.mp4");
    const link = new URL(linkTo(MEDIA, { start: 10, end: 20 }, PAGE));
    assert.equal(link.searchParams.get("src"), "https://media.example.org/media/demo/a%20talk.mp4#t=10,20");
    assert.equal(link.hash, "");
});

test("an excerpt is a file", () => {
    assert.equal(fileOf(MEDIA, { start: 10, end: 20 }), "https://media.example.org/media/demo/a%20talk.mp4?t=10,20");
    assert.equal(fileOf("/m/a.mp4?Signature=x", { end: 20 }), "/m/a.mp4?Signature=x&t=,20");
    assert.equal(fragmentOf({ start: 0 }), "");
});

test("an excerpt is a stream", () => {
    const media = "https://media.example.org/media/demo/a%20talk.mp4";
    assert.equal(streamOf(MEDIA, { start: 10, end: 20 }), `${media}/~/t=10,20/master.m3u8`);
    assert.equal(streamOf(`${media}?Signature=x`, {}), `${media}/~/master.m3u8?Signature=x`);
    assert.equal(streamOf(`${media}?t=1`, {}), undefined);
});

test("embed code is markup of text alone", () => {
    const code = embedOf("https://example.org/a.mp4", {}, '"><script>alert(1)</script>', PAGE);
    assert.ok(
        !code.includes("<script") && code.startsWith("<iframe ") && code.includes("&quot;&gt;&lt;script&gt;"),
        code,
    );
    assert.ok(embedOf("https://example.org/a.mp4", { start: 3 }, "A").includes('src="https://example.org/a.mp4#t=3"'));
});

test("media have names", () => {
    assert.equal(nameOf(MEDIA, PAGE), "a talk.mp4");
    assert.equal(nameOf("/media/demo/%zz", PAGE), "/media/demo/%zz");
});

test("texts are filled in and replaced", () => {
    assert.equal(fill("from {time} to {x}", { time: "0:12" }), "from 0:12 to {x}");
    const texts = withTexts(english, { share: "Teilen", keys: { help: "Hilfe" } });
    assert.deepEqual([texts.share, texts.keys.help, texts.close], ["Teilen", "Hilfe", "Close"]);
});

test("times are read by people", () => {
    assert.deepEqual([clock(12.5), clock(3723), clock(65.26, true), clock(0)], ["0:12", "1:02:03", "1:05.2", "0:00"]);
});
