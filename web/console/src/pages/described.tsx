import { useState } from "preact/hooks";

import { setSpaceProperties } from "../api/spaces.ts";
import { TAGS, isOwnName, ownPairs, pairFault, parseTags, tagsValue, type Pair } from "../model/properties.ts";
import { Button, Field, Wrong } from "../parts/controls.tsx";
import { useAct } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { PairFact, PairFields } from "../parts/pair-fields.tsx";
import { texts } from "../texts.ts";
import type { SpaceProps } from "./space.tsx";

const words = texts.properties;

interface Props {
    readonly space: SpaceProps["space"];
    /** All properties of the space. */
    readonly known: ReadonlyMap<string, string>;
    readonly onSaved: () => void;
}

/** The tags and the properties that the owner of a space gave it, which the owner and admins edit. */
export function Described({ space, known, onSaved }: Props) {
    const [editing, setEditing] = useState(false);
    const owns = space.right === "OWN";
    const all = ownPairs(known);
    const tags = parseTags(known.get(TAGS) ?? "");
    const pairs = all.filter(([name]) => name !== TAGS);
    const end = () => {
        setEditing(false);
    };
    return (
        <section class="panel">
            <div class="section-head">
                <h2>{words.own}</h2>
                {owns && !editing && (
                    <Button
                        kind="quiet"
                        icon="edit"
                        onClick={() => {
                            setEditing(true);
                        }}
                    >
                        {texts.content.edit}
                    </Button>
                )}
            </div>
            {editing ? (
                <Editor
                    space={space.id}
                    tags={tags}
                    pairs={pairs}
                    onCancel={end}
                    onSaved={() => {
                        end();
                        onSaved();
                    }}
                />
            ) : all.length === 0 ? (
                <p class="below">{owns ? words.none : words.noneReader}</p>
            ) : (
                <dl class="facts">
                    {tags.length > 0 && (
                        <>
                            <dt>{words.tags}</dt>
                            <dd>
                                {tags.map((tag) => (
                                    <span class="badge" key={tag}>
                                        <bdi>{tag}</bdi>
                                    </span>
                                ))}
                            </dd>
                        </>
                    )}
                    {pairs.map(([name, value]) => (
                        <PairFact key={name} name={name} value={value} />
                    ))}
                </dl>
            )}
        </section>
    );
}

interface EditorProps {
    readonly space: string;
    readonly tags: readonly string[];
    readonly pairs: readonly Pair[];
    readonly onCancel: () => void;
    readonly onSaved: () => void;
}

function Editor({ space, tags, pairs: before, onCancel, onSaved }: EditorProps) {
    const [typed, setTyped] = useState(tags.join(", "));
    const [pairs, setPairs] = useState(before);
    const { busy, error, act } = useAct();
    const value = tagsValue(typed);
    const all: readonly Pair[] = value === "" ? pairs : [...pairs, [TAGS, value]];
    const wrong = pairFault(all);
    const fault =
        wrong !== undefined
            ? texts.content.pairFaults[wrong]
            : all.every(([name]) => isOwnName(name))
              ? undefined
              : words.reserved;
    return (
        <form
            onSubmit={(event) => {
                event.preventDefault();
                if (fault !== undefined) return;
                act(async () => {
                    await setSpaceProperties(space, all);
                    notify(texts.saved);
                    onSaved();
                });
            }}
        >
            <Field label={words.tags} value={typed} onInput={setTyped} hint={words.tagsHint} autofocus />
            <PairFields pairs={pairs} onChange={setPairs} />
            <Wrong text={error ?? fault} />
            <div class="actions">
                <Button onClick={onCancel}>{texts.cancel}</Button>
                <Button kind="primary" submit busy={busy} disabled={fault !== undefined}>
                    {texts.save}
                </Button>
            </div>
        </form>
    );
}
