/** A list of any length: only the rows in view are in the document. All rows have one height. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props<T> {
    readonly label: string;
    readonly items: readonly T[];
    readonly height: number;
    readonly columns: number;
    readonly head: ComponentChildren;
    readonly keyOf: (item: T) => string;
    /** The cells of a row. */
    readonly row: (item: T) => ComponentChildren;
    readonly isCurrent: (item: T) => boolean;
    readonly onOpen: (item: T) => void;
    readonly onSelect: (item: T) => void;
}

/** Rows before and after those in view that are there too, so that scrolling shows no gaps. */
const SPARE = 8;

export function VirtualList<T>(props: Props<T>) {
    const { label, items, height, columns, head, keyOf, row, isCurrent, onOpen, onSelect } = props;
    const box = useRef<HTMLDivElement>(null);
    const [view, setView] = useState({ top: 0, rows: 30 });
    const [active, setActive] = useState(0);
    const refocus = useRef(false);
    const last = items.length - 1;
    const focused = Math.min(active, Math.max(0, last));
    useEffect(() => {
        const element = box.current;
        if (!element) return undefined;
        const look = () => {
            setView({ top: Math.floor(element.scrollTop / height), rows: Math.ceil(element.clientHeight / height) });
        };
        const observer = new ResizeObserver(look);
        observer.observe(element);
        element.addEventListener("scroll", look, { passive: true });
        return () => {
            observer.disconnect();
            element.removeEventListener("scroll", look);
        };
    }, []);
    useEffect(() => {
        if (!refocus.current) return;
        refocus.current = false;
        box.current?.querySelector<HTMLElement>(`[aria-rowindex="${focused + 2}"]`)?.focus();
    });
    const move = (to: number) => {
        const target = Math.max(0, Math.min(last, to));
        const element = box.current;
        if (!element) return;
        const [top, bottom] = [target * height, (target + 1) * height];
        if (top < element.scrollTop) element.scrollTop = top;
        else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
        refocus.current = true;
        setActive(target);
        setView({ top: Math.floor(element.scrollTop / height), rows: Math.ceil(element.clientHeight / height) });
    };
    const first = Math.max(0, Math.min(view.top - SPARE, last));
    const shown = items.slice(first, view.top + view.rows + SPARE);
    const keys = (event: KeyboardEvent, item: T) => {
        if (event.target !== event.currentTarget && (event.key === " " || event.key === "Enter")) return;
        const steps: Record<string, number> = {
            ArrowDown: focused + 1,
            ArrowUp: focused - 1,
            PageDown: focused + view.rows,
            PageUp: focused - view.rows,
            Home: 0,
            End: last,
        };
        const to = steps[event.key];
        if (to !== undefined) move(to);
        else if (event.key === "Enter") onOpen(item);
        else if (event.key === " ") onSelect(item);
        else return;
        event.preventDefault();
    };
    return (
        <div class="grid" role="grid" aria-label={label} aria-rowcount={items.length + 1} aria-colcount={columns}>
            <div role="rowgroup">
                <div class="grid-row grid-head" role="row" aria-rowindex={1}>
                    {head}
                </div>
            </div>
            <div class="grid-body" role="rowgroup" ref={box}>
                <div class="grid-space" role="presentation" style={{ height: `${items.length * height}px` }}>
                    <div class="grid-view" role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
                        {shown.map((item, at) => (
                            <div
                                key={keyOf(item)}
                                class={isCurrent(item) ? "grid-row current" : "grid-row"}
                                role="row"
                                aria-rowindex={first + at + 2}
                                aria-selected={isCurrent(item)}
                                tabIndex={first + at === focused ? 0 : -1}
                                onFocus={() => {
                                    setActive(first + at);
                                }}
                                onClick={() => {
                                    onOpen(item);
                                }}
                                onKeyDown={(event) => {
                                    keys(event, item);
                                }}
                            >
                                {row(item)}
                            </div>
                        ))}
                    </div>
                </div>
            </div>
        </div>
    );
}
