/** What a viewer does with the mouse and the keys, and what the video does by itself. */

import { act } from "./actions.js";
import { byId } from "./elements.js";
import { actionOf, focusedOf } from "./keyboard.js";
import type { Parts } from "./parts.js";
import type { Host } from "./view.js";

/** Lets the parts follow the viewer and the video. */
export function listen(host: Host, parts: Parts): void {
    const { frame, root, video } = parts;
    frame.addEventListener("keydown", (event) => {
        const [target] = event.composedPath();
        if (event.key === "Escape" && parts.panels.close()) {
            event.stopPropagation();
            return;
        }
        const action = host.controls ? actionOf(event, focusedOf(target)) : undefined;
        if (action === undefined) return;
        event.preventDefault();
        void act(parts, action, event.key);
    });
    const click = (id: string, act: () => unknown) => {
        byId(root, id).addEventListener("click", () => {
            act();
        });
    };
    click("big", () => video.play());
    click("again", () => parts.excerpt.again());
    click("go-on", () => parts.excerpt.goOn());
    click("area-button", () => {
        parts.showNextArea();
    });
    const raiseCaptions = () => {
        parts.raiseCaptions(host.controls);
    };
    byId(root, "controller").addEventListener("userinactivechange", raiseCaptions);
    for (const event of ["play", "pause"]) video.addEventListener(event, raiseCaptions);
    for (const event of ["play", "loadedmetadata", "durationchange", "resize", "seeking"]) {
        video.addEventListener(event, () => {
            parts.view.draw();
        });
    }
    const slot = root.querySelector("slot:not([name])");
    slot?.addEventListener("slotchange", () => {
        for (const track of video.querySelectorAll("track:not([data-reelspan])")) track.remove();
        video.append(...Array.from(host.querySelectorAll("track"), (track) => track.cloneNode()));
    });
}
