/** Who is signed in: docs/users.md § Sessions. */

import { signal } from "@preact/signals";

import { Failure, json, onRefused, onSignedOut, request, setToken } from "./http.ts";

export interface Session {
    readonly name: string;
    readonly role: "user" | "owner" | "admin";
    readonly groups: readonly string[];
}

/** A session as the server says it. */
interface Said extends Session {
    readonly csrf?: string;
}

/** The session: undefined until the server has said, null if nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

onSignedOut(() => (session.value = null));

let known = "";

function use({ csrf = "", ...who }: Said): void {
    known = csrf;
    setToken(csrf);
    session.value = who;
}

onRefused(async () => {
    const said = await json<Said>("/session").catch(() => undefined);
    if (said === undefined || said.csrf === known) return false;
    const same = said.name === session.value?.name;
    use(said);
    // What another person sees is for that person to decide.
    return same;
});

/** Asks the server who is signed in. */
export async function recall(): Promise<void> {
    try {
        use(await json<Said>("/session"));
    } catch (error) {
        if (!(error instanceof Failure) || error.status !== 401) throw error;
        session.value = null;
    }
}

/** Signs in. The password is in this request, and is kept nowhere. */
export async function signIn(name: string, password: string): Promise<void> {
    use(await json<Said>("/session", { method: "POST", json: { name, password } }));
}

/** Ends this session, or all sessions of its user. */
export async function signOut(everywhere = false): Promise<void> {
    await request(everywhere ? "/session?everywhere=true" : "/session", { method: "DELETE" });
    session.value = null;
}
