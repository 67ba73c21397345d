/** The marks on the bar: the excerpt that the URL names, and the selection that is to be shared. */

import type { Interval } from "media-fragments";

import type { Selection } from "./links.js";

/** Draws them into the elements `#mark-excerpt` and `#mark-selection`. */
export function drawMarks(
    root: ShadowRoot,
    duration: number,
    excerpt: Interval | undefined,
    selection: Selection,
): void {
    const mark = (id: string, { start, end }: Selection) => {
        const element = root.getElementById(id);
        if (element === null) return;
        element.hidden = !(duration > 0) || (start === undefined && end === undefined);
        const from = (start ?? 0) / duration;
        const to = Math.min((end ?? duration) / duration, 1);
        element.style.left = `${from * 100}%`;
        element.style.width = `${Math.max(to - from, 0) * 100}%`;
    };
    mark("mark-excerpt", excerpt ?? {});
    const same = excerpt?.start === (selection.start ?? 0) && excerpt.end === (selection.end ?? duration);
    mark("mark-selection", same ? {} : selection);
}
