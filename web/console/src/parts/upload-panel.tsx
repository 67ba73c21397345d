/** The uploads of this page, at its lower edge. */

import { useEffect, useState } from "preact/hooks";

import { cancel, clear, send, uploads, type Upload } from "../api/uploads.ts";
import { bytes, clock } from "../model/format.ts";
import { texts } from "../texts.ts";
import { Button } from "./controls.tsx";
import { Icon } from "./icon.tsx";

const words = texts.uploads;

export function UploadPanel() {
    const [folded, setFolded] = useState(false);
    const all = uploads.value;
    const done = all.filter(({ state }) => state.value === "done").length;
    const busy = all.some(({ state }) => state.value === "sending" || state.value === "waiting");
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
                <Button kind="quiet" onClick={clear}>
                    {words.clear}
                </Button>
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
    return (
        <li class={`upload ${state}`}>
            <div class="upload-line">
                <bdi class="upload-name" title={`${upload.space}/${upload.content}`}>
                    {upload.content}
                </bdi>
                <span class="below">{bytes(upload.file.size)}</span>
                <Actions upload={upload} />
            </div>
            {state === "sending" ? (
                <Progress upload={upload} />
            ) : (
                <p class={state === "failed" || state === "taken" ? "below wrong" : "below"} role="status">
                    {(state === "done" || state === "failed" || state === "taken") && (
                        <Icon name={state === "done" ? "check" : "warning"} />
                    )}
                    {words.states[state]} {upload.error.value}
                </p>
            )}
        </li>
    );
}

function Progress({ upload }: { readonly upload: Upload }) {
    const [begun] = useState(() => performance.now());
    const { size } = upload.file;
    const sent = Math.min(size, upload.sent.value);
    const seconds = (performance.now() - begun) / 1000;
    const speed = seconds > 1 ? sent / seconds : 0;
    const percent = size === 0 ? 0 : Math.floor((100 * sent) / size);
    const left = speed > 0 ? clock((size - sent) / speed) : "";
    return (
        <>
            <progress max={Math.max(1, size)} value={sent} aria-label={upload.content} />
            <p class="below">{words.progress(percent, speed > 0 ? bytes(speed) : "", left)}</p>
        </>
    );
}

function Actions({ upload }: { readonly upload: Upload }) {
    const state = upload.state.value;
    if (state === "waiting" || state === "sending") {
        return (
            <button
                type="button"
                class="icon-button"
                aria-label={words.cancel(upload.content)}
                onClick={() => {
                    cancel(upload);
                }}
            >
                <Icon name="close" />
            </button>
        );
    }
    if (state === "done") return null;
    return (
        <Button
            kind="quiet"
            onClick={() => {
                send(upload);
            }}
        >
            {state === "taken" ? words.replace : texts.retry}
        </Button>
    );
}
