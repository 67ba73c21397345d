/** Icons, drawn with the colour of the text. They are decoration: what they mean is said in words too. */

const PATHS = {
    brand: "M2 10h20v4H2zM7 7v10M17 7v10",
    user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6 8-6s8 2 8 6",
    folder: "M3 6h6l2 2h10v11H3z",
    video: "M3 5h18v14H3zM10 9l5 3-5 3z",
    audio: "M9 18V6l10-2v12M9 18a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM19 16a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
    image: "M3 5h18v14H3zM3 16l5-5 5 5 3-3 5 5M15 9h.01",
    text: "M6 3h9l4 4v14H6zM9 12h7M9 16h7",
    other: "M6 3h9l4 4v14H6zM15 3v4h4",
    space: "M4 4h16v5H4zM4 9h16v11H4zM10 13h4",
    search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5",
    plus: "M12 5v14M5 12h14",
    upload: "M12 16V4M7 9l5-5 5 5M4 20h16",
    download: "M12 4v12M7 11l5 5 5-5M4 20h16",
    close: "M6 6l12 12M18 6L6 18",
    delete: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
    back: "M15 5l-7 7 7 7",
    up: "M6 15l6-6 6 6",
    down: "M6 9l6 6 6-6",
    check: "M5 12l5 5 9-10",
    warning: "M12 4l9 16H3zM12 10v4M12 17h.01",
    lost: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7M12 17h.01",
    stream: "M12 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM8 16a5.7 5.7 0 0 1 0-8M16 8a5.7 5.7 0 0 1 0 8M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14",
    lock: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
    edit: "M4 20l1-5L16 4l4 4L9 19z",
    copy: "M8 8h12v12H8zM16 8V4H4v12h4",
    play: "M7 4l13 8-13 8z",
    pause: "M9 5v14M15 5v14",
    stop: "M6 6h12v12H6z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={PATHS[name]} />
        </svg>
    );
}
