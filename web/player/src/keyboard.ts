/** What the keys do. */

import type { Texts } from "./texts.js";

/** What a key can do: the name of its text in the help panel. */
export type Action = keyof Texts["keys"];

/** Keys as `KeyboardEvent.key` names them, and as the help panel shows them. */
interface Shortcut {
    readonly action: Action;
    readonly keys: readonly string[];
    readonly shown: readonly string[];
}

export const SHORTCUTS: readonly Shortcut[] = [
    { action: "play", keys: [" ", "k"], shown: ["Space", "K"] },
    { action: "back", keys: ["ArrowLeft"], shown: ["←"] },
    { action: "forward", keys: ["ArrowRight"], shown: ["→"] },
    { action: "backMore", keys: ["j"], shown: ["J"] },
    { action: "forwardMore", keys: ["l"], shown: ["L"] },
    { action: "previousFrame", keys: [","], shown: [","] },
    { action: "nextFrame", keys: ["."], shown: ["."] },
    { action: "start", keys: ["Home"], shown: ["Home"] },
    { action: "end", keys: ["End"], shown: ["End"] },
    { action: "tenths", keys: "0,1,2,3,4,5,6,7,8,9".split(","), shown: ["0", "…", "9"] },
    { action: "louder", keys: ["ArrowUp"], shown: ["↑"] },
    { action: "quieter", keys: ["ArrowDown"], shown: ["↓"] },
    { action: "mute", keys: ["m"], shown: ["M"] },
    { action: "slower", keys: ["<"], shown: ["<"] },
    { action: "faster", keys: [">"], shown: [">"] },
    { action: "captions", keys: ["c"], shown: ["C"] },
    { action: "audio", keys: ["a"], shown: ["A"] },
    { action: "chapters", keys: ["h"], shown: ["H"] },
    { action: "previousChapter", keys: ["b"], shown: ["B"] },
    { action: "nextChapter", keys: ["n"], shown: ["N"] },
    { action: "fullscreen", keys: ["f"], shown: ["F"] },
    { action: "pictureInPicture", keys: ["p"], shown: ["P"] },
    { action: "remote", keys: ["d"], shown: ["D"] },
    { action: "again", keys: ["r"], shown: ["R"] },
    { action: "area", keys: ["z"], shown: ["Z"] },
    { action: "setStart", keys: ["i"], shown: ["I"] },
    { action: "setEnd", keys: ["o"], shown: ["O"] },
    { action: "share", keys: ["s"], shown: ["S"] },
    { action: "help", keys: ["?"], shown: ["?"] },
];

/** What is known of the element that has the focus. */
export interface Focused {
    readonly editable: boolean;
    /** It uses the arrows, Home and End itself, as a slider does. */
    readonly slider: boolean;
    /** The space bar presses it, as a button. */
    readonly button: boolean;
}

/** The action of a key; `undefined` if it is the focused element's own, or no shortcut. */
export function actionOf(
    event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey">,
    focused: Focused,
): Action | undefined {
    if (event.ctrlKey || event.altKey || event.metaKey || focused.editable) return undefined;
    const { key } = event;
    if (focused.slider && /^(Arrow|Home|End|Page)/.test(key)) return undefined;
    if (focused.button && (key === " " || key === "Enter")) return undefined;
    const name = key.length === 1 ? key.toLowerCase() : key;
    return SHORTCUTS.find(({ keys }) => keys.includes(name))?.action;
}

/** What is known of an element that has the focus. */
export function focusedOf(element: EventTarget | undefined): Focused {
    const found = element instanceof Element ? element : undefined;
    const role = found?.getAttribute("role");
    const isRange = found?.matches("input[type=range]") === true;
    return {
        editable:
            found?.matches("input:not([type=range]):not([type=button]), textarea, select, [contenteditable]") === true,
        slider: isRange || role === "slider",
        button: found?.matches("button, a[href], summary") === true || role === "button",
    };
}
