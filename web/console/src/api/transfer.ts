/** Transfers one file: works out its checksums, sends it whole or in parts, and looks at what is stored. */

import { bare, isWhole, partSize, placed, type Checksums, type PlacedPart } from "../model/transfer.ts";
import { texts } from "../texts.ts";
import { checksums } from "./checksum.ts";
import { Failure } from "./http.ts";
import { contentMd5, send } from "./send.ts";
import { details, type Details } from "./spaces.ts";
import { beginUpload, completeUpload, resumeUpload, wholeUpload } from "./tasks.ts";
import { exclusively, forget, keep, type Unfinished } from "./unfinished.ts";
import type { Upload } from "./uploads.ts";

/** How many parts of a file are sent at once: browsers open six connections to a host, and three files are sent at once. */
const PARTS_AT_ONCE = 2;

/** The content of this name, if there is one. */
export async function found({ space, content }: Upload, stopped: AbortSignal): Promise<Details | undefined> {
    try {
        return await details(space, content, stopped);
    } catch (error) {
        if (error instanceof Failure && error.status === 404) return undefined;
        throw error;
    }
}

/** Stores the file of an upload. */
export async function transfer(upload: Upload, stopped: AbortSignal): Promise<void> {
    const { file, space, content } = upload;
    if (!file) throw new Error(texts.uploads.anotherFile(upload.name));
    upload.sums ??= await checksums(file, stopped, (read) => (upload.sent.value = read));
    const { sums } = upload;
    upload.md5.value = sums.md5;
    stopped.throwIfAborted();
    upload.state.value = "sending";
    upload.sent.value = 0;
    upload.meter.reset();
    if (isWhole(file.size)) {
        const { url, headers } = await wholeUpload(space, content, file, sums.md5);
        await send({
            ...common(upload, stopped),
            url,
            headers,
            body: file,
            onSent: (sent) => {
                progress(upload, sent);
            },
        });
        return;
    }
    const begun = upload.begun ?? (await begin(upload, file, sums));
    const alone = await exclusively(begun.uploadId, () => sendAll(upload, begun, file, sums, stopped));
    if (!alone) throw new Error(texts.uploads.elsewhere);
}

async function begin(upload: Upload, file: File, sums: Checksums): Promise<Unfinished> {
    const { user, space, content, handle } = upload;
    const size = partSize(file.size);
    const uploadId = await beginUpload(space, content, file, sums.md5, size);
    const { name, lastModified } = file;
    upload.begun = {
        uploadId,
        user,
        space,
        content,
        name,
        size: file.size,
        lastModified,
        partSize: size,
        checksums: sums,
        handle,
    };
    await keep(upload.begun);
    return upload.begun;
}

/** Sends the parts that the storage does not have, and makes a content of all. */
async function sendAll(
    upload: Upload,
    begun: Unfinished,
    file: File,
    sums: Checksums,
    stopped: AbortSignal,
): Promise<void> {
    const { space, content, uploadId } = begun;
    let etags: Map<number, string> | undefined;
    for (let before = -1; !etags;) {
        let parts: PlacedPart[];
        try {
            parts = placed(await resumeUpload(space, content, uploadId, begun.size, begun.partSize, stopped), sums);
        } catch (error) {
            if (!(error instanceof Failure) || error.status !== 404) throw error;
            // The storage no longer has it: it was completed by a request whose answer was lost, or it is too old.
            await lost(upload, uploadId);
            if ((await found(upload, stopped))?.etag === sums.joined) return;
            throw new Failure(404, texts.uploads.gone);
        }
        const stored = parts.filter(({ isStored }) => isStored).length;
        try {
            etags = await sendParts(upload, parts, file, stopped);
        } catch (error) {
            // The URLs have expired: there are new ones, as long as each round stores something.
            if (!(error instanceof Failure) || error.status !== 403 || stored <= before) throw error;
            before = stored;
        }
    }
    stopped.throwIfAborted();
    const all = [...etags]
        .map(([partNumber, etag]) => ({ partNumber, etag }))
        .sort((a, b) => a.partNumber - b.partNumber);
    await completeUpload(space, content, uploadId, all);
    await lost(upload, uploadId);
    // A bucket with other encryption than the template's has ETags that are no MD5; then each part was checked as it came.
    const comparable = all.every(({ partNumber, etag }) => bare(etag) === sums.parts[partNumber - 1]);
    const stored = await found(upload, stopped);
    if (comparable && stored?.etag !== sums.joined) throw new Error(texts.uploads.different);
}

async function lost(upload: Upload, uploadId: string): Promise<void> {
    upload.begun = undefined;
    await forget(uploadId);
}

/** The `ETag` of each part, after those that are not stored were sent. */
async function sendParts(
    upload: Upload,
    parts: readonly PlacedPart[],
    file: File,
    stopped: AbortSignal,
): Promise<Map<number, string>> {
    const etags = new Map<number, string>();
    const sent = new Map<number, number>();
    for (const { partNumber, size, etag = "" } of parts.filter(({ isStored }) => isStored)) {
        etags.set(partNumber, etag);
        sent.set(partNumber, size);
    }
    const tell = () => {
        progress(
            upload,
            [...sent.values()].reduce((sum, count) => sum + count, 0),
        );
    };
    upload.meter.reset();
    tell();
    const missing = parts.filter(({ isStored }) => !isStored);
    const failed = new AbortController();
    const either = AbortSignal.any([stopped, failed.signal]);
    const line = async () => {
        for (let part = missing.shift(); part !== undefined; part = missing.shift()) {
            const { partNumber, from, size, url, md5 } = part;
            const etag = await send({
                ...common(upload, either),
                url,
                headers: { "Content-MD5": contentMd5(md5) },
                body: file.slice(from, from + size),
                onSent: (count) => {
                    sent.set(partNumber, count);
                    tell();
                },
            });
            etags.set(partNumber, etag);
        }
    };
    const lines = Array.from({ length: PARTS_AT_ONCE }, line);
    try {
        await Promise.all(lines);
    } catch (error) {
        failed.abort();
        await Promise.allSettled(lines);
        throw error;
    }
    return etags;
}

function common(upload: Upload, stopped: AbortSignal) {
    return {
        signal: stopped,
        onPause: (milliseconds: number) => {
            upload.wait.value = milliseconds;
        },
    };
}

function progress(upload: Upload, sent: number): void {
    upload.meter.note(sent, performance.now());
    upload.sent.value = sent;
}
