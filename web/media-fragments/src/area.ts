/** Parts of the picture (Media Fragments URI 1.0 §4.2.2): `160,120,320,240`, `percent:25,25,50,50`. */

import { atMost, Scanner } from "./scanner.js";

/** A rectangle of the picture. What is in percent lies within the picture. */
export interface Area {
    readonly unit: "pixel" | "percent";
    readonly x: number;
    readonly y: number;
    /** At least 1. */
    readonly width: number;
    /** At least 1. */
    readonly height: number;
}

/** A rectangle of pixels. */
export interface Rectangle {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
}

const LARGEST = 2n ** 32n - 1n;

/** Reads the value of `xywh`. Without a prefix it is in pixels. Throws an `InvalidError`. */
export function readArea(value: string): Area {
    const scanner = new Scanner(value);
    const unit = scanner.take("percent:") ? "percent" : "pixel";
    if (unit === "pixel") scanner.take("pixel:");
    const number = () => Number(atMost(scanner.number(), LARGEST));
    const next = () => {
        if (!scanner.take(",")) throw scanner.invalid("',' and a number are expected");
        return number();
    };
    const x = number();
    const y = next();
    const width = next();
    const afterWidth = scanner.clone();
    const height = next();
    scanner.end();
    if (width === 0) throw afterWidth.invalid("the width is at least 1", 1);
    if (height === 0) throw scanner.invalid("the height is at least 1", 1);
    if (unit === "percent" && x + width > 100) {
        throw afterWidth.invalid("it reaches beyond the picture's right edge", 1);
    }
    if (unit === "percent" && y + height > 100) {
        throw scanner.invalid("it reaches beyond the picture's lower edge", 1);
    }
    return { unit, x, y, width, height };
}

/** As a URI has it, with its unit: `pixel:200,100,200,200`. */
export function writeArea({ unit, x, y, width, height }: Area): string {
    return `${unit}:${x},${y},${width},${height}`;
}

/** The part of a picture of this size that an area means; `undefined` if it lies outside. */
export function areaIn(area: Area, picture: { width: number; height: number }): Rectangle | undefined {
    const [across, down] = area.unit === "percent" ? [picture.width / 100, picture.height / 100] : [1, 1];
    const [x, y] = [area.x * across, area.y * down];
    const width = Math.min(area.width * across, picture.width - x);
    const height = Math.min(area.height * down, picture.height - y);
    return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
