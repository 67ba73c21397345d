import { useEffect, useRef, useState } from "preact/hooks";

import { explain } from "../api/http.ts";
import { copyContent, exists, moveContent } from "../api/spaces.ts";
import { doEach, folderOf, inFolder, type Progress } from "../model/batch.ts";
import { contentFault } from "../model/naming.ts";
import { Button, Dialog, Wrong } from "../parts/controls.tsx";
import { useAct } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";
import { PlaceForm, ReplaceBox } from "./place-form.tsx";

const words = texts.moveMany;

/** How many contents are copied or moved at a time. */
const WIDTH = 3;

interface Props {
    readonly space: string;
    /** The folder that they are in; below it, and below the folder that they go to, their names are the same. */
    readonly folder: string;
    readonly contents: readonly string[];
    readonly onClose: () => void;
    /** These were copied or moved to a space. */
    readonly onDone: (target: string, contents: readonly string[], moved: boolean) => void;
}

/** What was begun, and how far it is. */
interface Run {
    readonly contents: readonly string[];
    readonly moves: boolean;
    readonly progress: Progress<string>;
}

/** Copies several contents to another folder or space, or moves them: each is deleted once its copy is confirmed. */
export function MoveManyDialog({ space, folder: from, contents, onClose, onDone }: Props) {
    const [target, setTarget] = useState(space);
    const [typed, setTyped] = useState(from);
    const [replaces, setReplaces] = useState(false);
    const [run, setRun] = useState<Run>();
    const stopped = useRef(false);
    const { busy, error, act } = useAct();
    useEffect(
        () => () => {
            stopped.current = true;
        },
        [],
    );
    const folder = folderOf(typed);
    const isSame = target === space && folder === from;
    const fault = contentFault(`${folder}x`);
    const one = async (content: string, moves: boolean) => {
        const to = { space: target, content: inFolder(content, from, folder) };
        const fault = contentFault(to.content);
        if (fault !== undefined) throw new Error(texts.move.faults[fault]);
        // Otherwise one of them could take the place of another before that one is copied.
        if (target === space && contents.includes(to.content)) throw new Error(words.chosen);
        if (!replaces && (await exists(to))) throw new Error(words.taken);
        await (moves ? moveContent : copyContent)({ space, content }, to);
    };
    const perform = (those: readonly string[], moves: boolean) => {
        stopped.current = false;
        const say = (progress: Progress<string>) => {
            setRun({ contents: those, moves, progress });
        };
        say({ done: [], failed: [] });
        act(async () => {
            const options = { width: WIDTH, isStopped: () => stopped.current, onProgress: say };
            const { done } = await doEach(those, (content) => one(content, moves), options);
            if (done.length > 0) onDone(target, done, moves);
            if (done.length < those.length) return;
            notify(words.done(moves, done.length, `${target}/${folder}`));
            onClose();
        });
    };
    const stop = () => {
        stopped.current = true;
    };
    return (
        <Dialog title={words.title(contents.length)} onClose={busy ? stop : onClose}>
            {run ? (
                <Running run={run} busy={busy} onStop={stop} onClose={onClose} onAgain={perform} />
            ) : (
                <PlaceForm
                    space={target}
                    onSpace={setTarget}
                    label={words.folder}
                    value={typed}
                    onInput={setTyped}
                    hint={isSame ? words.same : words.hint}
                    fault={fault === undefined ? undefined : texts.move.faults[fault]}
                    links={words.links}
                    error={error}
                    busy={busy}
                    disabled={isSame || fault !== undefined}
                    onClose={onClose}
                    onPerform={(moves) => {
                        perform(contents, moves);
                    }}
                >
                    <ReplaceBox label={words.replace} checked={replaces} onChange={setReplaces} />
                </PlaceForm>
            )}
        </Dialog>
    );
}

interface RunningProps {
    readonly run: Run;
    readonly busy: boolean;
    readonly onStop: () => void;
    readonly onClose: () => void;
    readonly onAgain: (contents: readonly string[], moves: boolean) => void;
}

/** How far it is, and what failed. */
function Running({ run: { contents, moves, progress }, busy, onStop, onClose, onAgain }: RunningProps) {
    const { done, failed } = progress;
    const gone = new Set(done);
    const left = contents.filter((content) => !gone.has(content));
    return (
        <form
            onSubmit={(event) => {
                event.preventDefault();
            }}
        >
            <p role="status">{words.progress(moves, done.length, contents.length)}</p>
            <progress
                max={contents.length}
                value={done.length + failed.length}
                aria-label={words.progress(moves, done.length, contents.length)}
            />
            {failed.length > 0 && (
                <>
                    <Wrong text={words.failed(moves, failed.length)} />
                    <ul class="names">
                        {failed.map(({ item, why }) => (
                            <li key={item}>
                                <bdi>{item}</bdi>: {explain(why)}
                            </li>
                        ))}
                    </ul>
                </>
            )}
            {!busy && <p>{words.left(left.length)}</p>}
            <div class="actions">
                {busy ? (
                    <Button icon="stop" onClick={onStop}>
                        {words.stop}
                    </Button>
                ) : (
                    <>
                        <Button onClick={onClose}>{texts.close}</Button>
                        <Button
                            kind="primary"
                            onClick={() => {
                                onAgain(left, moves);
                            }}
                        >
                            {texts.retry}
                        </Button>
                    </>
                )}
            </div>
        </form>
    );
}
