// Drives Firefox by WebDriver BiDi: reads a step as a line of JSON from standard input, and prints what it gave as a line.
//
//   {"open": URL}                     opens a page
//   {"type": [SELECTOR, TEXT]}        types into a field
//   {"press": KEY}                    presses a key
//   {"click": SELECTOR}               clicks at the middle of an element, in the player's shadow tree if there is a player
//   {"point": [SELECTOR, PART]}       points at a part of an element's width, in the player's shadow tree if there is a player
//   {"shot": SELECTOR}                gives a picture of an element: PNG in base64
//   {"run": "… return …"}             runs the body of an async function in the page, and gives what it returned

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(process.argv[2]);
const { default: puppeteer } = await import(pathToFileURL(resolve("puppeteer-core")).href);

const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.argv[3],
    headless: true,
    defaultViewport: { width: 1000, height: 700 },
    extraPrefsFirefox: {
        "media.autoplay.default": 0,
        "media.autoplay.block-webaudio": false,
        "media.autoplay.blocking_policy": 0,
        "media.volume_scale": "0.0",
        "full-screen-api.allow-trusted-requests-only": false,
    },
});
const page = await browser.newPage();
page.setDefaultTimeout(20_000);

const box = (selector) =>
    page.evaluate((selector) => {
        const root = document.querySelector("reelspan-player")?.shadowRoot ?? document;
        const found = root.querySelector(selector) ?? document.querySelector(selector);
        const { x, y, width, height } = found.getBoundingClientRect();
        return { x, y, width, height };
    }, selector);

async function step({ open, type, press, click, point, shot, run }) {
    if (open) await page.goto(open);
    if (type) {
        await page.waitForSelector(type[0], { visible: true });
        await page.type(type[0], type[1]);
    }
    if (press) await page.keyboard.press(press);
    if (click) {
        const { x, y, width, height } = await box(click);
        await page.mouse.click(x + width / 2, y + height / 2);
    }
    if (point) {
        const { x, y, width, height } = await box(point[0]);
        await page.mouse.move(x + width * point[1], y + height / 2);
    }
    if (shot) return page.screenshot({ clip: await box(shot), encoding: "base64" });
    return run ? page.evaluate(`(async () => { ${run} })()`) : null;
}

try {
    for await (const line of createInterface({ input: process.stdin })) {
        const told = await step(JSON.parse(line)).then(
            (result) => ({ result: result ?? null }),
            (error) => ({ error: String(error) }),
        );
        console.log(JSON.stringify(told));
    }
} finally {
    await browser.close();
}
