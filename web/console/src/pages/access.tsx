import { useEffect, useState } from "preact/hooks";

import { session } from "../api/session.ts";
import { accessList, setAccessList, type Grant } from "../api/spaces.ts";
import { isUserName } from "../model/naming.ts";
import { Button, Field, Select, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";
import type { SpaceProps } from "./space.tsx";

const words = texts.access;

export function AccessTab({ space, reload }: SpaceProps) {
    const list = useLoad((signal) => accessList(space.id, signal), [space.id]);
    return (
        <div class="narrow">
            <section class="panel">
                <h2>{words.title}</h2>
                <p class="lead">{words.lead}</p>
                <Load of={list}>
                    {(known) => (
                        <Editor
                            space={space}
                            saved={known}
                            onSaved={() => {
                                list.reload();
                                reload();
                            }}
                        />
                    )}
                </Load>
            </section>
        </div>
    );
}

const isPublic = ({ kind, name }: Grant) => kind === "group" && name === "public";
const same = (one: Grant, other: Grant) => one.kind === other.kind && one.name === other.name;

function Editor({
    space,
    saved,
    onSaved,
}: {
    readonly space: SpaceProps["space"];
    readonly saved: readonly Grant[];
    readonly onSaved: () => void;
}) {
    const [grants, setGrants] = useState(saved);
    const { busy, error, act } = useAct();
    useEffect(() => {
        setGrants(saved);
    }, [saved]);
    const mayEdit = space.right !== "READ";
    const changed = JSON.stringify(grants) !== JSON.stringify(saved);
    const set = (grant: Grant) => {
        setGrants(grants.map((other) => (same(other, grant) ? grant : other)));
    };
    const remove = (grant: Grant) => {
        setGrants(grants.filter((other) => !same(other, grant)));
    };
    return (
        <>
            {grants.length === 0 ? (
                <p class="below">{words.empty}</p>
            ) : (
                <div class="scroll" tabIndex={0} role="group" aria-label={words.title}>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{words.columns.who}</th>
                                <th scope="col">{words.columns.kind}</th>
                                <th scope="col">{words.columns.read}</th>
                                <th scope="col">{words.columns.write}</th>
                                {mayEdit && (
                                    <th scope="col">
                                        <span class="hidden">{words.columns.remove}</span>
                                    </th>
                                )}
                            </tr>
                        </thead>
                        <tbody>
                            {grants.map((grant) => (
                                <Row
                                    key={`${grant.kind} ${grant.name}`}
                                    grant={grant}
                                    mayEdit={mayEdit}
                                    onSet={set}
                                    onRemove={remove}
                                />
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            {mayEdit ? (
                <>
                    <Adder
                        grants={grants}
                        onAdd={(grant) => {
                            setGrants([...grants, grant]);
                        }}
                    />
                    {losesWrite(space, saved, grants) && <p class="wrong-box">{words.loseWrite}</p>}
                    <Wrong text={error} />
                    <div class="actions">
                        {changed && <span class="below">{words.unsaved}</span>}
                        <Button
                            kind="primary"
                            busy={busy}
                            disabled={!changed}
                            onClick={() => {
                                act(async () => {
                                    await setAccessList(space.id, grants);
                                    notify(texts.saved);
                                    onSaved();
                                });
                            }}
                        >
                            {texts.save}
                        </Button>
                    </div>
                </>
            ) : (
                <p class="below">{words.reader}</p>
            )}
        </>
    );
}

interface RowProps {
    readonly grant: Grant;
    readonly mayEdit: boolean;
    readonly onSet: (grant: Grant) => void;
    readonly onRemove: (grant: Grant) => void;
}

function Row({ grant, mayEdit, onSet, onRemove }: RowProps) {
    const who = isPublic(grant) ? words.everybody : grant.name;
    return (
        <tr>
            <th scope="row">{who}</th>
            <td>{words.kinds[grant.kind]}</td>
            <td>
                <input type="checkbox" checked disabled aria-label={words.may("read", who)} />
            </td>
            <td>
                <input
                    type="checkbox"
                    checked={grant.right === "WRITE"}
                    disabled={!mayEdit || isPublic(grant)}
                    aria-label={words.may("write", who)}
                    onChange={(event) => {
                        onSet({ ...grant, right: event.currentTarget.checked ? "WRITE" : "READ" });
                    }}
                />
            </td>
            {mayEdit && (
                <td>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label={words.removeWho(who)}
                        onClick={() => {
                            onRemove(grant);
                        }}
                    >
                        <Icon name="delete" />
                    </button>
                </td>
            )}
        </tr>
    );
}

function Adder({ grants, onAdd }: { readonly grants: readonly Grant[]; readonly onAdd: (grant: Grant) => void }) {
    const [kind, setKind] = useState<Grant["kind"]>("user");
    const [name, setName] = useState("");
    const grant: Grant = { kind, name: name.trim().toLowerCase(), right: "READ" };
    const twice = grants.some((other) => same(other, grant));
    const fault = name === "" ? undefined : !isUserName(grant.name) ? words.nameFault : twice ? words.twice : undefined;
    const everybody: Grant = { kind: "group", name: "public", right: "READ" };
    return (
        <form
            class="adder"
            onSubmit={(event) => {
                event.preventDefault();
                if (name === "" || fault !== undefined) return;
                onAdd(grant);
                setName("");
            }}
        >
            <h3>{words.add}</h3>
            <div class="inline">
                <Select
                    label={words.kind}
                    value={kind}
                    options={Object.entries(words.kinds) as [Grant["kind"], string][]}
                    onChange={setKind}
                />
                <Field label={words.name} value={name} onInput={setName} error={fault} />
                <Button submit icon="plus" disabled={name === "" || fault !== undefined}>
                    {texts.add}
                </Button>
            </div>
            {!grants.some(isPublic) && (
                <div class="public">
                    <Button
                        onClick={() => {
                            onAdd(everybody);
                        }}
                    >
                        {words.public}
                    </Button>
                    <span class="below">{words.publicHint}</span>
                </div>
            )}
        </form>
    );
}

function losesWrite(space: SpaceProps["space"], saved: readonly Grant[], grants: readonly Grant[]): boolean {
    const who = session.value;
    if (!who || space.right === "OWN") return false;
    const writes = (list: readonly Grant[]) =>
        list.some(
            ({ kind, name, right }) =>
                right === "WRITE" && (kind === "user" ? name === who.name : who.groups.includes(name)),
        );
    return writes(saved) && !writes(grants);
}
