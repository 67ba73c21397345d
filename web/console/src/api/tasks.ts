/** The tasks of the REST API: docs/streaming.md, and docs/rest.md § Tasks. */

import { mediaType } from "../model/listing.ts";
import { request } from "./http.ts";

async function task<T>(name: string, body: unknown, signal?: AbortSignal): Promise<T> {
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
    readonly method: string;
    readonly url: string;
    readonly headers: Record<string, string>;
}

export interface UploadInParts {
    readonly uploadId: string;
    readonly parts: readonly {
        readonly partNumber: number;
        readonly size: number;
        readonly method: string;
        readonly url: string;
    }[];
}

export async function uploadUrl(spaceId: string, contentId: string, file: File): Promise<WholeUpload | UploadInParts> {
    return await task("get-upload-url", {
        spaceId,
        contentId,
        size: file.size,
        contentType: mediaType(file.name, file.type),
    });
}

export async function completeUpload(
    spaceId: string,
    contentId: string,
    uploadId: string,
    parts: readonly { partNumber: number; etag: string }[],
): Promise<void> {
    await task("complete-upload", { spaceId, contentId, uploadId, parts });
}
