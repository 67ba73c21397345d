/** The files that a person drops, those in folders under the folders' names. */

export interface Dropped {
    readonly path: string;
    readonly file: File;
    readonly handle?: FileSystemFileHandle | undefined;
}

interface Entry {
    readonly isFile: boolean;
    readonly name: string;
}

/** Not in the types of TypeScript yet: File System Access §4.1. */
interface Handled {
    getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

export async function dropped(data: DataTransfer): Promise<Dropped[]> {
    // All have to be asked for before the event is over.
    const items = [...data.items].map((item) => ({
        entry: item.webkitGetAsEntry(),
        handle: (item as DataTransferItem & Handled).getAsFileSystemHandle?.().catch(() => null),
    }));
    const files = [...data.files].map((file) => ({ path: file.name, file }));
    const walked = items.map(async ({ entry, handle }) => {
        const found = entry === null ? [] : await walk(entry, "");
        const known = await handle;
        return known?.kind === "file" ? found.map((one) => ({ ...one, handle: known as FileSystemFileHandle })) : found;
    });
    const found = (await Promise.all(walked)).flat();
    return found.length === 0 ? files : found;
}

async function walk(entry: FileSystemEntry & Entry, above: string): Promise<Dropped[]> {
    if (entry.isFile) {
        const file = await new Promise<File>((resolve, reject) => {
            (entry as FileSystemFileEntry).file(resolve, reject);
        });
        return [{ path: above + entry.name, file }];
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const found: Dropped[] = [];
    for (;;) {
        const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
            reader.readEntries(resolve, reject);
        });
        // A folder is read a hundred entries at a time.
        if (some.length === 0) return found;
        for (const child of some) found.push(...(await walk(child, `${above}${entry.name}/`)));
    }
}
