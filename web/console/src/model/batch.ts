/** The same for many: a few at a time, and what fails does not keep the others from being done. */

export interface Progress<T> {
    readonly done: readonly T[];
    /** Those that failed, and why. */
    readonly failed: readonly { readonly item: T; readonly why: unknown }[];
}

interface Options<T> {
    /** How many are under way at a time. */
    readonly width: number;
    /** Whether no further one is begun. Those that are under way end as they would have. */
    readonly isStopped: () => boolean;
    readonly onProgress: (progress: Progress<T>) => void;
}

/** Does this for each, and says what became of them; those that it does not name were not begun. */
export async function doEach<T>(
    items: readonly T[],
    one: (item: T) => Promise<void>,
    { width, isStopped, onProgress }: Options<T>,
): Promise<Progress<T>> {
    const done: T[] = [];
    const failed: { item: T; why: unknown }[] = [];
    const waiting = items.slice();
    const worker = async () => {
        while (!isStopped()) {
            const item = waiting.shift();
            if (item === undefined) return;
            try {
                await one(item);
                done.push(item);
            } catch (why: unknown) {
                failed.push({ item, why });
            }
            onProgress({ done: done.slice(), failed: failed.slice() });
        }
    };
    await Promise.all(Array.from({ length: width }, worker));
    return { done, failed };
}

/** A folder as a person typed it: nothing, or with a slash at its end. */
export function folderOf(typed: string): string {
    return typed === "" || typed.endsWith("/") ? typed : `${typed}/`;
}

/** What a content that is below one folder is called below another. */
export function inFolder(content: string, from: string, to: string): string {
    return to + (content.startsWith(from) ? content.slice(from.length) : content);
}
