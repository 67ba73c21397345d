import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { Access, type Ask } from "./access.js";
import type { Addresses } from "./addresses.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Addresses with a signature that is valid for some milliseconds from now. */
function signed(life: number): Addresses {
    const file = `https://media.example.org/a~1/b.mp4?Expires=${Math.floor((Date.now() + life) / 1000)}&Signature=x`;
    return { file, derived: file };
}

/** A page whose clock the test moves, and an access to what `ask` gives. */
function page(t: TestContext, first: number, ask: Ask) {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2030, 0, 1) });
    const [document, window] = [new EventTarget(), new EventTarget()];
    Object.assign(globalThis, { document, window });
    const done = new AbortController();
    t.after(() => {
        done.abort();
    });
    const access = new Access(signed(first), ask, done.signal);
    /** Lets time pass, a minute at a time. */
    const pass = async (milliseconds: number) => {
        for (let left = milliseconds; left > 0; left -= MINUTE) {
            t.mock.timers.tick(Math.min(left, MINUTE));
            for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
        }
    };
    return { access, document, window, pass, done };
}

/** The end of the signature, in milliseconds from now. */
const left = (access: Access) => Number(new URL(access.addresses.file).searchParams.get("Expires")) * 1000 - Date.now();

test("a signature of ten minutes is valid at every minute of a pause of twelve hours", async (t) => {
    let asked = 0;
    const { access, pass } = page(t, 10 * MINUTE, () => {
        asked += 1;
        return Promise.resolve(signed(10 * MINUTE));
    });
    for (let minute = 0; minute < 12 * 60; minute += 1) {
        await pass(MINUTE);
        assert.ok(left(access) > 0, `minute ${minute}`);
    }
    assert.equal(asked, (12 * HOUR) / (9 * MINUTE));
});

test("a signature of one minute is renewed when half of it is over", async (t) => {
    const { access, pass } = page(t, MINUTE, () => Promise.resolve(signed(MINUTE)));
    for (let turn = 0; turn < 8; turn += 1) {
        await pass(MINUTE / 4);
        assert.ok(left(access) >= MINUTE / 4, `${left(access)} ms`);
    }
});

test("a page that comes back after a sleep of hours asks at once", async (t) => {
    let asked = 0;
    const { access, document, window, pass } = page(t, 10 * MINUTE, () => {
        asked += 1;
        return Promise.resolve(signed(10 * MINUTE));
    });
    for (const [target, event] of [
        [document, "visibilitychange"],
        [window, "online"],
        [window, "pageshow"],
    ] as const) {
        const before = asked;
        // The machine sleeps: its clock goes on, and no timer comes.
        t.mock.timers.setTime(Date.now() + 3 * HOUR);
        target.dispatchEvent(new Event(event));
        await pass(1);
        assert.ok(asked > before && left(access) > 0, event);
    }
});

test("a site that does not answer is asked again, ever more rarely, and gives up nothing", async (t) => {
    let asked = 0;
    let fails = true;
    t.mock.method(console, "warn", () => undefined);
    const { access, pass } = page(t, 10 * MINUTE, () => {
        asked += 1;
        return fails ? Promise.reject(new Error("down")) : Promise.resolve(signed(10 * MINUTE));
    });
    await pass(HOUR);
    assert.ok(asked > 5 && asked <= 62, `${asked} times`);
    fails = false;
    await pass(2 * MINUTE);
    assert.ok(left(access) > 0);
});

test("a player that is gone asks no more", async (t) => {
    let asked = 0;
    const { pass, done } = page(t, 10 * MINUTE, () => {
        asked += 1;
        return Promise.resolve(signed(10 * MINUTE));
    });
    done.abort();
    await pass(HOUR);
    assert.equal(asked, 0);
});
