/** Forms that are a URL which the browser loads by itself: the stored file, a cut, and streams where it plays them. */

import type { Access } from "./access.js";
import type { Addresses } from "./addresses.js";
import type { FormName } from "./choice.js";
import type { Form } from "./forms.js";
import { Problem } from "./problem.js";
import type { Still } from "./still.js";

/** How soon after one recovery another one makes no sense, in milliseconds. */
const SOON = 5000;

/** What a form needs of the player. */
export interface Direct {
    readonly access: Access;
    readonly video: HTMLVideoElement;
    readonly still: Still;
}

/** A form at the URL that is made of the content's addresses. */
export function direct(
    name: FormName,
    type: string,
    urlOf: (addresses: Addresses) => string,
    { access, video, still }: Direct,
): Form {
    const done = new AbortController();
    let url = urlOf(access.addresses);
    let fail: (problem: Problem) => void = () => undefined;
    let recovered = -Infinity;
    const goOn = () => {
        const next = urlOf(access.addresses);
        if (next === url) return;
        url = next;
        void still.goOn(url);
    };
    return {
        name,
        type,
        attach(_, failed) {
            fail = failed;
            video.src = url;
            const { signal } = done;
            // What plays has its answer, which outlives the signature. What is paused asks again when it goes on.
            access.onRenewed(() => {
                if (video.paused) goOn();
            }, signal);
            video.addEventListener("pause", goOn, { signal });
        },
        recover() {
            const isOfDecoder = video.error?.code === MediaError.MEDIA_ERR_DECODE;
            if (!access.isRenewed || isOfDecoder || performance.now() - recovered < SOON) return false;
            recovered = performance.now();
            const reason = video.error?.message ?? "";
            const current = () => urlOf(access.addresses) !== url;
            void (current() ? Promise.resolve(true) : access.refresh()).then((renewed) => {
                if (done.signal.aborted) return;
                if (renewed) goOn();
                else fail(new Problem("broken", { reason }));
            });
            return true;
        },
        detach() {
            done.abort();
            still.stop();
        },
    };
}
