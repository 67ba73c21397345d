import assert from "node:assert/strict";
import { test } from "node:test";

import { Meter, isSameFile, isWhole, partSize, pause, placed } from "./transfer.ts";

const MIB = 2 ** 20;

test("a file has at most a thousand parts", () => {
    for (const [size, expected] of [
        [17 * MIB, 16 * MIB],
        [16_000 * MIB, 16 * MIB],
        [16_001 * MIB, Math.ceil((16_001 * MIB) / 1000)],
        [5_000_000 * MIB, 5000 * MIB],
    ] as const) {
        assert.equal(partSize(size), expected);
        assert.ok(Math.ceil(size / partSize(size)) <= 1000);
    }
    assert.ok(isWhole(16 * MIB) && !isWhole(16 * MIB + 1));
});

test("a stored part counts if it has the bytes of the file", () => {
    const parts = [
        { partNumber: 1, size: 16, url: "a", etag: '"11"' },
        { partNumber: 2, size: 16, url: "b", etag: '"other"' },
        { partNumber: 3, size: 4, url: "c" },
    ];
    const found = placed(parts, { md5: "", parts: ["11", "22", "33"], joined: "" });
    assert.deepEqual(
        found.map(({ from, md5, isStored }) => [from, md5, isStored]),
        [
            [0, "11", true],
            [16, "22", false],
            [32, "33", false],
        ],
    );
});

test("a file is known by its name, size and date", () => {
    const file = { name: "a.mp4", size: 1, lastModified: 2 };
    assert.ok(isSameFile(file, { ...file }));
    for (const other of [{ name: "b.mp4" }, { size: 2 }, { lastModified: 3 }]) {
        assert.ok(!isSameFile(file, { ...file, ...other }));
    }
});

test("each attempt waits longer, up to half a minute", () => {
    assert.deepEqual(
        [1, 2, 3, 9].map((attempt) => pause(attempt, 1)),
        [1000, 2000, 4000, 30_000],
    );
    assert.equal(pause(1, 0), 500);
});

test("a speed is that of the last seconds", () => {
    const meter = new Meter();
    meter.note(0, 0);
    assert.equal(meter.speed(), 0);
    meter.note(1000, 1000);
    assert.equal(meter.speed(), 1000);
    for (let second = 2; second <= 30; second += 1) meter.note(1000 + (second - 1) * 50, second * 1000);
    assert.equal(meter.speed(), 50);
    meter.note(0, 31_000);
    assert.equal(meter.speed(), 0);
});
