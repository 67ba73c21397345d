import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, SHORTCUTS } from "./keyboard.js";
import { english } from "./texts.js";

const pressed = (key: string, more = {}) => ({ key, ctrlKey: false, altKey: false, metaKey: false, ...more });
const nothing = { editable: false, slider: false, button: false };

test("every action has a key and a text, and every key one action", () => {
    assert.deepEqual(new Set(SHORTCUTS.map(({ action }) => action)), new Set(Object.keys(english.keys)));
    const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
    assert.equal(new Set(keys).size, keys.length);
});

test("a key acts unless the focused element needs it", () => {
    assert.equal(actionOf(pressed("K"), nothing), "play");
    assert.equal(actionOf(pressed(" "), nothing), "play");
    assert.equal(actionOf(pressed(" "), { ...nothing, button: true }), undefined);
    assert.equal(actionOf(pressed("ArrowLeft"), { ...nothing, slider: true }), undefined);
    assert.equal(actionOf(pressed("m"), { ...nothing, slider: true }), "mute");
    assert.equal(actionOf(pressed("m"), { ...nothing, editable: true }), undefined);
    assert.equal(actionOf(pressed("f", { ctrlKey: true }), nothing), undefined);
    assert.equal(actionOf(pressed("Tab"), nothing), undefined);
});
