import { useEffect, useState } from "preact/hooks";

import { setQuota, usageOf, userQuotas, type SpaceUsage } from "../api/admin.ts";
import { explain } from "../api/http.ts";
import { spaces } from "../api/spaces.ts";
import { bytes, number } from "../model/format.ts";
import { added, fullness, isOff, parseBytes, parseCount, plus, type Amount, type Quota } from "../model/usage.ts";
import { Button, Dialog, Empty, Field, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { useAct } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";

const words = texts.usage;
const NOTHING: Amount = { bytes: 0, objects: 0 };

interface Known {
    readonly usages: readonly SpaceUsage[];
    readonly quotas: ReadonlyMap<string, Quota>;
    /** How many spaces are counted, and of how many. */
    readonly done: number;
    readonly of: number;
}

interface Edited {
    readonly of: "spaces" | "users";
    readonly name: string;
    readonly quota: Quota;
}

export function UsagePage() {
    const [known, setKnown] = useState<Known>();
    const [error, setError] = useState<string>();
    const [again, setAgain] = useState(0);
    const [edited, setEdited] = useState<Edited>();
    useEffect(() => {
        const controller = new AbortController();
        setError(undefined);
        count(controller.signal, setKnown).catch((failure: unknown) => {
            if (!controller.signal.aborted) setError(explain(failure));
        });
        return () => {
            controller.abort();
        };
    }, [again]);
    const reload = () => {
        setAgain((times) => times + 1);
    };
    return (
        <div class="page">
            <h1>{words.title}</h1>
            <p class="lead">{words.lead}</p>
            {error !== undefined && (
                <div class="failed">
                    <Wrong text={error} />
                    <Button onClick={reload}>{texts.retry}</Button>
                </div>
            )}
            <p role="status">{error === undefined && (known === undefined ? texts.loading : stateOf(known))}</p>
            {known && <Tables known={known} onEdit={setEdited} />}
            {edited && (
                <QuotaDialog
                    edited={edited}
                    onClose={() => {
                        setEdited(undefined);
                    }}
                    onDone={() => {
                        notify(words.changed(edited.name));
                        setEdited(undefined);
                        reload();
                    }}
                />
            )}
        </div>
    );
}

/** Counts one space after the other, and says how far it is. */
async function count(signal: AbortSignal, tell: (known: Known) => void): Promise<void> {
    const [all, quotas] = await Promise.all([spaces(signal), userQuotas(signal)]);
    const usages: SpaceUsage[] = [];
    for (const { id } of all) {
        tell({ usages: [...usages], quotas, done: usages.length, of: all.length });
        let sum: SpaceUsage | undefined;
        for await (const piece of usageOf(id, signal)) {
            sum = sum
                ? {
                      ...piece,
                      ...plus(sum, piece),
                      formats: added(sum.formats, piece.formats),
                      statuses: added(sum.statuses, piece.statuses),
                  }
                : piece;
        }
        if (sum) usages.push(sum);
    }
    if (!signal.aborted) tell({ usages, quotas, done: all.length, of: all.length });
}

function stateOf({ usages, done, of }: Known): string {
    if (done < of) return words.counting(done, of);
    const sum = usages.reduce<Amount>(plus, NOTHING);
    return words.total(bytes(sum.bytes), sum.objects, usages.length);
}

function Tables({ known, onEdit }: { readonly known: Known; readonly onEdit: (edited: Edited) => void }) {
    const { usages, quotas } = known;
    if (known.of === 0) return <Empty icon="space" title={words.none} />;
    const owners = new Map<string, Amount>([...quotas.keys()].map((name) => [name, NOTHING]));
    for (const usage of usages) {
        if (usage.owner !== null) owners.set(usage.owner, plus(owners.get(usage.owner) ?? NOTHING, usage));
    }
    const sum = (of: "formats" | "statuses") =>
        Object.entries(usages.map((usage) => usage[of]).reduce(added, {})).sort((a, b) => b[1].bytes - a[1].bytes);
    return (
        <>
            <section>
                <h2>{words.spaces}</h2>
                <Table
                    first={words.columns.space}
                    rows={[...usages]
                        .sort((one, other) => other.bytes - one.bytes)
                        .map((usage) => ({
                            name: usage.space,
                            owner: usage.owner ?? texts.spaces.noOwner,
                            amount: usage,
                            quota: usage.quota,
                        }))}
                    onEdit={(name, quota) => {
                        onEdit({ of: "spaces", name, quota });
                    }}
                />
            </section>
            <section>
                <h2>{words.owners}</h2>
                <p>{words.ownersHint}</p>
                <Table
                    first={words.columns.owner}
                    rows={[...owners]
                        .sort((one, other) => other[1].bytes - one[1].bytes)
                        .map(([name, amount]) => ({ name, amount, quota: quotas.get(name) ?? {} }))}
                    onEdit={(name, quota) => {
                        onEdit({ of: "users", name, quota });
                    }}
                />
            </section>
            <div class="beside">
                <section>
                    <h2>{words.formats}</h2>
                    <p>{words.formatsHint}</p>
                    <Table
                        first={words.columns.format}
                        rows={sum("formats").map(([name, amount]) => ({ name, amount }))}
                    />
                </section>
                <section>
                    <h2>{words.statuses}</h2>
                    <Table
                        first={words.columns.status}
                        rows={sum("statuses").map(([name, amount]) => ({
                            name: words.statusNames[name] ?? name,
                            amount,
                        }))}
                    />
                </section>
            </div>
        </>
    );
}

interface TableRow {
    readonly name: string;
    readonly owner?: string;
    readonly amount: Amount;
    readonly quota?: Quota;
}

interface TableProps {
    readonly first: string;
    readonly rows: readonly TableRow[];
    /** Offers to set quotas. */
    readonly onEdit?: (name: string, quota: Quota) => void;
}

function Table({ first, rows, onEdit }: TableProps) {
    const { columns } = words;
    if (rows.length === 0) return <p>{words.none}</p>;
    const hasOwner = rows.some(({ owner }) => owner !== undefined);
    return (
        <table class="cards">
            <thead>
                <tr>
                    <th scope="col">{first}</th>
                    {hasOwner && <th scope="col">{columns.owner}</th>}
                    <th scope="col" class="amount">
                        {columns.contents}
                    </th>
                    <th scope="col" class="amount">
                        {columns.size}
                    </th>
                    {onEdit && <th scope="col">{columns.quota}</th>}
                    {onEdit && (
                        <th scope="col">
                            <span class="hidden">{columns.actions}</span>
                        </th>
                    )}
                </tr>
            </thead>
            <tbody>
                {rows.map(({ name, owner, amount, quota = {} }) => (
                    <tr key={name}>
                        <th scope="row">
                            <bdi>{name}</bdi>
                        </th>
                        {hasOwner && <td data-label={columns.owner}>{owner}</td>}
                        <td class="amount" data-label={columns.contents}>
                            {number(amount.objects)}
                        </td>
                        <td class="amount" data-label={columns.size}>
                            {bytes(amount.bytes)}
                        </td>
                        {onEdit && (
                            <td data-label={columns.quota}>
                                <Bounds quota={quota} used={amount} />
                            </td>
                        )}
                        {onEdit && (
                            <td class="row-actions">
                                <button
                                    type="button"
                                    class="icon-button"
                                    aria-label={words.edit(name)}
                                    onClick={() => {
                                        onEdit(name, quota);
                                    }}
                                >
                                    <Icon name="edit" />
                                </button>
                            </td>
                        )}
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function Bounds({ quota, used }: { readonly quota: Quota; readonly used: Amount }) {
    if (isOff(quota)) return <>{words.noQuota}</>;
    const most = quota.bytes ?? undefined;
    const percent = Math.round((fullness(used, quota) ?? 0) * 100);
    return (
        <>
            {words.bounds(most === undefined ? undefined : bytes(most), quota.objects ?? undefined)}{" "}
            <span class={percent >= 90 ? "badge secure" : "badge"}>{words.full(percent)}</span>
        </>
    );
}

interface QuotaDialogProps {
    readonly edited: Edited;
    readonly onClose: () => void;
    readonly onDone: () => void;
}

function QuotaDialog({ edited: { of, name, quota }, onClose, onDone }: QuotaDialogProps) {
    const [most, setMost] = useState(typeof quota.bytes === "number" ? String(quota.bytes) : "");
    const [objects, setObjects] = useState(typeof quota.objects === "number" ? String(quota.objects) : "");
    const { busy, error, act } = useAct();
    const bounds = { bytes: parseBytes(most), objects: parseCount(objects) };
    const valid = bounds.bytes !== undefined && bounds.objects !== undefined;
    return (
        <Dialog title={of === "spaces" ? words.editSpace(name) : words.editOwner(name)} onClose={onClose}>
            <form
                onSubmit={(event) => {
                    event.preventDefault();
                    const { bytes: mostBytes, objects: mostObjects } = bounds;
                    if (mostBytes === undefined || mostObjects === undefined) return;
                    act(async () => {
                        await setQuota(of, name, { bytes: mostBytes, objects: mostObjects });
                        onDone();
                    });
                }}
            >
                <Field
                    label={words.bytes}
                    value={most}
                    onInput={setMost}
                    hint={typeof bounds.bytes === "number" ? bytes(bounds.bytes) : words.bytesHint}
                    error={bounds.bytes === undefined ? words.bytesFault : undefined}
                    autofocus
                />
                <Field
                    label={words.objects}
                    value={objects}
                    onInput={setObjects}
                    hint={words.objectsHint}
                    error={bounds.objects === undefined ? words.objectsFault : undefined}
                />
                <p>{words.effect}</p>
                <Wrong text={error} />
                <div class="actions">
                    <Button onClick={onClose}>{texts.cancel}</Button>
                    <Button kind="primary" submit busy={busy} disabled={!valid}>
                        {texts.save}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}
