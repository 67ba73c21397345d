import { useState } from "preact/hooks";

import { deleteContent } from "../api/spaces.ts";
import { Confirm } from "../parts/controls.tsx";
import { useAct } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";

const words = texts.contents;

interface Props {
    readonly space: string;
    readonly contents: readonly string[];
    readonly onClose: () => void;
    readonly onDone: () => void;
}

/** Deletes several contents, once that is confirmed. */
export function DeleteManyDialog({ space, contents: ids, onClose, onDone }: Props) {
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
