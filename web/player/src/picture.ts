/** A part of the picture (`xywh`): highlighted, or cropped and enlarged. */

import { type Area, areaIn, type Rectangle } from "media-fragments";

/** How a part of the picture is shown. */
export type AreaView = "highlight" | "enlarge" | "whole";

const NEXT: Record<AreaView, AreaView> = { highlight: "enlarge", enlarge: "whole", whole: "highlight" };

export class PicturePart {
    #video: HTMLVideoElement;
    #frame: HTMLElement;
    #overlay: HTMLElement;
    #area: Area | undefined;
    #view: AreaView = "highlight";

    /** `overlay` lies over the video, which fills `frame`. */
    constructor(video: HTMLVideoElement, frame: HTMLElement, overlay: HTMLElement) {
        this.#video = video;
        this.#frame = frame;
        this.#overlay = overlay;
        const draw = () => {
            this.draw();
        };
        video.addEventListener("resize", draw);
        video.addEventListener("loadedmetadata", draw);
        new ResizeObserver(draw).observe(frame);
    }

    get area(): Area | undefined {
        return this.#area;
    }

    set area(area: Area | undefined) {
        this.#area = area;
        this.#view = "highlight";
        this.draw();
    }

    get view(): AreaView {
        return this.#view;
    }

    set view(view: AreaView) {
        this.#view = view;
        this.draw();
    }

    /** Whether there is a part to show. */
    get shown(): boolean {
        return this.#rectangle() !== undefined;
    }

    /** The view that comes after this one. */
    get next(): AreaView {
        return NEXT[this.#view];
    }

    draw(): void {
        const part = this.#rectangle();
        const { style } = this.#video;
        const { clientWidth: width, clientHeight: height } = this.#frame;
        this.#overlay.hidden = part === undefined || this.#view !== "highlight";
        style.transform = "";
        style.clipPath = "";
        if (part === undefined || width === 0 || height === 0) return;
        if (this.#view === "highlight") place(this.#overlay, part);
        if (this.#view !== "enlarge") return;
        const scale = Math.min(width / part.width, height / part.height);
        const left = width / 2 - (part.x + part.width / 2) * scale;
        const top = height / 2 - (part.y + part.height / 2) * scale;
        style.transformOrigin = "0 0";
        style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
        const right = width - part.x - part.width;
        const bottom = height - part.y - part.height;
        style.clipPath = `inset(${part.y}px ${right}px ${bottom}px ${part.x}px)`;
    }

    /** The part in pixels of the frame, in which the picture keeps its proportions. */
    #rectangle(): Rectangle | undefined {
        const { videoWidth, videoHeight } = this.#video;
        if (this.#area === undefined || videoWidth === 0) return undefined;
        const part = areaIn(this.#area, { width: videoWidth, height: videoHeight });
        if (part === undefined) return undefined;
        const { clientWidth, clientHeight } = this.#frame;
        const scale = Math.min(clientWidth / videoWidth, clientHeight / videoHeight);
        const left = (clientWidth - videoWidth * scale) / 2;
        const top = (clientHeight - videoHeight * scale) / 2;
        return {
            x: left + part.x * scale,
            y: top + part.y * scale,
            width: part.width * scale,
            height: part.height * scale,
        };
    }
}

function place({ style }: HTMLElement, { x, y, width, height }: Rectangle): void {
    style.left = `${x}px`;
    style.top = `${y}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
}
