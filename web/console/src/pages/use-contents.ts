/** The contents below a folder: loaded page by page, and kept up to date while some are being indexed. */

import { useEffect, useRef, useState } from "preact/hooks";

import { explain } from "../api/http.ts";
import { contents, listed } from "../api/spaces.ts";
import { arrived } from "../api/uploads.ts";
import { isPending, merged, nextAsked } from "../model/known.ts";
import type { Content } from "../model/listing.ts";

/** How long to wait before pending contents are asked for again, in milliseconds: longer while nothing changes. */
const FIRST = 1500;
const LONGEST = 15_000;

/** When a changed content is asked for again, if the list does not have the change yet, in milliseconds. */
const AGAIN = [1000, 2000];

export interface Contents {
    readonly known: readonly Content[];
    readonly loading: boolean;
    readonly error: string | undefined;
}

export interface LiveContents extends Contents {
    /** Removes contents that were deleted. */
    readonly forget: (ids: readonly string[]) => void;
    /** Asks for a content that was changed. */
    readonly refresh: (id: string) => void;
}

export function useContents(space: string, folder: string, again: number): LiveContents {
    const [state, setState] = useState<Contents>({ known: [], loading: true, error: undefined });
    const place = `${space}/${folder}`;
    const shown = useRef("");
    useEffect(() => {
        const controller = new AbortController();
        const load = async () => {
            const all: Content[] = [];
            // What is shown of the same folder stays until all of it has been loaded again.
            const fresh = shown.current !== place;
            shown.current = place;
            if (fresh) setState({ known: [], loading: true, error: undefined });
            let said = 0;
            for await (const page of contents(space, folder, controller.signal)) {
                all.push(...page);
                // Sorting takes longer the more there are, so the list is shown each time that it has doubled.
                if (fresh && all.length >= 2 * said) {
                    said = all.length;
                    setState({ known: all.slice(), loading: true, error: undefined });
                }
            }
            setState({ known: all, loading: false, error: undefined });
        };
        load().catch((error: unknown) => {
            if (!controller.signal.aborted) setState((state) => ({ ...state, loading: false, error: explain(error) }));
        });
        return () => {
            controller.abort();
        };
    }, [place, again]);
    useArrivals(space, folder, setState);
    usePolling(space, folder, state, setState);
    const forget = (ids: readonly string[]) => {
        const gone = new Set(ids);
        setState((state) => ({ ...state, known: state.known.filter(({ id }) => !gone.has(id)) }));
    };
    const latest = useRef(place);
    latest.current = place;
    const refresh = (id: string) => {
        const at = place;
        const ask = async () => {
            // On AWS a list may be a second behind a change.
            for (const pause of [0, ...AGAIN]) {
                await new Promise((resolve) => setTimeout(resolve, pause));
                if (latest.current !== at) return;
                const asked = { prefix: id, count: 1 };
                const page = await listed(space, asked, new AbortController().signal);
                let changes = 0;
                setState((state) => {
                    const known = merged(state.known, page, asked);
                    if (known === state.known) return state;
                    changes += 1;
                    return { ...state, known };
                });
                if (changes > 0) return;
            }
        };
        // What cannot be asked for now is shown when the list is loaded again.
        ask().catch(() => undefined);
    };
    return { ...state, forget, refresh };
}

type SetContents = (change: (state: Contents) => Contents) => void;

/** Adds what was uploaded here. */
function useArrivals(space: string, folder: string, setState: SetContents): void {
    const taken = useRef(arrived.value.length);
    const count = arrived.value.length;
    useEffect(() => {
        const news = arrived.value.slice(taken.current);
        taken.current = count;
        const here = news.filter((one) => one.space === space && one.content.id.startsWith(folder));
        if (here.length === 0) return;
        setState((state) => {
            const known = here.reduce(
                (known, { content }) =>
                    merged(known, { contents: [content], more: true }, { prefix: content.id, count: 1 }),
                state.known,
            );
            return { ...state, known };
        });
    }, [count]);
}

/** Asks for pending contents again, as long as there are any and the page is visible. */
function usePolling(space: string, folder: string, state: Contents, setState: SetContents): void {
    const latest = useRef(state);
    latest.current = state;
    const pending = !state.loading && state.known.some(isPending);
    useEffect(() => {
        if (!pending) return undefined;
        const controller = new AbortController();
        let pause = FIRST;
        let from = "";
        let timer = 0;
        const ask = async () => {
            let changes = 0;
            for (const asked of nextAsked(latest.current.known, folder, from)) {
                const page = await listed(space, asked, controller.signal);
                from = (page.more ? page.contents.at(-1)?.id : undefined) ?? "";
                setState((state) => {
                    const known = merged(state.known, page, asked);
                    if (known === state.known) return state;
                    changes += 1;
                    return { ...state, known };
                });
            }
            pause = changes > 0 ? FIRST : Math.min(LONGEST, pause * 1.5);
        };
        const wait = () => {
            clearTimeout(timer);
            if (document.visibilityState !== "visible" || controller.signal.aborted) return;
            timer = window.setTimeout(() => {
                // A failure is no news here: the next one may succeed, and a reload says why not.
                ask()
                    .catch(() => (pause = LONGEST))
                    .finally(wait);
            }, pause);
        };
        const seen = () => {
            pause = FIRST;
            wait();
        };
        document.addEventListener("visibilitychange", seen);
        wait();
        return () => {
            controller.abort();
            clearTimeout(timer);
            document.removeEventListener("visibilitychange", seen);
        };
    }, [space, folder, pending]);
}
