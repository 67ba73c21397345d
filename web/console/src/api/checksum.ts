/** Checksums of files, one file at a time: disks read one fastest. */

import { partSize, type Checksums } from "../model/transfer.ts";
import type { Asked, Said } from "./checksum.worker.ts";

let before: Promise<unknown> = Promise.resolve();

/** The checksums of a file. `onRead` learns how many bytes were read. */
export function checksums(file: File, signal: AbortSignal, onRead: (read: number) => void): Promise<Checksums> {
    const mine = before.then(() => work(file, signal, onRead));
    before = mine.catch(() => undefined);
    return mine;
}

function work(file: File, signal: AbortSignal, onRead: (read: number) => void): Promise<Checksums> {
    return new Promise((resolve, reject) => {
        if (signal.aborted) {
            reject(new DOMException("", "AbortError"));
            return;
        }
        const worker = new Worker(new URL("./checksum.worker.ts", import.meta.url), { type: "module" });
        const end = () => {
            signal.removeEventListener("abort", abort);
            worker.terminate();
        };
        const abort = () => {
            end();
            reject(new DOMException("", "AbortError"));
        };
        signal.addEventListener("abort", abort);
        worker.onerror = (event) => {
            end();
            reject(new Error(event.message));
        };
        worker.onmessage = ({ data }: MessageEvent<Said>) => {
            if ("read" in data) {
                onRead(data.read);
                return;
            }
            end();
            if ("error" in data) reject(new Error(data.error));
            else resolve(data);
        };
        worker.postMessage({ file, part: partSize(file.size) } satisfies Asked);
    });
}
