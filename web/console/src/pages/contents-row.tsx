/** A row of the list of contents, and the row above it with the names of the columns. */

import { bytes, clock, date } from "../model/format.ts";
import { SORTS, isMedia, kindOf, type Content, type Row, type Sort } from "../model/listing.ts";
import type { Route } from "../model/route.ts";
import { Icon } from "../parts/icon.tsx";
import { replace } from "../router.ts";
import { texts } from "../texts.ts";

const words = texts.contents;

export type SpaceRoute = Extract<Route, { page: "space" }>;

interface HeadProps {
    readonly at: SpaceRoute;
    readonly sort: Sort;
    readonly descending: boolean;
    readonly mayWrite: boolean;
}

export function Head({ at, sort, descending, mayWrite }: HeadProps) {
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

export function Cells({ row, mayWrite, selected, onSelect }: CellsProps) {
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
