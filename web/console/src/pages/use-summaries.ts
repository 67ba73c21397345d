/** What the spaces of a list take: asked for after the list, a few at a time, and first for the rows in view. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { summary, type Summary } from "../api/spaces.ts";
import { nextOf } from "../model/queue.ts";

/** How many requests there are at a time. */
const WIDTH = 3;

/** What is known of each space; null if it could not be loaded. The rows of the table have the space in `data-space`. */
export function useSummaries(
    ids: readonly string[],
    table: RefObject<HTMLElement | null>,
): ReadonlyMap<string, Summary | null> {
    const [known, setKnown] = useState<ReadonlyMap<string, Summary | null>>(new Map());
    const wanted = useRef(ids);
    wanted.current = ids;
    const asked = useRef(new Set<string>());
    const inView = useRef(new Set<string>());
    const start = useRef<() => void>(() => undefined);
    useEffect(() => {
        const controller = new AbortController();
        let running = 0;
        const one = (id: string) => {
            running += 1;
            asked.current.add(id);
            const settled = (found: Summary | null) => {
                running -= 1;
                if (controller.signal.aborted) return;
                setKnown((known) => new Map(known).set(id, found));
                fill();
            };
            summary(id, controller.signal).then(settled, () => {
                settled(null);
            });
        };
        const fill = () => {
            while (running < WIDTH) {
                const id = nextOf(wanted.current, asked.current, inView.current);
                if (id === undefined) return;
                one(id);
            }
        };
        start.current = fill;
        return () => {
            controller.abort();
        };
    }, []);
    useEffect(() => {
        inView.current.clear();
        // It reports all rows once, so nothing is asked for before it is known which are in view.
        const observer = new IntersectionObserver((entries) => {
            for (const { target, isIntersecting } of entries) {
                const id = target instanceof HTMLElement ? target.dataset["space"] : undefined;
                if (id === undefined) continue;
                if (isIntersecting) inView.current.add(id);
                else inView.current.delete(id);
            }
            start.current();
        });
        for (const row of table.current?.querySelectorAll("[data-space]") ?? []) observer.observe(row);
        return () => {
            observer.disconnect();
        };
    }, [ids.join(" ")]);
    return known;
}
