/** What a space contains, as folders and files, sorted and searched. */

/** A content, as the listing of a space has it. */
export interface Content {
    readonly id: string;
    readonly size: number;
    readonly modified: Date;
    readonly etag?: string | undefined;
    /** The media type that it was stored with. */
    readonly type?: string | undefined;
    readonly title?: string | undefined;
    /** In seconds. */
    readonly duration?: number | undefined;
    readonly index: IndexState;
}

/** The state of a content's index. */
export interface IndexState {
    readonly status: "waiting" | "indexing" | "ready" | "refused";
    readonly percent?: number | undefined;
    readonly reason?: string | undefined;
}

/** A row of the list. */
export type Row =
    | {
          readonly kind: "folder";
          readonly id: string;
          readonly name: string;
          readonly count: number;
          readonly size: number;
          readonly modified: Date;
      }
    | {
          readonly kind: "file";
          readonly id: string;
          readonly name: string;
          readonly size: number;
          readonly modified: Date;
          readonly content: Content;
      };

/** What the list is sorted by. */
export const SORTS = ["name", "type", "size", "duration", "date", "status"] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
    /** The folder: what the ids begin with, ending in a slash; empty at the top. */
    readonly prefix: string;
    /** A part of the name that is looked for, in the folder and all below it. */
    readonly search: string;
    readonly sort: Sort;
    readonly descending: boolean;
}

/** The rows of a view. Folders come before files; a search shows files only, by their whole name below the folder. */
export function rows(contents: readonly Content[], view: View): Row[] {
    const { prefix } = view;
    const search = view.search.trim().toLowerCase();
    const folders = new Map<string, { count: number; size: number; modified: Date }>();
    const files: Row[] = [];
    for (const content of contents) {
        const { id, size, modified } = content;
        if (!id.startsWith(prefix)) continue;
        const name = id.slice(prefix.length);
        const slash = name.indexOf("/");
        if (search !== "") {
            if (name.toLowerCase().includes(search)) files.push({ kind: "file", id, name, size, modified, content });
        } else if (slash < 0 || slash === name.length - 1) {
            files.push({ kind: "file", id, name: name === "" ? id : name, size, modified, content });
        } else {
            const folder = name.slice(0, slash + 1);
            const known = folders.get(folder);
            if (known) {
                known.count += 1;
                known.size += size;
                if (known.modified < modified) known.modified = modified;
            } else {
                folders.set(folder, { count: 1, size, modified });
            }
        }
    }
    const all: Row[] = [...folders].map(([name, folder]) => ({ kind: "folder", id: prefix + name, name, ...folder }));
    const order = compare(view.sort, view.descending ? -1 : 1);
    return [...all.sort(order), ...files.sort(order)];
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

function compare(sort: Sort, sign: number): (one: Row, other: Row) => number {
    const name = (one: Row, other: Row) => COLLATOR.compare(one.name, other.name);
    switch (sort) {
        case "name":
            return (one, other) => sign * name(one, other);
        case "size":
            return (one, other) => sign * (one.size - other.size) || name(one, other);
        case "date":
            return (one, other) => sign * (one.modified.getTime() - other.modified.getTime()) || name(one, other);
        case "type":
            return (one, other) =>
                sign * COLLATOR.compare(kindOf(one.id).label, kindOf(other.id).label) || name(one, other);
        case "duration":
            return (one, other) => sign * (durationOf(one) - durationOf(other)) || name(one, other);
        case "status":
            return (one, other) => sign * (progressOf(one) - progressOf(other)) || name(one, other);
    }
}

function durationOf(row: Row): number {
    return (row.kind === "file" ? row.content.duration : undefined) ?? -1;
}

/** What cannot be indexed comes first, then what waits, what is being indexed, and what is done. */
function progressOf(row: Row): number {
    if (row.kind === "folder") return 0;
    const { status, percent } = row.content.index;
    switch (status) {
        case "refused":
            return isMedia(row.content) ? -1 : 103;
        case "waiting":
            return 0;
        case "indexing":
            return 1 + (percent ?? 0);
        case "ready":
            return 102;
    }
}

/** What a file seems to be, by its name. */
export interface Kind {
    readonly family: "video" | "audio" | "image" | "text" | "other";
    readonly label: string;
}

const FAMILIES: Readonly<Record<Exclude<Kind["family"], "other">, readonly string[]>> = {
    video: "mp4 m4v mov webm mkv avi ogv ts mts m2ts mpg mpeg flv wmv 3gp mxf".split(" "),
    audio: "mp3 m4a aac flac wav ogg oga opus mka wma aif aiff amr ac3".split(" "),
    image: "jpg jpeg png gif webp avif svg tif tiff bmp heic".split(" "),
    text: "txt vtt srt xml json md csv html htm pdf ttml".split(" "),
};

/** The kind that the extension of a name says, or else the media type. */
export function kindOf(id: string, type = ""): Kind {
    const extension = /\.([A-Za-z0-9]{1,8})$/.exec(id)?.[1]?.toLowerCase() ?? "";
    const found = Object.entries(FAMILIES).find(([, extensions]) => extensions.includes(extension));
    const [said = ""] = type.split("/");
    const family = found?.[0] ?? (said in FAMILIES ? said : "other");
    return { family: family as Kind["family"], label: extension.toUpperCase() };
}

/** Whether a content is audio or video, by its name or its media type. */
export function isMedia({ id, type }: Content): boolean {
    const { family } = kindOf(id, type);
    return family === "video" || family === "audio";
}

/** The folders above a prefix, with their names: `a/b/` is in `a/`. */
export function crumbs(prefix: string): { readonly name: string; readonly prefix: string }[] {
    const names = prefix.split("/").slice(0, -1);
    return names.map((name, at) => ({ name, prefix: `${names.slice(0, at + 1).join("/")}/` }));
}

/** The media types of audio and video, which browsers and systems know by several names or not at all. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
    "3gp": "video/3gpp",
    aac: "audio/aac",
    aif: "audio/aiff",
    aiff: "audio/aiff",
    avi: "video/x-msvideo",
    flac: "audio/flac",
    flv: "video/x-flv",
    m2ts: "video/mp2t",
    m4a: "audio/mp4",
    m4v: "video/mp4",
    mka: "audio/x-matroska",
    mkv: "video/x-matroska",
    mov: "video/quicktime",
    mp3: "audio/mpeg",
    mp4: "video/mp4",
    mpeg: "video/mpeg",
    mpg: "video/mpeg",
    oga: "audio/ogg",
    ogg: "audio/ogg",
    ogv: "video/ogg",
    opus: "audio/ogg",
    srt: "application/x-subrip",
    ts: "video/mp2t",
    vtt: "text/vtt",
    wav: "audio/wav",
    webm: "video/webm",
};

/** The media type of a file: by its name if that says one, or else what the browser says, if anything. */
export function mediaType(name: string, said: string): string | undefined {
    const extension = name.split(".").at(-1)?.toLowerCase() ?? "";
    return MEDIA_TYPES[extension] ?? (said === "" ? undefined : said);
}
