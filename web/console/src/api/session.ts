/** Who is signed in: docs/users.md § Sessions. */

import { signal } from "@preact/signals";

import { Failure, json, onSignedOut, request } from "./http.ts";

export interface Session {
    readonly name: string;
    readonly role: "user" | "owner" | "admin";
    readonly groups: readonly string[];
}

/** The session: undefined until the server has said, null if nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

onSignedOut(() => (session.value = null));

/** Asks the server who is signed in. */
export async function recall(): Promise<void> {
    try {
        session.value = await json<Session>("/session");
    } catch (error) {
        if (!(error instanceof Failure) || error.status !== 401) throw error;
        session.value = null;
    }
}

/** Signs in. The password is in this request, and is kept nowhere. */
export async function signIn(name: string, password: string): Promise<void> {
    session.value = await json<Session>("/session", { method: "POST", json: { name, password } });
}

/** Ends this session, or all sessions of its user. */
export async function signOut(everywhere = false): Promise<void> {
    await request(everywhere ? "/session?everywhere=true" : "/session", { method: "DELETE" });
    session.value = null;
}
