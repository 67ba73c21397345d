import { useRef, useState } from "preact/hooks";

import { SAMPLES, addSamples } from "../api/samples.ts";
import { session } from "../api/session.ts";
import { createSpace, spaces, type Space, type Summary } from "../api/spaces.ts";
import { bytes, date, number } from "../model/format.ts";
import { spaceFault } from "../model/naming.ts";
import { spaceHref } from "../model/route.ts";
import { Button, Dialog, Empty, Field, Search, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { go, replace, route } from "../router.ts";
import { texts } from "../texts.ts";
import { useSummaries } from "./use-summaries.ts";

const words = texts.spaces;

export function SpacesPage() {
    const all = useLoad(spaces, []);
    const [creating, setCreating] = useState(false);
    const search = route.value.page === "spaces" ? (route.value.search ?? "") : "";
    const mayCreate = session.value?.role !== "user";
    const create = () => {
        setCreating(true);
    };
    return (
        <div class="page">
            <div class="page-head">
                <div>
                    <h1>{words.title}</h1>
                    <p class="lead">{words.lead}</p>
                </div>
                {mayCreate && (
                    <Button kind="primary" icon="plus" onClick={create}>
                        {words.create}
                    </Button>
                )}
            </div>
            <Load of={all}>
                {(known) =>
                    known.length === 0 ? (
                        <Welcome mayCreate={mayCreate} onCreate={create} />
                    ) : (
                        <>
                            <div class="toolbar">
                                <Search
                                    label={words.search}
                                    value={search}
                                    onInput={(text) => {
                                        replace({ page: "spaces", search: text });
                                    }}
                                />
                            </div>
                            <SpaceTable spaces={known.filter(({ id }) => id.includes(search.trim().toLowerCase()))} />
                        </>
                    )
                }
            </Load>
            {creating && (
                <CreateDialog
                    taken={(all.value ?? []).map(({ id }) => id)}
                    onClose={() => {
                        setCreating(false);
                    }}
                />
            )}
        </div>
    );
}

function Welcome({ mayCreate, onCreate }: { readonly mayCreate: boolean; readonly onCreate: () => void }) {
    const { busy, error, act } = useAct();
    return (
        <Empty icon="space" title={words.empty}>
            <p>{mayCreate ? words.emptyOwner : words.emptyUser}</p>
            {mayCreate && (
                <>
                    <ol class="steps">
                        {words.steps.map((step) => (
                            <li key={step}>{step}</li>
                        ))}
                    </ol>
                    <div class="actions">
                        <Button
                            busy={busy}
                            onClick={() => {
                                act(async () => {
                                    await addSamples();
                                    go({ page: "space", space: SAMPLES, tab: "contents", folder: "" });
                                });
                            }}
                        >
                            {words.samples}
                        </Button>
                        <Button kind="primary" icon="plus" onClick={onCreate}>
                            {words.create}
                        </Button>
                    </div>
                    <Wrong text={error} />
                </>
            )}
        </Empty>
    );
}

function SpaceTable({ spaces: shown }: { readonly spaces: readonly Space[] }) {
    const table = useRef<HTMLTableElement>(null);
    const summaries = useSummaries(
        shown.map(({ id }) => id),
        table,
    );
    if (shown.length === 0) {
        return (
            <Empty icon="search" title={words.none}>
                <p>{words.noneHint}</p>
            </Empty>
        );
    }
    const { columns } = words;
    return (
        <>
            <table class="cards" ref={table}>
                <thead>
                    <tr>
                        <th scope="col">{columns.name}</th>
                        <th scope="col" class="amount">
                            {columns.contents}
                        </th>
                        <th scope="col" class="amount">
                            {columns.size}
                        </th>
                        <th scope="col">{columns.streaming}</th>
                        <th scope="col">{columns.right}</th>
                        <th scope="col">{columns.owner}</th>
                        <th scope="col">{columns.created}</th>
                    </tr>
                </thead>
                <tbody>
                    {shown.map((space) => (
                        <tr key={space.id} data-space={space.id}>
                            <th scope="row">
                                <a class="row-link" href={spaceHref(space.id)}>
                                    <Icon name="space" />
                                    {space.id}
                                </a>
                            </th>
                            <td class="amount" data-label={columns.contents}>
                                {amount(summaries.get(space.id), ({ objects }) => number(objects))}
                            </td>
                            <td class="amount" data-label={columns.size}>
                                {amount(summaries.get(space.id), (found) => bytes(found.bytes))}
                            </td>
                            <td data-label={columns.streaming}>
                                <StreamingBadge type={space.streaming} />
                            </td>
                            <td data-label={columns.right}>{words.rights[space.right]}</td>
                            <td data-label={columns.owner}>{space.owner ?? words.noOwner}</td>
                            <td data-label={columns.created}>
                                {space.created > 0 ? date(new Date(space.created * 1000)) : words.noOwner}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
            <p class="count" role="status">
                {words.count(shown.length)}
            </p>
        </>
    );
}

/** An amount of a space: "…" while it is being counted, and a dash if it cannot be. */
function amount(found: Summary | null | undefined, written: (found: Summary) => string): string {
    if (found === undefined) return words.counting;
    if (found === null) return words.noOwner;
    return found.more ? words.moreThan(written(found)) : written(found);
}

export function StreamingBadge({ type }: { readonly type: Space["streaming"] }) {
    return (
        <span class={`badge ${type.toLowerCase()}`}>
            <Icon name={type === "SECURE" ? "lock" : type === "OPEN" ? "stream" : "close"} />
            {words.streaming[type]}
        </span>
    );
}

function CreateDialog({ taken, onClose }: { readonly taken: readonly string[]; readonly onClose: () => void }) {
    const [name, setName] = useState("");
    const { busy, error, act } = useAct();
    const fault = spaceFault(name);
    // A name that is still too short is not wrong yet.
    const typing = name.length < 3 && fault === "length";
    const wrong = taken.includes(name) ? words.taken : fault && !typing ? words.faults[fault] : undefined;
    const good = fault === undefined && wrong === undefined;
    return (
        <Dialog title={words.createTitle} onClose={onClose}>
            <form
                onSubmit={(event) => {
                    event.preventDefault();
                    if (!good) return;
                    act(async () => {
                        await createSpace(name);
                        notify(words.created(name));
                        onClose();
                        go({ page: "space", space: name, tab: "contents", folder: "" });
                    });
                }}
            >
                <Field
                    label={words.name}
                    value={name}
                    onInput={setName}
                    hint={words.rule}
                    error={wrong}
                    good={good ? words.good : undefined}
                    autofocus
                    required
                />
                <Wrong text={error} />
                <div class="actions">
                    <Button onClick={onClose}>{texts.cancel}</Button>
                    <Button kind="primary" submit busy={busy} disabled={!good}>
                        {words.submit}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
