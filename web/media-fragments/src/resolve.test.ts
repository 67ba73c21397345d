import assert from "node:assert/strict";
import { test } from "node:test";

import { areaIn } from "./area.js";
import { parse, serialize } from "./fragment.js";
import { between, type Media, resolve } from "./resolve.js";

const film: Media = {
    duration: 10,
    framesPerSecond: 25,
    created: "2010-10-22T07:33:53Z",
    chapters: [
        { start: 0, end: 3, title: "Opening", id: "100" },
        { start: 3, end: 7, title: "song1", id: "400" },
        { start: 7, end: 10, title: "chapter-1", id: "800" },
    ],
};

test("a fragment means a part of a file", () => {
    const cases: [string, number, number][] = [
        ["t=3,7", 3, 7],
        ["t=,7", 0, 7],
        ["t=3", 3, 10],
        ["t=9,20", 9, 10],
        ["t=smpte-25:0:00:03:05,0:00:07", 3.2, 7],
        ["t=clock:2010-10-22T07:33:56Z", 3, 10],
        ["t=clock:2010-10-22T07:33:56.5Z,2010-10-22T09:34:00+02:00", 3.5, 7],
        ["t=clock:2010-10-22T07:33:50Z,2010-10-22T07:33:56Z", 0, 3],
        ["id=song1", 3, 7],
        ["id=400", 3, 7],
        ["id=chapter-2", 3, 7],
        ["id=chapter-1", 7, 10],
        ["id=song1&t=5,9", 5, 7],
    ];
    for (const [fragment, start, end] of cases) {
        assert.deepEqual(
            resolve(parse(fragment), film),
            { interval: { start, end }, whole: false, ignored: [] },
            fragment,
        );
    }
});

test("a part that is not there is no part", () => {
    for (const fragment of ["t=15,20", "t=10", "t=clock:,2010-10-22T07:33:53Z", "id=song1&t=8,9"]) {
        const { interval, ignored } = resolve(parse(fragment), film);
        assert.deepEqual([interval, ignored], [undefined, []], fragment);
    }
});

test("a dimension that means nothing is ignored, with the reason", () => {
    const whole = { start: 0, end: 10 };
    const cases: [string, Media, string][] = [
        ["t=smpte:0:00:03", film, "the video has 25 frames a second"],
        [
            "t=smpte-30:0:00:03",
            { duration: 10, framesPerSecond: 30_000 / 1001 },
            "the video has 29.97002997002997 frames a second",
        ],
        ["t=clock:2010-10-22T07:33:56Z", { duration: 10 }, "the file does not say when it was recorded"],
        ["id=nosuch", film, "the file has no such chapter"],
        ["id=chapter-4", film, "the file has no such chapter"],
    ];
    for (const [fragment, media, why] of cases) {
        const resolved = resolve(parse(fragment), media);
        assert.deepEqual([resolved.interval, resolved.ignored.map((one) => one.why)], [whole, [why]], fragment);
    }
    assert.ok(resolve(parse("xywh=1,2,3,4"), film).whole);
});

test("seconds become a fragment", () => {
    assert.equal(serialize(between(12.48, 20)), "t=npt:12.48,20");
    assert.equal(serialize(between(undefined, 0.1 + 0.2)), "t=npt:,0.3");
});

test("an area is a part of the picture", () => {
    const picture = { width: 320, height: 180 };
    const area = (text: string) => areaIn(parse(`xywh=${text}`).area ?? assert.fail(text), picture);
    assert.deepEqual(area("percent:25,50,50,50"), { x: 80, y: 90, width: 160, height: 90 });
    assert.deepEqual(area("300,0,100,100"), { x: 300, y: 0, width: 20, height: 100 });
    assert.equal(area("320,0,1,1"), undefined);
});
