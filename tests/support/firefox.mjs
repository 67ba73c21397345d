// Drives Firefox by WebDriver BiDi: reads steps as JSON from standard input, and prints what the scripts among them gave.
//
//   {"open": URL}                     opens a page
//   {"type": [SELECTOR, TEXT]}        types into a field
//   {"press": KEY}                    presses a key
//   {"run": "… return …"}             runs the body of an async function in the page

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(process.argv[2]);
const { default: puppeteer } = await import(pathToFileURL(resolve("puppeteer-core")).href);

const steps = JSON.parse(await text(process.stdin));
const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.argv[3],
    headless: true,
    extraPrefsFirefox: { "media.autoplay.default": 0, "media.volume_scale": "0.0" },
});
const results = [];
try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    for (const { open, type, press, run } of steps) {
        if (open) await page.goto(open);
        if (type) {
            await page.waitForSelector(type[0], { visible: true });
            await page.type(type[0], type[1]);
        }
        if (press) await page.keyboard.press(press);
        if (run) results.push(await page.evaluate(`(async () => { ${run} })()`));
    }
} finally {
    await browser.close();
}
console.log(JSON.stringify(results));
