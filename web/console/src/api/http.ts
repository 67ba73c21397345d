/** Requests to the server that the page came from. The session's cookie goes along, and no request asks for a password. */

import { texts } from "../texts.ts";

/** An answer that is not a success, or none at all. */
export class Failure extends Error {
    constructor(
        /** The status; 0 if there was no answer. */
        readonly status: number,
        message: string,
        /** After how many seconds to try again, if the server says so. */
        readonly retryAfter?: number,
    ) {
        super(message);
        this.name = "Failure";
    }
}

/** What happens when the server no longer knows the session. */
let signedOut: () => void = () => undefined;

/** Has this called when a request finds the session ended. */
export function onSignedOut(handler: () => void): void {
    signedOut = handler;
}

/** The session's token, which every request that changes something has to have: docs/users.md § Sessions. */
let token = "";

export function setToken(csrf: string): void {
    token = csrf;
}

/** Learns the session's token again, and says whether it is another one: a person may have signed in in another tab. */
let renew: () => Promise<boolean> = () => Promise.resolve(false);

export function onRefused(handler: () => Promise<boolean>): void {
    renew = handler;
}

export interface Options {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly json?: unknown;
    readonly signal?: AbortSignal | undefined;
}

/** The answer of a request, if it is a success. */
export async function request(path: string, options: Options = {}): Promise<Response> {
    const response = await sent(path, options);
    if (response.ok) return response;
    if (response.status === 401 && path !== "/session") signedOut();
    if (response.status === 403 && changes(options) && (await renew())) {
        const again = await sent(path, options);
        if (again.ok) return again;
        throw await failure(again);
    }
    throw await failure(response);
}

async function sent(path: string, options: Options): Promise<Response> {
    const { method = "GET", json, signal } = options;
    const headers = new Headers(options.headers);
    if (json !== undefined) headers.set("Content-Type", "application/json");
    if (changes(options)) headers.set("X-Reelspan-CSRF", token);
    try {
        return await fetch(path, {
            method,
            headers,
            body: json === undefined ? null : JSON.stringify(json),
            credentials: "same-origin",
            cache: "no-store",
            signal: signal ?? null,
        });
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new Failure(0, texts.errors.offline);
    }
}

function changes({ method = "GET" }: Options): boolean {
    return method !== "GET" && method !== "HEAD";
}

/** The JSON of an answer. */
export async function json<T>(path: string, options: Options = {}): Promise<T> {
    const response = await request(path, { ...options, headers: { Accept: "application/json", ...options.headers } });
    return (await response.json()) as T;
}

async function failure(response: Response): Promise<Failure> {
    const text = await response.text().catch(() => "");
    const after = Number(response.headers.get("Retry-After") ?? "");
    const retryAfter = after > 0 ? after : undefined;
    let said = text.trim();
    if (response.headers.get("Content-Type")?.includes("json")) {
        try {
            const problem = JSON.parse(text) as { detail?: string; title?: string };
            said = problem.detail ?? problem.title ?? said;
        } catch {
            // What is no JSON is shown as it is.
        }
    }
    return new Failure(response.status, said === "" ? texts.errors.status(response.status) : said, retryAfter);
}

/** What to tell a person of an error. */
export function explain(error: unknown): string {
    if (error instanceof Failure) {
        const wait = error.retryAfter === undefined ? "" : ` ${texts.errors.retry(error.retryAfter)}`;
        return `${error.message}${wait}`;
    }
    return error instanceof Error ? error.message : String(error);
}
