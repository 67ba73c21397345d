// The cases that the Rust grammar is tested by, too.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { readArea, writeArea } from "./area.js";
import { readInstant, writeInstant } from "./clock.js";
import { isEmpty, normalize, parse, serialize, toRange } from "./fragment.js";
import { InvalidError, Scanner } from "./scanner.js";
import { position, readTimeCode, type SmpteFormat } from "./smpte.js";
import { readTemporal, writeTemporal } from "./temporal.js";

type Wrong = [text: string, at: number, why: string];

interface Cases {
    fragments: [name: string, written: string, normalised: string][];
    times: [written: string, normalised: string][];
    notTimes: Wrong[];
    tracks: [written: string, names: string[]][];
    empty: string[];
    ignored: [written: string, kind: string, at: number | null, why: string | null][];
    areas: [written: string, normalised: string][];
    notAreas: Wrong[];
    instants: [written: string, nanoseconds: string, normalised: string][];
    notInstants: Wrong[];
    positions: [format: SmpteFormat, code: string, hundredths: number][];
    ranges: [fragment: string, range: string][];
}

const file = new URL("../../../engine/src/fragment/uri/cases.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as Cases;

function wrong(read: (text: string) => unknown, [text, at, why]: Wrong): void {
    assert.throws(
        () => read(text),
        (error) => {
            assert.ok(error instanceof InvalidError, text);
            assert.deepEqual([error.at, error.why], [at, why], text);
            return true;
        },
    );
}

function instant(text: string): bigint {
    const scanner = new Scanner(text);
    const found = readInstant(scanner);
    scanner.end();
    return found;
}

test("fragments are read as the working group reads them", () => {
    assert.equal(cases.fragments.filter(([name]) => name.startsWith("TC")).length, 60);
    for (const [name, written, normalised] of cases.fragments) {
        assert.equal(normalize(written), normalised, `${name} ${written}`);
        assert.deepEqual({ ...parse(normalised), ignored: [] }, { ...parse(written), ignored: [] }, written);
    }
});

test("times are read in every unit", () => {
    for (const [written, normalised] of cases.times) assert.equal(writeTemporal(readTemporal(written)), normalised);
    for (const one of cases.notTimes) wrong(readTemporal, one);
});

test("tracks add up, and each counts once", () => {
    for (const [written, names] of cases.tracks) assert.deepEqual(parse(written).tracks, names, written);
});

test("what is not in the grammar is ignored, with the reason", () => {
    for (const written of cases.empty) assert.ok(isEmpty(parse(written)), written);
    for (const [written, kind, at, why] of cases.ignored) {
        const expected = at === null ? { kind } : { kind, at, why };
        assert.deepEqual(parse(written).ignored.at(-1)?.why, expected, written);
    }
    assert.ok(parse("track=a&track=b&t=1&".repeat(10_000)).ignored.length <= 256);
});

test("areas are read in pixels and in percent", () => {
    for (const [written, normalised] of cases.areas) assert.equal(writeArea(readArea(written)), normalised);
    for (const one of cases.notAreas) wrong(readArea, one);
});

test("instants are read as RFC 3339 has them", () => {
    for (const [written, nanoseconds, normalised] of cases.instants) {
        assert.equal(instant(written).toString(), nanoseconds, written);
        assert.equal(writeInstant(BigInt(nanoseconds)), normalised);
    }
    for (const one of cases.notInstants) wrong(instant, one);
    assert.equal(instant("9999-12-31T23:59:59Z"), 2n ** 63n - 1n);
    assert.equal(instant("0000-01-01T00:00:00Z"), -(2n ** 63n));
    assert.equal(writeInstant(-1n), "1969-12-31T23:59:59.999999999Z");
});

test("a time code counts frames", () => {
    for (const [format, code, hundredths] of cases.positions) {
        assert.equal(
            position(readTimeCode(new Scanner(code), format), format),
            BigInt(hundredths),
            `${format} ${code}`,
        );
    }
});

test("a fragment is asked for in a Range", () => {
    for (const [fragment, range] of cases.ranges) assert.equal(toRange(parse(fragment)), range);
    assert.equal(toRange(parse("t=10,20"), { includeSetup: true }), "t:npt=10-20;include-setup");
});

test("any text is read", () => {
    for (const text of ["t=\ud800", "track=\ud800", "id=%", "\u0000", "t=%F0%9F%8E%AC", "=".repeat(99)]) {
        assert.equal(normalize(serialize(parse(text))), serialize(parse(text)));
    }
});
