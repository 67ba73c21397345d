import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { explain } from "../api/http.ts";
import { dropped, type Dropped } from "../api/dropped.ts";
import { deleteContent } from "../api/spaces.ts";
import { add } from "../api/uploads.ts";
import { bytes, clock, date } from "../model/format.ts";
import { SORTS, crumbs, isMedia, kindOf, rows, type Content, type Row, type Sort } from "../model/listing.ts";
import { contentFault } from "../model/naming.ts";
import { spaceHref, type Route } from "../model/route.ts";
import { Button, Confirm, Empty, Search, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { useAct } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { VirtualList } from "../parts/virtual-list.tsx";
import { go, replace, route } from "../router.ts";
import { texts } from "../texts.ts";
import { ContentPane } from "./content.tsx";
import { MoveManyDialog } from "./move-many.tsx";
import type { SpaceProps } from "./space.tsx";
import { useContents } from "./use-contents.ts";

const words = texts.contents;

/** The height of a row in pixels; styles/list.css has it too. */
const ROW = 44;

type SpaceRoute = Extract<Route, { page: "space" }>;

export function ContentsTab({ space }: SpaceProps) {
    const at = route.value.page === "space" ? route.value : undefined;
    const [again, setAgain] = useState(0);
    const { known, loading, error, forget, refresh } = useContents(space.id, at?.folder ?? "", again);
    const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
    const [deleting, setDeleting] = useState(false);
    const [moving, setMoving] = useState<readonly string[]>();
    const { sort, descending } = sorting(at?.sort);
    const view = { prefix: at?.folder ?? "", search: at?.search ?? "", sort, descending };
    const shown = useMemo(() => rows(known, view), [known, view.prefix, view.search, sort, descending]);
    const reload = () => {
        setSelected(new Set());
        setAgain(again + 1);
    };
    const deleted = (ids: readonly string[]) => {
        setSelected(new Set());
        forget(ids);
    };
    useEffect(() => {
        setSelected(new Set());
    }, [space.id, view.prefix]);
    if (!at) return null;
    const mayWrite = space.right !== "READ";
    const upload = (files: readonly Dropped[]) => {
        store(space.id, at.folder, files);
    };
    const empty = !loading && error === undefined && shown.length === 0;
    return (
        <div class={at.content === undefined ? "contents" : "contents open"}>
            <DropArea folder={`${space.id}/${at.folder}`} enabled={mayWrite} onDrop={upload}>
                <Crumbs at={at} />
                <div class="toolbar">
                    <Search
                        label={words.search}
                        value={view.search}
                        onInput={(search) => {
                            replace({ ...at, search });
                        }}
                    />
                    {mayWrite && <UploadButtons onFiles={upload} />}
                </div>
                {selected.size > 0 && (
                    <div class="toolbar selection" role="group" aria-label={words.selected(selected.size)}>
                        <span role="status">{words.selected(selected.size)}</span>
                        <Button
                            icon="copy"
                            onClick={() => {
                                setMoving([...selected]);
                            }}
                        >
                            {texts.moveMany.open}
                        </Button>
                        <Button
                            kind="danger"
                            icon="delete"
                            onClick={() => {
                                setDeleting(true);
                            }}
                        >
                            {words.delete}
                        </Button>
                        <Button
                            kind="quiet"
                            onClick={() => {
                                setSelected(new Set());
                            }}
                        >
                            {words.clear}
                        </Button>
                    </div>
                )}
                {error !== undefined && (
                    <div class="failed">
                        <Wrong text={error} />
                        <Button onClick={reload}>{texts.retry}</Button>
                    </div>
                )}
                {empty ? (
                    <Nothing search={view.search} folder={view.prefix} mayWrite={mayWrite} />
                ) : (
                    <VirtualList
                        label={words.label}
                        items={shown}
                        height={ROW}
                        columns={SORTS.length + (mayWrite ? 1 : 0)}
                        keyOf={(row) => row.id}
                        isCurrent={(row) => row.kind === "file" && row.id === at.content}
                        onOpen={(row) => {
                            open(at, row);
                        }}
                        onSelect={(row) => {
                            if (mayWrite && row.kind === "file") setSelected(toggled(selected, row.id));
                        }}
                        head={<Head at={at} sort={sort} descending={descending} mayWrite={mayWrite} />}
                        row={(row) => (
                            <Cells
                                row={row}
                                mayWrite={mayWrite}
                                selected={selected.has(row.id)}
                                onSelect={() => {
                                    setSelected(toggled(selected, row.id));
                                }}
                            />
                        )}
                    />
                )}
                <p class="count" role="status">
                    {loading
                        ? words.counting(known.length)
                        : view.search === ""
                          ? words.count(known.length)
                          : words.found(shown.length)}
                </p>
            </DropArea>
            {at.content !== undefined && (
                <ContentPane
                    key={at.content}
                    space={space}
                    content={at.content}
                    onDeleted={() => {
                        if (at.content !== undefined) deleted([at.content]);
                    }}
                    onChanged={refresh}
                />
            )}
            {moving && (
                <MoveManyDialog
                    space={space.id}
                    folder={view.prefix}
                    contents={moving}
                    onClose={() => {
                        setMoving(undefined);
                    }}
                    onDone={(target, contents, moved) => {
                        if (moved) deleted(contents);
                        if (target === space.id) reload();
                    }}
                />
            )}
            {deleting && (
                <DeleteDialog
                    space={space.id}
                    contents={[...selected]}
                    onClose={() => {
                        setDeleting(false);
                    }}
                    onDone={() => {
                        setDeleting(false);
                        deleted([...selected]);
                    }}
                />
            )}
        </div>
    );
}

function sorting(text: string | undefined): { sort: Sort; descending: boolean } {
    const descending = text?.startsWith("-") ?? false;
    const name = descending ? text?.slice(1) : text;
    return { sort: SORTS.find((sort) => sort === name) ?? "name", descending };
}

function toggled(all: ReadonlySet<string>, one: string): ReadonlySet<string> {
    const result = new Set(all);
    if (!result.delete(one)) result.add(one);
    return result;
}

function open(at: SpaceRoute, row: Row): void {
    if (row.kind === "folder") go({ ...at, folder: row.id, content: undefined, search: undefined });
    else go({ ...at, content: row.id });
}

/** Uploads files into a folder; those whose name cannot be stored are left out, and that is said. */
function store(space: string, folder: string, files: readonly Dropped[]): void {
    const named = files.map(({ path, file, handle }) => ({ content: folder + path.normalize("NFC"), file, handle }));
    for (const { content } of named) {
        const fault = contentFault(content);
        if (fault) notify(texts.uploads.invalid(content, texts.uploads.faults[fault]), "error");
    }
    add(
        space,
        named.filter(({ content }) => contentFault(content) === undefined),
    );
}

function Crumbs({ at }: { readonly at: SpaceRoute }) {
    const above = crumbs(at.folder);
    if (above.length === 0) return null;
    return (
        <nav class="crumbs" aria-label={words.path}>
            <ol>
                <li>
                    <a href={spaceHref(at.space)}>{words.top}</a>
                </li>
                {above.map(({ name, prefix }) => (
                    <li key={prefix}>
                        <a
                            href={spaceHref(at.space, "contents", { folder: prefix })}
                            aria-current={prefix === at.folder ? "page" : undefined}
                        >
                            {name === "" ? "/" : name}
                        </a>
                    </li>
                ))}
            </ol>
        </nav>
    );
}

interface HeadProps {
    readonly at: SpaceRoute;
    readonly sort: Sort;
    readonly descending: boolean;
    readonly mayWrite: boolean;
}

function Head({ at, sort, descending, mayWrite }: HeadProps) {
    const { columns } = words;
    return (
        <>
            {mayWrite && (
                <span role="columnheader" class="cell-check">
                    <span class="hidden">{words.select("")}</span>
                </span>
            )}
            {SORTS.map((name) => {
                const current = name === sort;
                const next = current && !descending;
                return (
                    <span
                        key={name}
                        role="columnheader"
                        class={`cell-${name}`}
                        aria-sort={current ? (descending ? "descending" : "ascending") : "none"}
                    >
                        <button
                            type="button"
                            onClick={() => {
                                replace({ ...at, sort: `${next ? "-" : ""}${name}` });
                            }}
                        >
                            {columns[name]}
                            {current && <Icon name={descending ? "down" : "up"} />}
                        </button>
                    </span>
                );
            })}
        </>
    );
}

interface CellsProps {
    readonly row: Row;
    readonly mayWrite: boolean;
    readonly selected: boolean;
    readonly onSelect: () => void;
}

function Cells({ row, mayWrite, selected, onSelect }: CellsProps) {
    const kind = kindOf(row.id, row.kind === "file" ? row.content.type : undefined);
    return (
        <>
            {mayWrite && (
                <span role="gridcell" class="cell-check">
                    {row.kind === "file" && (
                        <input
                            type="checkbox"
                            tabIndex={-1}
                            checked={selected}
                            aria-label={words.select(row.name)}
                            onClick={(event) => {
                                event.stopPropagation();
                            }}
                            onChange={onSelect}
                        />
                    )}
                </span>
            )}
            <span role="gridcell" class="cell-name" title={named(row)}>
                <Icon name={row.kind === "folder" ? "folder" : kind.family} />
                <bdi>{row.name}</bdi>
            </span>
            <span role="gridcell" class="cell-type">
                {row.kind === "folder" ? words.folder(row.count) : kind.label}
            </span>
            <span role="gridcell" class="cell-size">
                {bytes(row.size)}
            </span>
            <span role="gridcell" class="cell-duration">
                {row.kind === "file" && row.content.duration !== undefined && clock(row.content.duration)}
            </span>
            <span role="gridcell" class="cell-date">
                {date(row.modified)}
            </span>
            <span role="gridcell" class="cell-status">
                {row.kind === "file" && <Status content={row.content} />}
            </span>
        </>
    );
}

/** The name of a row with the title of the content, if it has one. */
function named(row: Row): string {
    const title = row.kind === "file" ? row.content.title : undefined;
    return title === undefined ? row.name : words.titled(row.name, title);
}

/** The state of a content's index. */
function Status({ content }: { readonly content: Content }) {
    const { status, percent, reason } = content.index;
    const { states } = words;
    switch (status) {
        case "waiting":
            return <span class="state">{states.waiting}</span>;
        case "indexing":
            return (
                <span class="state" title={states.isBeingRead(percent ?? 0)}>
                    {states.indexing(percent ?? 0)}
                </span>
            );
        case "ready":
            return <span class="state good">{states.ready}</span>;
        case "refused":
            // A text or a picture has no index, and needs none.
            return isMedia(content) ? (
                <span class="state bad" title={states.why(reason ?? "")}>
                    {states.refused}
                </span>
            ) : (
                <span class="state" title={states.noMedia}>
                    {states.stored}
                </span>
            );
    }
}

function Nothing({
    search,
    folder,
    mayWrite,
}: {
    readonly search: string;
    readonly folder: string;
    readonly mayWrite: boolean;
}) {
    if (search.trim() !== "") {
        return (
            <Empty icon="search" title={words.none}>
                <p>{words.noneHint}</p>
            </Empty>
        );
    }
    return (
        <Empty icon={mayWrite ? "upload" : "folder"} title={folder === "" ? words.empty : words.emptyFolder}>
            <p>{mayWrite ? words.emptyHint : words.emptyReader}</p>
        </Empty>
    );
}

interface DropProps {
    readonly folder: string;
    readonly enabled: boolean;
    readonly onDrop: (files: readonly Dropped[]) => void;
    readonly children: ComponentChildren;
}

function DropArea({ folder, enabled, onDrop, children }: DropProps) {
    const [over, setOver] = useState(false);
    return (
        <div
            class={over ? "drop over" : "drop"}
            onDragOver={(event) => {
                if (!enabled || !event.dataTransfer?.types.includes("Files")) return;
                event.preventDefault();
                setOver(true);
            }}
            onDragLeave={(event) => {
                if (!(event.relatedTarget instanceof Node) || !event.currentTarget.contains(event.relatedTarget))
                    setOver(false);
            }}
            onDrop={(event) => {
                setOver(false);
                if (!enabled || !event.dataTransfer) return;
                event.preventDefault();
                dropped(event.dataTransfer).then(onDrop, (error: unknown) => {
                    notify(explain(error), "error");
                });
            }}
        >
            {children}
            {over && (
                <div class="drop-hint">
                    <Icon name="upload" />
                    <p>{words.drop(folder)}</p>
                </div>
            )}
        </div>
    );
}

function UploadButtons({ onFiles }: { readonly onFiles: (files: readonly Dropped[]) => void }) {
    const files = useRef<HTMLInputElement>(null);
    const folder = useRef<HTMLInputElement>(null);
    useEffect(() => {
        folder.current?.setAttribute("webkitdirectory", "");
    }, []);
    const chosen = (event: Event & { currentTarget: HTMLInputElement }) => {
        const list = [...(event.currentTarget.files ?? [])];
        onFiles(
            list.map((file) => ({ path: file.webkitRelativePath === "" ? file.name : file.webkitRelativePath, file })),
        );
        event.currentTarget.value = "";
    };
    return (
        <div class="upload-buttons">
            <input ref={files} type="file" multiple hidden onChange={chosen} aria-label={words.upload} />
            <input ref={folder} type="file" multiple hidden onChange={chosen} aria-label={words.uploadFolder} />
            <Button
                kind="primary"
                icon="upload"
                onClick={() => {
                    files.current?.click();
                }}
            >
                {words.upload}
            </Button>
            <Button
                icon="folder"
                onClick={() => {
                    folder.current?.click();
                }}
            >
                {words.uploadFolder}
            </Button>
        </div>
    );
}

interface DeleteProps {
    readonly space: string;
    readonly contents: readonly string[];
    readonly onClose: () => void;
    readonly onDone: () => void;
}

function DeleteDialog({ space, contents: ids, onClose, onDone }: DeleteProps) {
    const { busy, error, act } = useAct();
    const [done, setDone] = useState(0);
    return (
        <Confirm
            title={words.deleteTitle(ids.length)}
            warning={words.deleteWarning}
            submit={words.delete}
            danger
            busy={busy}
            error={error}
            onConfirm={() => {
                act(async () => {
                    for (const [at, id] of ids.entries()) {
                        setDone(at);
                        await deleteContent(space, id);
                    }
                    notify(words.deleted(ids.length));
                    onDone();
                });
            }}
            onClose={onClose}
        >
            <ul class="names">
                {ids.slice(0, 8).map((id) => (
                    <li key={id}>
                        <bdi>{id}</bdi>
                    </li>
                ))}
                {ids.length > 8 && <li>…</li>}
            </ul>
            {busy && <p role="status">{words.deleting(done + 1, ids.length)}</p>}
        </Confirm>
    );
}
