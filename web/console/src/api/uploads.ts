/**
 * Uploads: three files at a time go straight to S3 by presigned URLs. A larger file goes in parts. What the storage has of it is
 * asked of the storage, so it can be paused, and goes on after the page was loaded anew.
 */

import { signal, type Signal } from "@preact/signals";

import type { Content } from "../model/listing.ts";
import { Meter, isSameFile, type Checksums } from "../model/transfer.ts";
import { texts } from "../texts.ts";
import { explain } from "./http.ts";
import { listed } from "./spaces.ts";
import { abortUpload } from "./tasks.ts";
import { found, transfer } from "./transfer.ts";
import { forget, unfinished, type Unfinished } from "./unfinished.ts";

/** How many files are sent at once. */
const AT_ONCE = 3;

/** `interrupted`: begun before the page was loaded, and the file has to be chosen again. */
export type State =
    "waiting" | "checking" | "taken" | "sending" | "paused" | "interrupted" | "done" | "failed" | "cancelled";

export interface Upload {
    readonly key: number;
    readonly user: string;
    readonly space: string;
    readonly content: string;
    readonly name: string;
    readonly size: number;
    readonly state: Signal<State>;
    /** How many bytes were read, while it is being checked, or sent. */
    readonly sent: Signal<number>;
    readonly error: Signal<string>;
    /** In how many milliseconds the next attempt begins; 0 while nothing is waited for. */
    readonly wait: Signal<number>;
    /** The MD5 of the file, once it is known. */
    readonly md5: Signal<string>;
    readonly meter: Meter;
    file?: File | undefined;
    handle?: FileSystemFileHandle | undefined;
    /** The name may be that of a content, which is replaced. */
    replaces: boolean;
    begun?: Unfinished | undefined;
    sums?: Checksums | undefined;
    controller: AbortController;
    /** Ends when the last attempt has ended: two would lock each other out. */
    running: Promise<void>;
}

export interface Chosen {
    readonly content: string;
    readonly file: File;
    readonly handle?: FileSystemFileHandle | undefined;
}

/** All uploads of this page, the latest last. */
export const uploads = signal<readonly Upload[]>([]);

/** Counts the uploads that are done, by space, so that a list knows when to look again. */
export const finished = signal<Readonly<Record<string, number>>>({});

/** A content that was uploaded, as lists have it. */
export interface Arrived {
    readonly space: string;
    readonly content: Content;
}

/** What this page has uploaded; the latest last. */
export const arrived = signal<readonly Arrived[]>([]);

/** How long to wait for a stored content to be in the list, in milliseconds: S3 tells of it within a second or two. */
const UNTIL_LISTED = [0, 250, 500, 1000, 2000, 4000];

let next = 0;
/** Who uploads. */
let user = "";

function made(space: string, content: string, name: string, size: number, state: State): Upload {
    next += 1;
    return {
        key: next,
        user,
        space,
        content,
        name,
        size,
        state: signal<State>(state),
        sent: signal(0),
        error: signal(""),
        wait: signal(0),
        md5: signal(""),
        meter: new Meter(),
        replaces: false,
        controller: new AbortController(),
        running: Promise.resolve(),
    };
}

/** Shows what a user has not finished uploading. */
export async function restore(name: string): Promise<void> {
    user = name;
    const found = (await unfinished(name)).map((begun) => {
        const upload = made(begun.space, begun.content, begun.name, begun.size, "interrupted");
        return Object.assign(upload, { begun, sums: begun.checksums, handle: begun.handle, replaces: true });
    });
    const shown = new Set(uploads.value.map(({ begun }) => begun?.uploadId));
    uploads.value = [...uploads.value, ...found.filter(({ begun }) => !shown.has(begun.uploadId))];
}

/** Stops all uploads, and shows none: another user may come. */
export function suspend(): void {
    uploads.value.forEach(hold);
    uploads.value = [];
}

/** Adds files to be stored under their content ids. A name that is taken waits for a decision. */
export function add(space: string, files: readonly Chosen[]): void {
    const added = files.flatMap(({ content, file, handle }): Upload[] => {
        const known = uploads.value.find(
            (one) => one.space === space && one.content === content && goesOnWith(one, file),
        );
        if (known) {
            known.handle = handle;
            goOnWith(known, file);
            return [];
        }
        return [Object.assign(made(space, content, file.name, file.size, "waiting"), { file, handle })];
    });
    uploads.value = [...uploads.value, ...added];
    pump();
}

function goesOnWith({ state, begun }: Upload, file: File): boolean {
    return state.value === "interrupted" && begun !== undefined && isSameFile(begun, file);
}

/** Goes on with an interrupted upload, if this is its file. */
export function goOnWith(upload: Upload, file: File): void {
    if (!goesOnWith(upload, file)) {
        upload.error.value = texts.uploads.anotherFile(upload.name);
        return;
    }
    upload.file = file;
    goOn(upload);
}

/** Sends an upload again from where it stopped, or one whose name is taken anyway. */
export function goOn(upload: Upload): void {
    upload.replaces ||= upload.state.value === "taken";
    upload.error.value = "";
    upload.controller = new AbortController();
    upload.state.value = "waiting";
    pump();
}

/** Reads the file of an interrupted upload again, where the browser has kept a handle of it; the person is asked for leave. */
export async function readAgain(upload: Upload): Promise<void> {
    const handle = upload.handle as (FileSystemFileHandle & Asking) | undefined;
    if (!handle) return;
    try {
        if ((await handle.requestPermission?.({ mode: "read" })) === "denied") throw new Error(texts.uploads.denied);
        goOnWith(upload, await handle.getFile());
    } catch (error) {
        upload.handle = undefined;
        upload.state.value = "interrupted";
        upload.error.value = explain(error);
    }
}

/** Not in the types of TypeScript yet: File System Access §2.3. */
interface Asking {
    requestPermission?: (descriptor: { mode: "read" }) => Promise<PermissionState>;
}

/** Stops an upload for now. */
export function hold(upload: Upload): void {
    if (!["waiting", "checking", "sending"].includes(upload.state.value)) return;
    upload.state.value = "paused";
    upload.controller.abort();
    pump();
}

/** Ends an upload, and removes its parts from the storage. */
export function cancel(upload: Upload): void {
    upload.state.value = "cancelled";
    upload.error.value = "";
    upload.controller.abort();
    takeBack(upload);
    pump();
}

/** If it fails, the storage removes the parts itself after some days. */
function takeBack(upload: Upload): void {
    const { begun, space, content } = upload;
    upload.begun = undefined;
    if (!begun) return;
    abortUpload(space, content, begun.uploadId)
        .then(() => forget(begun.uploadId))
        .catch((error: unknown) => (upload.error.value = explain(error)));
}

/** Whether nothing is to be done for an upload any more. */
export function isOver({ state, begun }: Upload): boolean {
    return ["done", "cancelled", "taken"].includes(state.value) || (state.value === "failed" && !begun);
}

/** Removes the uploads that are over from the list. */
export function clear(): void {
    uploads.value = uploads.value.filter((upload) => !isOver(upload));
}

export function isBusy({ state }: Upload): boolean {
    return state.value === "sending" || state.value === "checking";
}

function pump(): void {
    const free = AT_ONCE - uploads.value.filter(isBusy).length;
    for (const upload of uploads.value.filter(({ state }) => state.value === "waiting").slice(0, Math.max(0, free))) {
        upload.state.value = "checking";
        const { signal: stopped } = upload.controller;
        upload.running = upload.running.then(() => run(upload, stopped)).finally(pump);
    }
}

async function run(upload: Upload, stopped: AbortSignal): Promise<void> {
    try {
        stopped.throwIfAborted();
        if (!upload.replaces && (await found(upload, stopped))) {
            upload.state.value = "taken";
            return;
        }
        await transfer(upload, stopped);
        upload.sent.value = upload.size;
        upload.state.value = "done";
        void arrive(upload);
        finished.value = { ...finished.value, [upload.space]: (finished.value[upload.space] ?? 0) + 1 };
    } catch (error) {
        if (upload.state.value === "cancelled") takeBack(upload);
        if (stopped.aborted) return;
        upload.error.value = explain(error);
        upload.state.value = "failed";
    } finally {
        upload.wait.value = 0;
    }
}

/** Says that an upload has arrived once the list has it. */
async function arrive({ space, content, size, controller }: Upload): Promise<void> {
    for (const pause of UNTIL_LISTED) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        try {
            const { contents } = await listed(space, { prefix: content, count: 1 }, controller.signal);
            const [found] = contents;
            if (found?.id === content && found.size === size) {
                arrived.value = [...arrived.value, { space, content: found }];
                return;
            }
        } catch {
            // Asked again, or seen when the list is loaded anew.
        }
    }
}
