/** Spaces and their contents: docs/rest.md. */

import { path } from "../model/naming.ts";
import type { Asked, Page } from "../model/known.ts";
import type { Content } from "../model/listing.ts";
import { ofField, toField } from "../model/properties.ts";
import { bare } from "../model/transfer.ts";
import type { Amount } from "../model/usage.ts";
import { texts } from "../texts.ts";
import { Failure, json, request } from "./http.ts";

/** What one may do with a space: the owner and the admins also delete it and turn streaming on and off. */
export type Right = "READ" | "WRITE" | "OWN";

export type StreamingType = "OFF" | "OPEN" | "SECURE";

export interface Space {
    readonly id: string;
    readonly owner?: string | null;
    /** Seconds since 1970. */
    readonly created: number;
    readonly right: Right;
    readonly streaming: StreamingType;
}

/** The spaces that the signed-in user may read, by name. */
export async function spaces(signal?: AbortSignal): Promise<Space[]> {
    return (await json<{ spaces: Space[] }>("/durastore/spaces", { signal })).spaces;
}

/** What the contents of a space take together; `more` says that there are more than were counted. */
export interface Summary extends Amount {
    readonly more: boolean;
}

export async function summary(id: string, signal: AbortSignal): Promise<Summary> {
    return json<Summary>(`/durastore/${encodeURIComponent(id)}?summary=true`, { signal });
}

export async function createSpace(id: string): Promise<void> {
    await request(`/durastore/${encodeURIComponent(id)}`, { method: "PUT" });
}

export async function deleteSpace(id: string): Promise<void> {
    await request(`/durastore/${encodeURIComponent(id)}`, { method: "DELETE" });
}

const META = "x-dura-meta-";

function properties(headers: Headers): Map<string, string> {
    const found = new Map<string, string>();
    headers.forEach((value, name) => {
        if (name.startsWith(META)) found.set(name.slice(META.length), ofField(value));
    });
    return found;
}

/** A space's properties. */
export async function spaceProperties(id: string, signal?: AbortSignal): Promise<Map<string, string>> {
    return properties((await request(`/durastore/${encodeURIComponent(id)}`, { method: "HEAD", signal })).headers);
}

/** Replaces the properties of a space, other than those that the API says itself. */
export async function setSpaceProperties(id: string, values: Iterable<readonly [string, string]>): Promise<void> {
    const fields = [...values].map(([name, value]) => [`${META}${name}`, toField(value)]);
    const headers = Object.fromEntries(fields) as Record<string, string>;
    await request(`/durastore/${encodeURIComponent(id)}`, { method: "POST", headers });
}

/** Who may read or write a space. */
export interface Grant {
    readonly kind: "user" | "group";
    readonly name: string;
    readonly right: "READ" | "WRITE";
}

/** The access list of a space. */
export async function accessList(id: string, signal?: AbortSignal): Promise<Grant[]> {
    const { headers } = await request(`/durastore/acl/${encodeURIComponent(id)}`, { method: "HEAD", signal });
    return [...properties(headers)].flatMap(([name, right]): Grant[] => {
        if (!name.startsWith("acl-") || (right !== "READ" && right !== "WRITE")) return [];
        const who = name.slice("acl-".length);
        const group = who.startsWith("group-");
        return [{ kind: group ? "group" : "user", name: group ? who.slice("group-".length) : who, right }];
    });
}

/** Replaces the access list of a space. */
export async function setAccessList(id: string, grants: readonly Grant[]): Promise<void> {
    const fields = grants.map(({ kind, name, right }): [string, string] => [
        `${META}acl-${kind === "group" ? "group-" : ""}${name}`,
        right,
    ]);
    const headers = Object.fromEntries(fields.length > 0 ? fields : [[`${META}acl`, "NONE"]]);
    await request(`/durastore/acl/${encodeURIComponent(id)}`, { method: "POST", headers });
}

/** How many contents a listing returns at a time. */
const PAGE = 1000;

/** Some contents, in the order of their ids. */
export async function listed(space: string, { prefix, marker, count }: Asked, signal: AbortSignal): Promise<Page> {
    const query = new URLSearchParams({
        maxResults: String(count),
        prefix,
        ...(marker === undefined ? {} : { marker }),
    });
    const page = await json<{ contents: (Omit<Content, "modified"> & { modified: string })[]; more: boolean }>(
        `/durastore/${encodeURIComponent(space)}?${query.toString()}`,
        { signal },
    );
    const contents = page.contents.map((content) => ({ ...content, modified: new Date(content.modified) }));
    return { contents, more: page.more };
}

/** All contents whose ids begin with a prefix and come after another id, page by page. */
export async function* contents(
    space: string,
    prefix: string,
    signal: AbortSignal,
    after?: string,
): AsyncGenerator<readonly Content[]> {
    let marker = after;
    for (;;) {
        const page = await listed(space, { prefix, marker, count: PAGE }, signal);
        yield page.contents;
        marker = page.contents.at(-1)?.id;
        if (!page.more || marker === undefined) return;
    }
}

/** The address of a content in the REST API. */
export function contentUrl(space: string, content: string): string {
    return `/durastore/${encodeURIComponent(space)}/${path(content)}`;
}

export interface Details {
    readonly type: string;
    readonly size: number;
    readonly modified: Date;
    readonly md5: string | undefined;
    /** Without its quotation marks. */
    readonly etag: string;
    readonly properties: ReadonlyMap<string, string>;
}

/** A content's fields. */
export async function details(space: string, content: string, signal?: AbortSignal): Promise<Details> {
    const { headers } = await request(contentUrl(space, content), { method: "HEAD", signal });
    const values = properties(headers);
    // The size stands there too, and is no property of the content. A gateway may put another length into the answer to HEAD.
    const size = Number(values.get("content-size") ?? headers.get("Content-Length") ?? "0");
    values.delete("content-size");
    return {
        type: headers.get("Content-Type") ?? "application/octet-stream",
        size,
        modified: new Date(headers.get("Last-Modified") ?? ""),
        md5: headers.get("Content-MD5") ?? undefined,
        etag: bare(headers.get("ETag") ?? ""),
        properties: values,
    };
}

/** Replaces the properties and the media type of a content. */
export async function setDetails(
    space: string,
    content: string,
    type: string,
    values: ReadonlyMap<string, string>,
): Promise<void> {
    const fields = [...values].map(([name, value]) => [`${META}${name}`, toField(value)]);
    const headers = Object.fromEntries([...fields, [`${META}content-mimetype`, type]]) as Record<string, string>;
    await request(contentUrl(space, content), { method: "POST", headers });
}

/** A content, by its space and its id. */
export interface Place {
    readonly space: string;
    readonly content: string;
}

/** Whether there is a content. */
export async function exists({ space, content }: Place): Promise<boolean> {
    try {
        await details(space, content);
        return true;
    } catch (error) {
        if (error instanceof Failure && error.status === 404) return false;
        throw error;
    }
}

/** Copies a content with its properties. The bytes stay within the storage. */
export async function copyContent(from: Place, to: Place): Promise<void> {
    const source = `${from.space}/${path(from.content)}`;
    await request(contentUrl(to.space, to.content), { method: "PUT", headers: { [`${META}copy-source`]: source } });
}

/** Moves a content: copies it, and deletes it once the copy is there whole. If it stops in between, both are there. */
export async function moveContent(from: Place, to: Place): Promise<void> {
    const before = await details(from.space, from.content);
    await copyContent(from, to);
    const [copy, now] = await Promise.all([details(to.space, to.content), details(from.space, from.content)]);
    // What was stored during the copy may be in it or not, so it stays.
    if (copy.size !== before.size || now.etag !== before.etag) throw new Failure(0, texts.move.unconfirmed);
    await deleteContent(from.space, from.content);
}

export async function deleteContent(space: string, content: string): Promise<void> {
    await request(contentUrl(space, content), { method: "DELETE" });
}
