import { useEffect, useMemo, useState } from "preact/hooks";

import type { Dropped } from "../api/dropped.ts";
import { SORTS, crumbs, rows, type Row, type Sort } from "../model/listing.ts";
import { spaceHref } from "../model/route.ts";
import { Button, Empty, Search, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { VirtualList } from "../parts/virtual-list.tsx";
import { go, replace, route } from "../router.ts";
import { texts } from "../texts.ts";
import { ContentPane } from "./content.tsx";
import { Cells, Head, type SpaceRoute } from "./contents-row.tsx";
import { DropArea, UploadButtons, store } from "./contents-upload.tsx";
import { DeleteManyDialog } from "./delete-many.tsx";
import { MoveManyDialog } from "./move-many.tsx";
import type { SpaceProps } from "./space.tsx";
import { useContents, type LiveContents } from "./use-contents.ts";

const words = texts.contents;

/** The height of a row in pixels; styles/list.css has it too. */
const ROW = 44;

export function ContentsTab({ space }: SpaceProps) {
    const at = route.value.page === "space" ? route.value : undefined;
    const [again, setAgain] = useState(0);
    const searches = (at?.search ?? "").trim() !== "";
    const listed = useContents(space.id, at?.folder ?? "", again, searches);
    const { known, loading, stopped, error, forget, refresh } = listed;
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
        const { value } = route;
        if (value.page === "space" && value.content !== undefined && ids.includes(value.content)) {
            replace({ ...value, content: undefined });
        }
    };
    useEffect(() => {
        setSelected(new Set());
    }, [space.id, view.prefix]);
    if (!at) return null;
    const mayWrite = space.right !== "READ";
    const upload = (files: readonly Dropped[]) => {
        store(space.id, at.folder, files);
    };
    const empty = !loading && !stopped && error === undefined && shown.length === 0;
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
                    <SelectionBar
                        count={selected.size}
                        onMove={() => {
                            setMoving([...selected]);
                        }}
                        onDelete={() => {
                            setDeleting(true);
                        }}
                        onClear={() => {
                            setSelected(new Set());
                        }}
                    />
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
                <Count of={listed} found={searches ? shown.length : undefined} />
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
                <DeleteManyDialog
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

interface SelectionProps {
    readonly count: number;
    readonly onMove: () => void;
    readonly onDelete: () => void;
    readonly onClear: () => void;
}

/** What can be done with the selected contents. */
function SelectionBar({ count, onMove, onDelete, onClear }: SelectionProps) {
    return (
        <div class="selection" role="group" aria-label={words.selected(count)}>
            <span role="status">{words.selected(count)}</span>
            <Button icon="copy" onClick={onMove}>
                {texts.moveMany.open}
            </Button>
            <Button kind="danger" icon="delete" onClick={onDelete}>
                {words.delete}
            </Button>
            <button type="button" class="icon-button" aria-label={words.clear} title={words.clear} onClick={onClear}>
                <Icon name="close" />
            </button>
        </div>
    );
}

/** How many contents there are or a search has found, and how far the loading is: all are looked at, unless it is stopped. */
function Count({ of, found }: { readonly of: LiveContents; readonly found: number | undefined }) {
    const { known, loading, stopped, stop, goOn } = of;
    const state = loading ? "loading" : stopped ? "stopped" : "done";
    return (
        <div class="count">
            <p role="status">
                {found === undefined ? words.count[state](known.length) : words.found[state](found, known.length)}
            </p>
            {loading && known.length > 0 && (
                <Button kind="quiet" icon="stop" onClick={stop}>
                    {words.stop}
                </Button>
            )}
            {stopped && (
                <Button kind="quiet" icon="down" onClick={goOn}>
                    {words.goOn}
                </Button>
            )}
        </div>
    );
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
