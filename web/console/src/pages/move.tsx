import { useState } from "preact/hooks";

import { copyContent, exists, moveContent, spaces } from "../api/spaces.ts";
import { contentFault } from "../model/naming.ts";
import { Button, Dialog, Field, Select, Wrong } from "../parts/controls.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";

const words = texts.move;

interface Props {
    readonly space: string;
    readonly content: string;
    readonly onClose: () => void;
    readonly onDone: (space: string, content: string, moved: boolean) => void;
}

/** Copies a content, or moves it: copies it, and deletes it where it was once the copy is confirmed. */
export function MoveDialog({ space, content, onClose, onDone }: Props) {
    const all = useLoad(async (signal) => (await spaces(signal)).filter(({ right }) => right !== "READ"), []);
    const [target, setTarget] = useState(space);
    const [name, setName] = useState(content);
    const [taken, setTaken] = useState<string>();
    const [replaces, setReplaces] = useState(false);
    const { busy, error, act } = useAct();
    const place = { space: target, content: name };
    const isSame = target === space && name === content;
    const fault = contentFault(name);
    const isTaken = taken === `${target}/${name}`;
    const disabled = isSame || fault !== undefined || (isTaken && !replaces);
    const perform = (moves: boolean) => {
        act(async () => {
            if (!(isTaken && replaces) && (await exists(place))) {
                setTaken(`${target}/${name}`);
                setReplaces(false);
                return;
            }
            await (moves ? moveContent : copyContent)({ space, content }, place);
            notify(moves ? words.moved(name, target) : words.copied(name, target));
            onDone(target, name, moves);
        });
    };
    return (
        <Dialog title={words.title(content)} onClose={onClose}>
            <Load of={all}>
                {(known) => (
                    <form
                        onSubmit={(event) => {
                            event.preventDefault();
                        }}
                    >
                        <Select
                            label={words.space}
                            value={target}
                            options={known.map(({ id }) => [id, id] as const)}
                            onChange={setTarget}
                        />
                        <Field
                            label={words.name}
                            value={name}
                            onInput={setName}
                            hint={isSame ? words.same : words.hint}
                            error={fault === undefined ? undefined : words.faults[fault]}
                            autofocus
                        />
                        {isTaken && (
                            <>
                                <Wrong text={words.taken(name)} />
                                <label class="check">
                                    <input
                                        type="checkbox"
                                        checked={replaces}
                                        onChange={(event) => {
                                            setReplaces(event.currentTarget.checked);
                                        }}
                                    />
                                    {words.replace}
                                </label>
                            </>
                        )}
                        <p>{words.links}</p>
                        <Wrong text={error} />
                        <div class="actions">
                            <Button onClick={onClose}>{texts.cancel}</Button>
                            <Button
                                busy={busy}
                                disabled={disabled}
                                onClick={() => {
                                    perform(false);
                                }}
                            >
                                {words.copy}
                            </Button>
                            <Button
                                kind="primary"
                                busy={busy}
                                disabled={disabled}
                                onClick={() => {
                                    perform(true);
                                }}
                            >
                                {words.move}
                            </Button>
                        </div>
                    </form>
                )}
            </Load>
        </Dialog>
    );
}
