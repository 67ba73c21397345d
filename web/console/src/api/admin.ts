/** What admins see and set for the whole installation: docs/rest.md § Administration. */

import type { Amount, Quota } from "../model/usage.ts";
import { json, request } from "./http.ts";
import { task } from "./tasks.ts";

export interface SpaceUsage extends Amount {
    readonly space: string;
    readonly owner: string | null;
    readonly quota: Quota;
    readonly formats: Readonly<Record<string, Amount>>;
    readonly statuses: Readonly<Record<string, Amount>>;
}

/** What a space holds, in pieces of twenty thousand contents. */
export async function* usageOf(space: string, signal: AbortSignal): AsyncGenerator<SpaceUsage> {
    let marker = "";
    for (;;) {
        const query = marker === "" ? "" : `?${new URLSearchParams({ marker }).toString()}`;
        const path = `/admin/usage/${encodeURIComponent(space)}${query}`;
        const piece = await json<SpaceUsage & { more: boolean; marker?: string }>(path, { signal });
        yield piece;
        if (!piece.more || piece.marker === undefined) return;
        marker = piece.marker;
    }
}

/** The quotas of users that are set. */
export async function userQuotas(signal: AbortSignal): Promise<ReadonlyMap<string, Quota>> {
    const { users } = await json<{ users: { name: string; quota: Quota }[] }>("/admin/quotas", { signal });
    return new Map(users.map(({ name, quota }) => [name, quota]));
}

/** Sets the quota of a space, or of all spaces of a user. */
export async function setQuota(of: "spaces" | "users", name: string, quota: Quota): Promise<void> {
    await request(`/admin/quotas/${of}/${encodeURIComponent(name)}`, { method: "PUT", json: quota });
}

export interface Finding {
    readonly what: string;
    readonly found: string;
    /** What to do, if something is wrong. */
    readonly remedy?: string;
}

export async function report(signal: AbortSignal): Promise<readonly Finding[]> {
    return (await json<{ findings: Finding[] }>("/admin/report", { signal })).findings;
}

/** Makes a new key that signs; the one before stays valid, unless it is revoked. */
export async function rotateSigningKey(revoke: boolean): Promise<string> {
    return (await task<{ result: string }>("rotate-signing-key", { revoke })).result;
}
