/** A bar with two handles: the start and the end of an excerpt, by pointer and by keyboard. */

import { useRef } from "preact/hooks";

import { SHORTEST, type Range } from "../model/excerpt.ts";
import { clock } from "../model/format.ts";
import { texts } from "../texts.ts";

interface Props {
    readonly range: Range;
    readonly duration: number;
    /** Where the player is. */
    readonly time: number;
    /** The new range, and where the player should be to show the end that moves. */
    readonly onChange: (range: Range, seek: number) => void;
}

/** The steps of the keys, in seconds. */
const STEPS: Readonly<Record<string, number>> = {
    ArrowLeft: -0.1,
    ArrowDown: -0.1,
    ArrowRight: 0.1,
    ArrowUp: 0.1,
    PageDown: -10,
    PageUp: 10,
};
/** A frame at 25 a second, which is the step with Shift. */
const FRAME = 0.4;

export function RangeBar({ range, duration, time, onChange }: Props) {
    const bar = useRef<HTMLDivElement>(null);
    const part = (seconds: number) => `${duration > 0 ? (100 * seconds) / duration : 0}%`;
    const move = (end: keyof Range, to: number) => {
        const at =
            end === "from"
                ? Math.max(0, Math.min(to, range.to - SHORTEST))
                : Math.min(duration, Math.max(to, range.from + SHORTEST));
        onChange({ ...range, [end]: at }, at);
    };
    const secondsAt = (event: PointerEvent) => {
        const box = bar.current?.getBoundingClientRect();
        if (!box || box.width === 0) return 0;
        const seconds = ((event.clientX - box.left) / box.width) * duration;
        return Math.round(Math.max(0, Math.min(duration, seconds)) * 10) / 10;
    };
    const handle = (end: keyof Range) => (
        <div
            class={`handle ${end}`}
            role="slider"
            tabIndex={0}
            aria-label={end === "from" ? texts.excerpt.start : texts.excerpt.end}
            aria-valuemin={0}
            aria-valuemax={Math.round(duration * 1000) / 1000}
            aria-valuenow={Math.round(range[end] * 1000) / 1000}
            aria-valuetext={clock(range[end], 1)}
            style={{ left: part(range[end]) }}
            onKeyDown={(event) => {
                const step = STEPS[event.key];
                if (step !== undefined)
                    move(end, Math.round((range[end] + step * (event.shiftKey ? FRAME : 1)) * 1000) / 1000);
                else if (event.key === "Home") move(end, 0);
                else if (event.key === "End") move(end, duration);
                else return;
                event.preventDefault();
            }}
            onPointerDown={(event) => {
                event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={(event) => {
                if (event.currentTarget.hasPointerCapture(event.pointerId)) move(end, secondsAt(event));
            }}
        />
    );
    return (
        <div class="range">
            <div
                class="range-bar"
                ref={bar}
                onPointerDown={(event) => {
                    if (event.target instanceof Element && event.target.closest(".handle")) return;
                    const at = secondsAt(event);
                    move(Math.abs(at - range.from) <= Math.abs(at - range.to) ? "from" : "to", at);
                }}
            >
                <div class="range-part" style={{ left: part(range.from), right: `calc(100% - ${part(range.to)})` }} />
                <div class="range-time" style={{ left: part(time) }} />
                {handle("from")}
                {handle("to")}
            </div>
            <div class="range-ends" aria-hidden="true">
                <span>{clock(0)}</span>
                <span>{clock(duration)}</span>
            </div>
        </div>
    );
}
