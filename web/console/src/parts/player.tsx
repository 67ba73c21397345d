/** `<reelspan-player>`, which the server has as one file: the same that other sites use. */

import { useEffect, useRef } from "preact/hooks";

import type { SignedForms } from "../api/tasks.ts";

/** A part of a recording, in seconds; what is left out is the beginning or the end. */
export interface Selection {
    readonly start?: number | undefined;
    readonly end?: number | undefined;
}

/** What the console uses of the player: see web/player/README.md. */
export interface PlayerElement extends HTMLElement {
    currentTime: number;
    readonly duration: number;
    selection: Selection;
    source: (() => Promise<SignedForms>) | undefined;
    play(): Promise<void>;
    pause(): void;
}

interface Props {
    /** An address that plays, or a function that gives signed ones. */
    readonly source: string | (() => Promise<SignedForms>);
    readonly title: string;
    /** Whether links lead to the page of the player, which plays what streams. */
    readonly isStreamed: boolean;
    readonly onElement: (player: PlayerElement) => void;
    readonly onReady: (duration: number) => void;
    readonly onTime: (seconds: number) => void;
    readonly onPause: () => void;
    readonly onSelect: (selection: Selection) => void;
}

const SCRIPT = "/player/reelspan-player.js";

export function Player(props: Props) {
    const place = useRef<HTMLDivElement>(null);
    const current = useRef(props);
    current.current = props;
    useEffect(() => {
        // The file is not a part of the console's own.
        void import(/* @vite-ignore */ SCRIPT);
        const player = document.createElement("reelspan-player") as PlayerElement;
        const { isStreamed, onElement, source, title } = current.current;
        const attributes = { controls: "", playsinline: "", preload: "metadata", "content-title": title };
        for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
        if (isStreamed) player.setAttribute("page", "/player/");
        const on = (type: string, act: (now: Props) => void) => {
            player.addEventListener(type, () => {
                act(current.current);
            });
        };
        on("formchange", (now) => {
            now.onReady(player.duration);
        });
        for (const type of ["timeupdate", "seeked"]) {
            on(type, (now) => {
                now.onTime(player.currentTime);
            });
        }
        on("pause", (now) => {
            now.onPause();
        });
        on("selectionchange", (now) => {
            now.onSelect(player.selection);
        });
        place.current?.append(player);
        // A property of an element that has no class yet would hide the class's own.
        void customElements.whenDefined("reelspan-player").then(() => {
            if (typeof source === "string") player.setAttribute("src", source);
            else player.source = source;
            onElement(player);
        });
        return () => {
            player.remove();
        };
    }, []);
    return <div class="player" ref={place} />;
}
