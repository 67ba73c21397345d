import { useState } from "preact/hooks";

import { deleteSpace, spaceProperties } from "../api/spaces.ts";
import { dateAndTime } from "../model/format.ts";
import { Button, Confirm, Field } from "../parts/controls.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { go } from "../router.ts";
import { texts } from "../texts.ts";
import { Described } from "./described.tsx";
import type { SpaceProps } from "./space.tsx";

const words = texts.properties;

export function PropertiesTab({ space }: SpaceProps) {
    const properties = useLoad((signal) => spaceProperties(space.id, signal), [space.id]);
    const [removing, setRemoving] = useState(false);
    return (
        <div class="narrow">
            <section class="panel">
                <h2>{words.title}</h2>
                <Load of={properties}>
                    {(known) => (
                        <dl class="facts">
                            <dt>{words.owner}</dt>
                            <dd>{space.owner ?? texts.spaces.noOwner}</dd>
                            <dt>{words.right}</dt>
                            <dd>{texts.spaces.rights[space.right]}</dd>
                            {shown(known).map(([name, value]) => (
                                <Fact key={name} name={name} value={value} />
                            ))}
                            <dt>{words.api}</dt>
                            <dd>
                                <code>{`${location.origin}/durastore/${space.id}`}</code>
                            </dd>
                        </dl>
                    )}
                </Load>
            </section>
            {properties.value && <Described space={space} known={properties.value} onSaved={properties.reload} />}
            {space.right === "OWN" && (
                <section class="panel danger-zone">
                    <h2>{texts.removeSpace.head}</h2>
                    <p>{texts.removeSpace.hint}</p>
                    <Button
                        kind="danger"
                        icon="delete"
                        onClick={() => {
                            setRemoving(true);
                        }}
                    >
                        {texts.removeSpace.submit}
                    </Button>
                </section>
            )}
            {removing && (
                <RemoveDialog
                    space={space.id}
                    onClose={() => {
                        setRemoving(false);
                    }}
                />
            )}
        </div>
    );
}

/** What the API says itself of a space, in the order of its labels. DuraCloud has its names for streaming twice. */
function shown(known: ReadonlyMap<string, string>): [string, string][] {
    return Object.keys(words.labels).flatMap((name): [string, string][] => {
        const value = known.get(name);
        return value === undefined ? [] : [[name, value]];
    });
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
    const created = name === "space-created" ? dateAndTime(new Date(`${value}Z`)) : "";
    const named: Record<string, Record<string, string>> = {
        "streaming-status": texts.streaming.statuses,
        "streaming-type": texts.streaming.kinds,
    };
    const status = named[name]?.[value];
    return (
        <>
            <dt>{words.labels[name] ?? name}</dt>
            <dd>{created === "" ? (status ?? value) : created}</dd>
        </>
    );
}

function RemoveDialog({ space, onClose }: { readonly space: string; readonly onClose: () => void }) {
    const [typed, setTyped] = useState("");
    const { busy, error, act } = useAct();
    const remove = () => {
        act(async () => {
            await deleteSpace(space);
            notify(texts.removeSpace.done(space));
            go({ page: "spaces" });
        });
    };
    return (
        <Confirm
            title={texts.removeSpace.title(space)}
            warning={texts.removeSpace.warning}
            submit={texts.removeSpace.submit}
            danger
            busy={busy}
            error={error}
            disabled={typed !== space}
            onConfirm={remove}
            onClose={onClose}
        >
            <Field label={texts.removeSpace.type(space)} value={typed} onInput={setTyped} autofocus />
        </Confirm>
    );
}
