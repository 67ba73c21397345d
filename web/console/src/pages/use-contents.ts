/** The contents below a folder: loaded page by page, and kept up to date while some are being indexed. */

import { useEffect, useRef, useState } from "preact/hooks";

import { explain } from "../api/http.ts";
import { contents, listed } from "../api/spaces.ts";
import { arrived, type Arrived } from "../api/uploads.ts";
import { isPending, merged, nextAsked } from "../model/known.ts";
import type { Content } from "../model/listing.ts";

/** How long to wait before pending contents are asked for again, in milliseconds: longer while nothing changes. */
const FIRST = 1500;
const LONGEST = 15_000;

/** How often what was found so far is shown while more is being loaded, in milliseconds. */
const SHOWN_EVERY = 300;

/** When a changed content is asked for again, if the list does not have the change yet, in milliseconds. */
const AGAIN = [1000, 2000];

export interface Contents {
    readonly known: readonly Content[];
    readonly loading: boolean;
    /** The loading was stopped before all were known. */
    readonly stopped: boolean;
    readonly error: string | undefined;
}

const NOTHING: Contents = { known: [], loading: true, stopped: false, error: undefined };

export interface LiveContents extends Contents {
    /** Removes contents that were deleted. */
    readonly forget: (ids: readonly string[]) => void;
    /** Asks for a content that was changed. */
    readonly refresh: (id: string) => void;
    /** Loads no more for now. */
    readonly stop: () => void;
    /** Loads what is still missing. */
    readonly goOn: () => void;
}

/** `often`: what is shown is little, such as what a search found, so it is shown anew while more is being loaded. */
export function useContents(space: string, folder: string, again: number, often: boolean): LiveContents {
    const [state, setState] = useState<Contents>(NOTHING);
    const place = `${space}/${folder}`;
    const shown = useRef("");
    const loads = useRef<Pick<LiveContents, "forget" | "stop" | "goOn"> | undefined>(undefined);
    const isShownOften = useRef(often);
    isShownOften.current = often;
    useEffect(() => {
        let controller = new AbortController();
        let all: Content[] = [];
        // What is shown of the same folder stays until all of it has been loaded again.
        const fresh = shown.current !== place;
        shown.current = place;
        setState((state) => (fresh ? NOTHING : { ...state, stopped: false }));
        const uploaded = arrived.value.length;
        const say = (how: "loading" | "stopped" | "done") => {
            const known = withArrived(all.slice(), arrived.value.slice(uploaded), space, folder);
            setState({ known, loading: how === "loading", stopped: how === "stopped", error: undefined });
        };
        const load = async ({ signal }: AbortController) => {
            let [count, time] = [0, performance.now()];
            for await (const page of contents(space, folder, signal, all.at(-1)?.id)) {
                if (signal.aborted) return;
                all.push(...page);
                // Sorting takes longer the more there are, so a whole list is shown each time that it has doubled.
                const due = isShownOften.current ? performance.now() > time + SHOWN_EVERY : all.length >= 2 * count;
                if (!fresh || !(due || count === 0)) continue;
                [count, time] = [all.length, performance.now()];
                say("loading");
            }
            say("done");
        };
        const begin = () => {
            const own = (controller = new AbortController());
            load(own).catch((error: unknown) => {
                if (!own.signal.aborted) setState((state) => ({ ...state, loading: false, error: explain(error) }));
            });
        };
        loads.current = {
            forget: (ids) => {
                const gone = new Set(ids);
                all = all.filter(({ id }) => !gone.has(id));
            },
            stop: () => {
                controller.abort();
                say("stopped");
            },
            goOn: () => {
                setState((state) => ({ ...state, loading: true, stopped: false }));
                begin();
            },
        };
        begin();
        return () => {
            controller.abort();
        };
    }, [place, again]);
    useArrivals(space, folder, setState);
    usePolling(space, folder, state, setState);
    const forget = (ids: readonly string[]) => {
        const gone = new Set(ids);
        loads.current?.forget(ids);
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
    const stop = () => {
        loads.current?.stop();
    };
    const goOn = () => {
        loads.current?.goOn();
    };
    return { ...state, forget, refresh, stop, goOn };
}

type SetContents = (change: (state: Contents) => Contents) => void;

/** Adds what was uploaded here. */
function useArrivals(space: string, folder: string, setState: SetContents): void {
    const taken = useRef(arrived.value.length);
    const count = arrived.value.length;
    useEffect(() => {
        const news = arrived.value.slice(taken.current);
        taken.current = count;
        setState((state) => {
            const known = withArrived(state.known, news, space, folder);
            return known === state.known ? state : { ...state, known };
        });
    }, [count]);
}

/** The known contents with those of the uploads that are in the folder. */
function withArrived(
    known: readonly Content[],
    uploaded: readonly Arrived[],
    space: string,
    folder: string,
): readonly Content[] {
    return uploaded
        .filter((one) => one.space === space && one.content.id.startsWith(folder))
        .reduce(
            (known, { content }) =>
                merged(known, { contents: [content], more: true }, { prefix: content.id, count: 1 }),
            known,
        );
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
