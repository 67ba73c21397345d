/** Uploads in parts that are not finished, kept in this browser until they are: IndexedDB, which also keeps handles of files. */

import type { Checksums, FileMark } from "../model/transfer.ts";

export interface Unfinished extends FileMark {
    readonly uploadId: string;
    readonly user: string;
    readonly space: string;
    readonly content: string;
    readonly partSize: number;
    readonly checksums: Checksums;
    /** In browsers that have them; the file can then be read again without choosing it. */
    readonly handle?: FileSystemFileHandle | undefined;
}

const STORE = "uploads";

/** The database; undefined if this browser keeps none, as some do in private windows. */
let database: Promise<IDBDatabase | undefined> | undefined;

function open(): Promise<IDBDatabase | undefined> {
    database ??= new Promise((resolve) => {
        const opening = indexedDB.open("reelspan", 1);
        opening.onupgradeneeded = () => {
            opening.result.createObjectStore(STORE, { keyPath: "uploadId" });
        };
        opening.onsuccess = () => {
            resolve(opening.result);
        };
        opening.onerror = () => {
            resolve(undefined);
        };
    });
    return database;
}

async function act<T>(
    mode: IDBTransactionMode,
    request: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
    const opened = await open();
    if (!opened) return undefined;
    return await new Promise((resolve, reject) => {
        const asked = request(opened.transaction(STORE, mode).objectStore(STORE));
        asked.onsuccess = () => {
            resolve(asked.result);
        };
        asked.onerror = () => {
            reject(asked.error ?? new Error("IndexedDB"));
        };
    });
}

/** Those of a user. Uploads that another tab is sending are left out. */
export async function unfinished(user: string): Promise<Unfinished[]> {
    const all = (await act("readonly", (store) => store.getAll() as IDBRequest<Unfinished[]>)) ?? [];
    const held = new Set((await locks()?.query())?.held?.map(({ name }) => name));
    return all.filter((one) => one.user === user && !held.has(lock(one.uploadId)));
}

/** Keeps an upload. What cannot be kept can still be sent. */
export async function keep(upload: Unfinished): Promise<void> {
    await act("readwrite", (store) => store.put(upload)).catch(() => undefined);
}

export async function forget(uploadId: string): Promise<void> {
    await act("readwrite", (store) => store.delete(uploadId)).catch(() => undefined);
}

/** Does something while no other tab sends this upload; false if one does. */
export async function exclusively(uploadId: string, act: () => Promise<void>): Promise<boolean> {
    const manager = locks();
    if (!manager) {
        await act();
        return true;
    }
    return await manager.request(lock(uploadId), { ifAvailable: true }, async (held) => {
        if (held === null) return false;
        await act();
        return true;
    });
}

/** Browsers have locks on pages that were loaded securely only (Web Locks API). */
function locks(): LockManager | undefined {
    return (navigator as { readonly locks?: LockManager }).locks;
}

function lock(uploadId: string): string {
    return `reelspan-upload-${uploadId}`;
}
