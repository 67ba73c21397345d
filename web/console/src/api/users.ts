/** Users, for admins: docs/users.md § Over HTTP. */

import { json, request } from "./http.ts";

export const ROLES = ["user", "owner", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface User {
    readonly name: string;
    readonly role: Role;
    readonly groups: readonly string[];
}

export async function users(signal?: AbortSignal): Promise<User[]> {
    return (await json<{ users: User[] }>("/users", { signal })).users;
}

export async function addUser(user: User, password: string): Promise<void> {
    await request(`/users/${encodeURIComponent(user.name)}`, {
        method: "PUT",
        json: { role: user.role, groups: user.groups, password },
        headers: { "If-None-Match": "*" },
    });
}

/** Changes the role and groups of a user, and the password if one is given. */
export async function setUser(user: User, password?: string): Promise<void> {
    await request(`/users/${encodeURIComponent(user.name)}`, {
        method: "PUT",
        json: { role: user.role, groups: user.groups, ...(password === undefined ? {} : { password }) },
        headers: { "If-Match": "*" },
    });
}

export async function removeUser(name: string): Promise<void> {
    await request(`/users/${encodeURIComponent(name)}`, { method: "DELETE" });
}
