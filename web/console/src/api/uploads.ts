/** Uploads: files go straight to S3 by presigned URLs, three at a time, with progress. */

import { signal, type Signal } from "@preact/signals";

import type { Content } from "../model/listing.ts";
import { texts } from "../texts.ts";
import { Failure, explain } from "./http.ts";
import { details, listed } from "./spaces.ts";
import { completeUpload, uploadUrl } from "./tasks.ts";

/** How many files are sent at once. */
const AT_ONCE = 3;
/** How often a part is tried before its upload fails. */
const ATTEMPTS = 3;

export type State = "waiting" | "taken" | "sending" | "done" | "failed" | "cancelled";

export interface Upload {
    readonly key: number;
    readonly space: string;
    readonly content: string;
    readonly file: File;
    readonly state: Signal<State>;
    readonly sent: Signal<number>;
    readonly error: Signal<string>;
    readonly controller: AbortController;
}

/** All uploads of this page, the latest last. */
export const uploads = signal<readonly Upload[]>([]);

/** Counts the uploads that are done, by space, so that a list knows when to look again. */
export const finished = signal<Readonly<Record<string, number>>>({});

/** The contents that were uploaded by this page, as lists have them; the latest last. */
export const arrived = signal<readonly { readonly space: string; readonly content: Content }[]>([]);

/** How long to wait for a stored content to be in the list, in milliseconds: S3 tells of it within a second or two. */
const UNTIL_LISTED = [0, 250, 500, 1000, 2000, 4000];

let next = 0;

/** Adds files to be stored under their content ids. A name that is taken waits for a decision. */
export function add(space: string, files: readonly { content: string; file: File }[]): void {
    const added = files.map(({ content, file }): Upload => {
        next += 1;
        return {
            key: next,
            space,
            content,
            file,
            state: signal<State>("waiting"),
            sent: signal(0),
            error: signal(""),
            controller: new AbortController(),
        };
    });
    uploads.value = [...uploads.value, ...added];
    pump();
}

/** Sends an upload again, or one whose name is taken anyway. */
export function send(upload: Upload): void {
    const again: Upload = {
        ...upload,
        state: signal<State>("waiting"),
        sent: signal(0),
        error: signal(""),
        controller: new AbortController(),
    };
    agreed.add(again.key);
    uploads.value = uploads.value.map((other) => (other === upload ? again : other));
    pump();
}

export function cancel(upload: Upload): void {
    upload.state.value = "cancelled";
    upload.controller.abort();
    pump();
}

/** Removes the uploads that are over from the list. */
export function clear(): void {
    uploads.value = uploads.value.filter(({ state }) => state.value === "waiting" || state.value === "sending");
}

/** The uploads whose name may replace a content. */
const agreed = new Set<number>();

function pump(): void {
    const sending = uploads.value.filter(({ state }) => state.value === "sending").length;
    for (const upload of uploads.value
        .filter(({ state }) => state.value === "waiting")
        .slice(0, Math.max(0, AT_ONCE - sending))) {
        upload.state.value = "sending";
        void run(upload).finally(pump);
    }
}

async function run(upload: Upload): Promise<void> {
    try {
        if (!agreed.has(upload.key) && (await isTaken(upload))) {
            if (upload.state.value === "sending") upload.state.value = "taken";
            return;
        }
        await transfer(upload);
        upload.sent.value = upload.file.size;
        upload.state.value = "done";
        void arrive(upload);
        finished.value = { ...finished.value, [upload.space]: (finished.value[upload.space] ?? 0) + 1 };
    } catch (error) {
        if (upload.controller.signal.aborted) return;
        upload.error.value = explain(error);
        upload.state.value = "failed";
    }
}

/** Says that an upload has arrived once the list has it. */
async function arrive({ space, content, file, controller }: Upload): Promise<void> {
    for (const pause of UNTIL_LISTED) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        try {
            const { contents } = await listed(space, { prefix: content, count: 1 }, controller.signal);
            const [found] = contents;
            if (found?.id === content && found.size === file.size) {
                arrived.value = [...arrived.value, { space, content: found }];
                return;
            }
        } catch {
            // Asked again, or seen when the list is loaded anew.
        }
    }
}

async function isTaken({ space, content, controller }: Upload): Promise<boolean> {
    try {
        await details(space, content, controller.signal);
        return true;
    } catch (error) {
        if (error instanceof Failure && error.status === 404) return false;
        throw error;
    }
}

async function transfer(upload: Upload): Promise<void> {
    const { space, content, file } = upload;
    const target = await uploadUrl(space, content, file);
    if ("url" in target) {
        await put(upload, target.url, target.headers, file, 0);
        return;
    }
    const parts: { partNumber: number; etag: string }[] = [];
    let from = 0;
    for (const { partNumber, size, url } of target.parts) {
        parts.push({ partNumber, etag: await put(upload, url, {}, file.slice(from, from + size), from) });
        from += size;
    }
    await completeUpload(space, content, target.uploadId, parts);
}

/** Sends bytes, again if the connection breaks; returns their `ETag`. */
async function put(
    upload: Upload,
    url: string,
    headers: Record<string, string>,
    body: Blob,
    before: number,
): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
        try {
            return await putOnce(upload, url, headers, body, before);
        } catch (error) {
            const hopeless = error instanceof Failure && error.status >= 400 && error.status < 500;
            if (upload.controller.signal.aborted || hopeless || attempt === ATTEMPTS) throw error;
            upload.sent.value = before;
            await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
        }
    }
}

/** `fetch` reports no progress of what it sends, so this is an XMLHttpRequest. */
function putOnce(
    upload: Upload,
    url: string,
    headers: Record<string, string>,
    body: Blob,
    before: number,
): Promise<string> {
    const { signal: aborted } = upload.controller;
    return new Promise((resolve, reject) => {
        const sending = new XMLHttpRequest();
        const abort = () => {
            sending.abort();
        };
        sending.open("PUT", url);
        // The browser itself sets the length of the body.
        for (const [name, value] of Object.entries(headers)) {
            if (name.toLowerCase() !== "content-length") sending.setRequestHeader(name, value);
        }
        sending.upload.onprogress = ({ loaded }) => (upload.sent.value = before + loaded);
        sending.onload = () => {
            if (sending.status >= 200 && sending.status < 300) resolve(sending.getResponseHeader("ETag") ?? "");
            else reject(new Failure(sending.status, texts.uploads.refused(sending.status)));
        };
        sending.onerror = () => {
            reject(new Failure(0, texts.uploads.broken));
        };
        sending.onabort = () => {
            reject(new Failure(0, texts.uploads.cancelled));
        };
        sending.onloadend = () => {
            aborted.removeEventListener("abort", abort);
        };
        aborted.addEventListener("abort", abort);
        if (aborted.aborted) abort();
        else sending.send(body);
    });
}

interface Entry {
    readonly isFile: boolean;
    readonly name: string;
}

/** The files that were dropped, those in folders under the folders' names. */
export async function dropped(data: DataTransfer): Promise<{ path: string; file: File }[]> {
    const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
    if (entries.length === 0) return [...data.files].map((file) => ({ path: file.name, file }));
    return (await Promise.all(entries.map((entry) => walk(entry, "")))).flat();
}

async function walk(entry: FileSystemEntry & Entry, above: string): Promise<{ path: string; file: File }[]> {
    if (entry.isFile) {
        const file = await new Promise<File>((resolve, reject) => {
            (entry as FileSystemFileEntry).file(resolve, reject);
        });
        return [{ path: above + entry.name, file }];
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const found: { path: string; file: File }[] = [];
    for (;;) {
        const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
            reader.readEntries(resolve, reject);
        });
        // A folder is read a hundred entries at a time.
        if (some.length === 0) return found;
        for (const child of some) found.push(...(await walk(child, `${above}${entry.name}/`)));
    }
}
