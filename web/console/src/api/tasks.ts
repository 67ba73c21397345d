/** The tasks of the REST API: docs/streaming.md, and docs/rest.md § Tasks. */

import { mediaType } from "../model/listing.ts";
import type { Part } from "../model/transfer.ts";
import { request } from "./http.ts";

/** Performs a task, and returns its answer. */
export async function task<T>(name: string, body: unknown, signal?: AbortSignal): Promise<T> {
    const response = await request(`/durastore/task/${name}`, { method: "POST", json: body, signal });
    return JSON.parse(await response.text()) as T;
}

/** Turns streaming on. The origins are the sites whose scripts may read the bytes; without any, every site may. */
export async function enableStreaming(
    spaceId: string,
    secure: boolean,
    allowedOrigins: readonly string[],
): Promise<void> {
    await task("enable-streaming", { spaceId, secure, ...(allowedOrigins.length > 0 ? { allowedOrigins } : {}) });
}

export async function disableStreaming(spaceId: string): Promise<void> {
    await task("disable-streaming", { spaceId });
}

export async function deleteStreaming(spaceId: string): Promise<void> {
    await task("delete-streaming", { spaceId });
}

export async function streamUrl(spaceId: string, contentId: string, signal?: AbortSignal): Promise<string> {
    return (await task<{ streamUrl: string }>("get-url", { spaceId, contentId }, signal)).streamUrl;
}

export interface Signing {
    readonly minutesToExpire: number;
    readonly fragment?: string | undefined;
    readonly ipAddress?: string | undefined;
}

export interface Signed {
    readonly signedUrl: string;
    /** What a signed excerpt discloses, as a fragment. */
    readonly given?: string;
}

export async function signedUrl(
    spaceId: string,
    contentId: string,
    how: Signing,
    signal?: AbortSignal,
): Promise<Signed> {
    return await task<Signed>("get-signed-url", { spaceId, contentId, ...how }, signal);
}

/** The addresses of all forms that a player may choose from. */
export interface SignedForms {
    readonly signedUrl: string;
    readonly signedStreamUrl: string;
    readonly signedCutUrl: string;
}

export async function signedForms(
    spaceId: string,
    contentId: string,
    minutesToExpire: number,
    signal?: AbortSignal,
): Promise<SignedForms> {
    return await task<SignedForms>("get-signed-url", { spaceId, contentId, minutesToExpire, form: "player" }, signal);
}

export interface WholeUpload {
    readonly url: string;
    readonly headers: Record<string, string>;
}

/** Where to send a file in one request. */
export async function wholeUpload(spaceId: string, contentId: string, file: File, md5: string): Promise<WholeUpload> {
    return await task("get-upload-url", described(spaceId, contentId, file, md5));
}

/** Begins an upload in parts, and returns its id. */
export async function beginUpload(
    spaceId: string,
    contentId: string,
    file: File,
    md5: string,
    partSize: number,
): Promise<string> {
    const asked = { ...described(spaceId, contentId, file, md5), partSize };
    return (await task<{ uploadId: string }>("get-upload-url", asked)).uploadId;
}

function described(spaceId: string, contentId: string, file: File, md5: string) {
    return { spaceId, contentId, size: file.size, contentType: mediaType(file.name, file.type), md5 };
}

/** The parts of an upload, and what the storage has of them. */
export async function resumeUpload(
    spaceId: string,
    contentId: string,
    uploadId: string,
    size: number,
    partSize: number,
    signal: AbortSignal,
): Promise<Part[]> {
    const asked = { spaceId, contentId, uploadId, size, partSize };
    return (await task<{ parts: Part[] }>("get-upload-parts", asked, signal)).parts;
}

export async function completeUpload(
    spaceId: string,
    contentId: string,
    uploadId: string,
    parts: readonly { partNumber: number; etag: string }[],
): Promise<void> {
    await task("complete-upload", { spaceId, contentId, uploadId, parts });
}

export async function abortUpload(spaceId: string, contentId: string, uploadId: string): Promise<void> {
    await task("abort-upload", { spaceId, contentId, uploadId });
}
