import assert from "node:assert/strict";
import { test } from "node:test";

import { addressesOf, expiryOf, isSameContent, resigned } from "./addresses.js";

const BASE = "https://site.example/talk";
const FILE = "https://s.example/films~1/talk.flv";
const policy = (until: number) =>
    btoa(JSON.stringify({ Statement: [{ Condition: { DateLessThan: { "AWS:EpochTime": until } } }] }))
        .replaceAll("+", "-")
        .replaceAll("=", "_")
        .replaceAll("/", "~");
const stream = (until: number) => `Policy=${policy(until)}&Signature=b~c&Key-Pair-Id=K&Hash-Algorithm=SHA256&s=a.b.c`;

test("an answer of get-signed-url says where all forms are", () => {
    const signedUrl = `${FILE}?Expires=90&Signature=a`;
    const signedStreamUrl = `${FILE}/~/master.m3u8?${stream(80)}`;
    assert.deepEqual(addressesOf({ signedUrl, signedStreamUrl, signedCutUrl: `${FILE}?t=0&Expires=90` }, BASE), {
        file: signedUrl,
        derived: `${FILE}?${stream(80)}`,
        cut: `${FILE}?t=0&Expires=90`,
    });
    assert.deepEqual(addressesOf("media/a.mp4#t=1", BASE), {
        file: "https://site.example/media/a.mp4",
        derived: "https://site.example/media/a.mp4",
        cut: undefined,
    });
    for (const wrong of [undefined, null, 3, "", {}, { signedUrl: 3 }, "https://[/"]) {
        assert.equal(addressesOf(wrong, BASE), undefined, JSON.stringify(wrong));
    }
});

test("the first signature that expires counts", () => {
    const at = (file: string, derived: string) => expiryOf({ file, derived });
    assert.equal(at(`${FILE}?Expires=90`, `${FILE}?${stream(80)}`), 80_000);
    assert.equal(at(`${FILE}?Expires=70`, `${FILE}?${stream(80)}`), 70_000);
    assert.equal(at(FILE, FILE), undefined);
    assert.equal(at(`${FILE}?Policy=%00`, `${FILE}?Policy=e30_`), undefined);
});

test("a segment is asked for with the newest signature, and playlists with its copy, too", () => {
    const now = { file: FILE, derived: `${FILE}?${stream(80)}` };
    const signature = stream(80).replace(/&s=.*/, "");
    for (const [before, after] of [
        ["/~/v-1/1-90000/0.m4s?Policy=x&Signature=y&Key-Pair-Id=z", `/~/v-1/1-90000/0.m4s?${signature}`],
        ["/~/v-1/1-90000/playlist.m3u8?Policy=x&s=d.e.f", `/~/v-1/1-90000/playlist.m3u8?${stream(80)}`],
        ["/~/about.json?a=1", `/~/about.json?a=1&${signature}`],
        ["?Policy=x", "?Policy=x"],
        [".other/~/master.m3u8?Policy=x", ".other/~/master.m3u8?Policy=x"],
    ] as const) {
        assert.equal(resigned(FILE + before, now), FILE + after);
    }
    assert.equal(resigned(`${FILE}/~/a.m4s`, { file: FILE, derived: FILE }), `${FILE}/~/a.m4s`);
});

test("another signature makes no other content", () => {
    for (const [one, other, same] of [
        [`${FILE}?Expires=1&Signature=a`, `${FILE}?Expires=2&Signature=b`, true],
        [`${FILE}?t=0&Expires=1#t=1`, `${FILE}?t=0&Policy=1#t=1`, true],
        [FILE, `${FILE}?Expires=2`, true],
        [`${FILE}#t=1`, `${FILE}#t=2`, false],
        [`${FILE}?t=1`, `${FILE}?t=2`, false],
        [FILE, `${FILE}x`, false],
    ] as const) {
        assert.equal(isSameContent(one, other), same, `${one} ${other}`);
    }
});
