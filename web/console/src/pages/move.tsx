import { useState } from "preact/hooks";

import { copyContent, exists, moveContent } from "../api/spaces.ts";
import { contentFault } from "../model/naming.ts";
import { Dialog, Wrong } from "../parts/controls.tsx";
import { useAct } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";
import { PlaceForm, ReplaceBox } from "./place-form.tsx";

const words = texts.move;

interface Props {
    readonly space: string;
    readonly content: string;
    readonly onClose: () => void;
    readonly onDone: (space: string, content: string, moved: boolean) => void;
}

/** Copies a content, or moves it: copies it, and deletes it where it was once the copy is confirmed. */
export function MoveDialog({ space, content, onClose, onDone }: Props) {
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
            <PlaceForm
                space={target}
                onSpace={setTarget}
                label={words.name}
                value={name}
                onInput={setName}
                hint={isSame ? words.same : words.hint}
                fault={fault === undefined ? undefined : words.faults[fault]}
                links={words.links}
                error={error}
                busy={busy}
                disabled={disabled}
                onClose={onClose}
                onPerform={perform}
            >
                {isTaken && (
                    <>
                        <Wrong text={words.taken(name)} />
                        <ReplaceBox label={words.replace} checked={replaces} onChange={setReplaces} />
                    </>
                )}
            </PlaceForm>
        </Dialog>
    );
}
