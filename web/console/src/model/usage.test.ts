import assert from "node:assert/strict";
import { test } from "node:test";

import { added, fullness, isOff, parseBytes, parseCount } from "./usage.ts";

test("bytes are typed with a unit or without one", () => {
    const cases: [string, number | null | undefined][] = [
        ["", null],
        ["  ", null],
        ["0", 0],
        ["1000", 1000],
        ["500 GB", 500e9],
        ["1.5tb", 1.5e12],
        ["1,5 MB", 1.5e6],
        ["12 B", 12],
        ["-1", undefined],
        ["5 GiB", undefined],
        ["many", undefined],
        ["100000 PB", undefined],
    ];
    for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, text);
});

test("a count has digits, and may have separators", () => {
    const cases: [string, number | null | undefined][] = [
        ["", null],
        ["0", 0],
        ["100,000", 100000],
        ["1 000", 1000],
        ["-1", undefined],
        ["99999999999999999999", undefined],
    ];
    for (const [text, count] of cases) assert.equal(parseCount(text), count, text);
});

test("a quota is as full as its fuller bound", () => {
    const used = { bytes: 50, objects: 9 };
    assert.equal(fullness(used, {}), undefined);
    assert.equal(fullness(used, { bytes: 100, objects: null }), 0.5);
    assert.equal(fullness(used, { bytes: 100, objects: 10 }), 0.9);
    assert.equal(fullness(used, { bytes: 0 }), 1);
    assert.ok(isOff({}) && isOff({ bytes: null, objects: null }) && !isOff({ bytes: 0 }));
});

test("amounts add up by name", () => {
    const mp4 = { bytes: 1, objects: 1 };
    assert.deepEqual(added({ mp4 }, { mp4, flac: mp4 }), { mp4: { bytes: 2, objects: 2 }, flac: mp4 });
});
