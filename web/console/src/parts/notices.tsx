/** Short notices at the edge of the page: what was done, and what went wrong. */

import { signal } from "@preact/signals";

import { texts } from "../texts.ts";
import { Icon } from "./icon.tsx";

interface Notice {
    readonly key: number;
    readonly text: string;
    readonly kind: "done" | "error";
}

const notices = signal<readonly Notice[]>([]);
let next = 0;

/** How long a notice of success stays, in milliseconds. Errors stay until they are closed. */
const STAY = 6000;

export function notify(text: string, kind: Notice["kind"] = "done"): void {
    next += 1;
    const key = next;
    notices.value = [...notices.value.filter((other) => other.text !== text).slice(-3), { key, text, kind }];
    if (kind === "done") setTimeout(dismiss, STAY, key);
}

function dismiss(key: number): void {
    notices.value = notices.value.filter((notice) => notice.key !== key);
}

export function Notices() {
    return (
        <div class="notices" role="status" aria-live="polite">
            {notices.value.map(({ key, text, kind }) => (
                <div key={key} class={`notice ${kind}`}>
                    <Icon name={kind === "done" ? "check" : "warning"} />
                    <p>{text}</p>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label={texts.close}
                        onClick={() => {
                            dismiss(key);
                        }}
                    >
                        <Icon name="close" />
                    </button>
                </div>
            ))}
        </div>
    );
}
