import assert from "node:assert/strict";
import { test } from "node:test";

import { isOwnName, ofField, ownPairs, pairFault, parseTags, tagsValue, toField } from "./properties.ts";

test("what is wrong with properties is found before they are sent", () => {
    assert.equal(pairFault([]), undefined);
    assert.equal(pairFault([["title", "Grüße, 你"]]), undefined);
    assert.equal(pairFault([["a b", "x"]]), "name");
    assert.equal(pairFault([["", "x"]]), "name");
    assert.equal(pairFault([["a", " x"]]), "value");
    assert.equal(pairFault([["a", "x\ny"]]), "value");
    const twice = [
        ["a", "x"],
        ["a", "y"],
    ] as const;
    assert.equal(pairFault(twice), "twice");
});

test("tags are written as DuraCloud writes them", () => {
    assert.equal(tagsValue(" film, 1968,,film | silent film"), "film|1968|silent film");
    assert.deepEqual(parseTags("film|1968||silent film"), ["film", "1968", "silent film"]);
    assert.deepEqual([parseTags(""), tagsValue(" , ")], [[], ""]);
});

test("what the API says itself is none of the owner's properties", () => {
    const known = new Map([
        ["space-count", "1"],
        ["hls-streaming-type", "OPEN"],
        ["tags", "a|b"],
        ["spaces", "x"],
    ]);
    assert.deepEqual(ownPairs(known), [
        ["tags", "a|b"],
        ["spaces", "x"],
    ]);
    assert.deepEqual(["acl", "acl-bob", "content-md5", "streaming-host", "space-x", "title"].map(isOwnName), [
        false,
        false,
        false,
        false,
        false,
        true,
    ]);
});

test("a value in any script survives header fields", () => {
    for (const value of ["", "Films", "Grüße", "电影 🎬"]) assert.equal(ofField(toField(value)), value);
    assert.equal(toField("ü"), "\u00c3\u00bc");
    // What was stored as ISO 8859-1 is no UTF-8.
    assert.equal(ofField("Gr\u00fc\u00dfe"), "Grüße");
});
