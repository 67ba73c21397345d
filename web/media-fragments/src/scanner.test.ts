import assert from "node:assert/strict";
import { test } from "node:test";

import { LARGEST, Scanner } from "./scanner.js";

test("numbers of any length are read", () => {
    assert.equal(new Scanner("007,").number(), 7n);
    assert.equal(new Scanner("9".repeat(400)).number(), LARGEST);
    assert.equal(new Scanner(`${"0".repeat(400)}12`).number(), 12n);
});

test("places count bytes of UTF-8", () => {
    const scanner = new Scanner("é1x");
    assert.equal(scanner.take("é1"), true);
    assert.equal(scanner.invalid("here").at, 3);
});
