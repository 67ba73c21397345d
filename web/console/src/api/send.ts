/** Sends bytes to S3 by presigned URLs, and again if the connection breaks. */

import { pause } from "../model/transfer.ts";
import { texts } from "../texts.ts";
import { Failure } from "./http.ts";

/** How often a request is tried. With the pauses between, that takes a minute. */
const ATTEMPTS = 7;

export interface Sending {
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly body: Blob;
    readonly signal: AbortSignal;
    /** Learns how many bytes of this body were sent. */
    readonly onSent: (sent: number) => void;
    /** Learns in how many milliseconds the next attempt begins, and that it begins (0). */
    readonly onPause: (milliseconds: number) => void;
}

/** Returns the `ETag` of what is stored. */
export async function send(sending: Sending): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
        try {
            return await sendOnce(sending);
        } catch (error) {
            const hopeless = error instanceof Failure && error.status >= 400 && error.status < 500;
            if (sending.signal.aborted || hopeless || attempt === ATTEMPTS) throw error;
            sending.onSent(0);
            const wait = pause(attempt, Math.random());
            sending.onPause(wait);
            await rest(wait, sending.signal);
            sending.onPause(0);
        }
    }
}

/** Waits, and then until the browser is online. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
        const end = () => {
            if (!navigator.onLine) return;
            removeEventListener("online", end);
            signal.removeEventListener("abort", abort);
            resolve();
        };
        const abort = () => {
            clearTimeout(timer);
            removeEventListener("online", end);
            reject(new DOMException("", "AbortError"));
        };
        const timer = setTimeout(() => {
            addEventListener("online", end);
            end();
        }, milliseconds);
        signal.addEventListener("abort", abort, { once: true });
    });
}

/** `fetch` reports no progress of what it sends, so this is an XMLHttpRequest. */
function sendOnce({ url, headers, body, signal, onSent }: Sending): Promise<string> {
    return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        const abort = () => {
            request.abort();
        };
        request.open("PUT", url);
        // The browser itself sets the length of the body.
        for (const [name, value] of Object.entries(headers)) {
            if (name.toLowerCase() !== "content-length") request.setRequestHeader(name, value);
        }
        request.upload.onprogress = ({ loaded }) => {
            onSent(loaded);
        };
        request.onload = () => {
            if (request.status >= 200 && request.status < 300) {
                onSent(body.size);
                resolve(request.getResponseHeader("ETag") ?? "");
            } else if (request.responseText.includes("BadDigest")) {
                reject(new Failure(request.status, texts.uploads.changed));
            } else {
                reject(new Failure(request.status, texts.uploads.refused(request.status)));
            }
        };
        request.onerror = () => {
            reject(new Failure(0, texts.uploads.broken));
        };
        request.onabort = () => {
            reject(new DOMException("", "AbortError"));
        };
        request.onloadend = () => {
            signal.removeEventListener("abort", abort);
        };
        signal.addEventListener("abort", abort);
        if (signal.aborted) abort();
        else request.send(body);
    });
}

/** The value of `Content-MD5` for a hexadecimal MD5; S3 refuses a body that has another one (Amazon S3 API Reference, UploadPart). */
export function contentMd5(md5: string): string {
    return btoa(String.fromCharCode(...(md5.match(/../g) ?? []).map((digits) => parseInt(digits, 16))));
}
