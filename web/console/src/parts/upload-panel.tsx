/** The uploads of this page, at its lower edge. */

import { useEffect, useRef, useState } from "preact/hooks";

import {
    cancel,
    clear,
    goOn,
    goOnWith,
    hold,
    isBusy,
    isOver,
    readAgain,
    uploads,
    type Upload,
} from "../api/uploads.ts";
import { bytes, clock } from "../model/format.ts";
import { texts } from "../texts.ts";
import { Button } from "./controls.tsx";
import { Icon, type IconName } from "./icon.tsx";

const words = texts.uploads;

export function UploadPanel() {
    const [folded, setFolded] = useState(false);
    const all = uploads.value;
    const done = all.filter(({ state }) => state.value === "done").length;
    const busy = all.some((upload) => isBusy(upload) || upload.state.value === "waiting");
    useEffect(() => {
        if (!busy) return undefined;
        const ask = (event: Event) => {
            event.preventDefault();
        };
        addEventListener("beforeunload", ask);
        return () => {
            removeEventListener("beforeunload", ask);
        };
    }, [busy]);
    if (all.length === 0) return null;
    return (
        <section class="uploads" aria-label={words.title}>
            <div class="uploads-head">
                <h2>
                    <button
                        type="button"
                        class="button quiet"
                        aria-expanded={!folded}
                        onClick={() => {
                            setFolded(!folded);
                        }}
                    >
                        <Icon name={folded ? "up" : "down"} />
                        {words.title}
                    </button>
                </h2>
                <span role="status">{words.summary(done, all.length)}</span>
                {all.some(isOver) && (
                    <Button kind="quiet" onClick={clear}>
                        {words.clear}
                    </Button>
                )}
            </div>
            {!folded && (
                <ul tabIndex={0} aria-label={words.title}>
                    {all.slice(-200).map((upload) => (
                        <Item key={upload.key} upload={upload} />
                    ))}
                </ul>
            )}
        </section>
    );
}

function Item({ upload }: { readonly upload: Upload }) {
    const state = upload.state.value;
    const wrong = ["failed", "taken", "interrupted"].includes(state);
    const why = upload.error.value;
    const said = why === "" ? words.states[state] : state === "failed" ? `${words.states[state]}: ${why}` : why;
    return (
        <li class={`upload ${state}`}>
            <div class="upload-line">
                <bdi class="upload-name" title={`${upload.space}/${upload.content}`}>
                    {upload.content}
                </bdi>
                <span class="below">{bytes(upload.size)}</span>
                <Actions upload={upload} />
            </div>
            {isBusy(upload) ? (
                <Progress upload={upload} />
            ) : (
                <p class={wrong ? "below wrong" : "below"} role="status">
                    {(state === "done" || wrong) && <Icon name={state === "done" ? "check" : "warning"} />}
                    {said}
                </p>
            )}
            {state === "done" && upload.md5.value !== "" && (
                <p class="below upload-md5">{words.md5(upload.md5.value)}</p>
            )}
        </li>
    );
}

function Progress({ upload }: { readonly upload: Upload }) {
    const { size, meter } = upload;
    const sent = Math.min(size, upload.sent.value);
    const percent = size === 0 ? 0 : Math.floor((100 * sent) / size);
    const wait = upload.wait.value;
    const speed = meter.speed();
    const left = speed > 0 ? clock((size - sent) / speed) : "";
    const said =
        upload.state.value === "checking"
            ? words.checked(percent)
            : wait > 0
              ? words.again(Math.ceil(wait / 1000))
              : words.progress(percent, speed > 0 ? bytes(speed) : "", left);
    return (
        <>
            <progress max={Math.max(1, size)} value={sent} aria-label={upload.content} />
            <p class="below">{said}</p>
        </>
    );
}

function Actions({ upload }: { readonly upload: Upload }) {
    const state = upload.state.value;
    const going = isBusy(upload) || state === "waiting";
    const ended = state === "done" || state === "cancelled";
    return (
        <span class="upload-actions">
            {going && (
                <IconButton
                    icon="pause"
                    label={words.pause(upload.content)}
                    onClick={() => {
                        hold(upload);
                    }}
                />
            )}
            {state === "paused" && (
                <IconButton
                    icon="play"
                    label={words.goOn(upload.content)}
                    onClick={() => {
                        goOn(upload);
                    }}
                />
            )}
            {state === "interrupted" && <Choose upload={upload} />}
            {(state === "failed" || state === "taken" || state === "cancelled") && (
                <Button
                    kind="quiet"
                    onClick={() => {
                        goOn(upload);
                    }}
                >
                    {state === "taken" ? words.replace : texts.retry}
                </Button>
            )}
            {!ended && (
                <IconButton
                    icon="close"
                    label={words.cancel(upload.content)}
                    onClick={() => {
                        cancel(upload);
                    }}
                />
            )}
        </span>
    );
}

interface IconButtonProps {
    readonly icon: IconName;
    readonly label: string;
    readonly onClick: () => void;
}

function IconButton({ icon, label, onClick }: IconButtonProps) {
    return (
        <button type="button" class="icon-button" aria-label={label} title={label} onClick={onClick}>
            <Icon name={icon} />
        </button>
    );
}

/** Has the person choose the file of an interrupted upload, or allow the browser to read it again. */
function Choose({ upload }: { readonly upload: Upload }) {
    const chooser = useRef<HTMLInputElement>(null);
    return (
        <>
            <input
                ref={chooser}
                type="file"
                hidden
                aria-label={words.choose}
                onChange={(event) => {
                    const [file] = event.currentTarget.files ?? [];
                    if (file) goOnWith(upload, file);
                    event.currentTarget.value = "";
                }}
            />
            <Button
                kind="quiet"
                onClick={() => {
                    if (upload.handle) void readAgain(upload);
                    else chooser.current?.click();
                }}
            >
                {upload.handle ? words.resume : words.choose}
            </Button>
        </>
    );
}
