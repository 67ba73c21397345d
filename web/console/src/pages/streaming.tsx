import { useEffect, useState } from "preact/hooks";

import { spaceProperties, type StreamingType } from "../api/spaces.ts";
import { deleteStreaming, disableStreaming, enableStreaming } from "../api/tasks.ts";
import { Confirm, Copyable, Field } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";
import type { SpaceProps } from "./space.tsx";

const words = texts.streaming;
const KINDS: readonly StreamingType[] = ["OFF", "OPEN", "SECURE"];

/** How often the status is looked at while streaming is being set up, in milliseconds. */
const LOOK = 5000;

export function StreamingTab({ space, reload }: SpaceProps) {
    const properties = useLoad((signal) => spaceProperties(space.id, signal), [space.id, space.streaming]);
    const [wanted, setWanted] = useState<StreamingType>();
    const [origins, setOrigins] = useState("");
    const { busy, error, act } = useAct();
    const owner = space.right === "OWN";
    const host = properties.value?.get("streaming-host");
    const status = properties.value?.get("streaming-status");
    const list = origins.split(/[\s,]+/).filter((line) => line !== "");
    const fault = list.find((line) => !isOrigin(line));
    useEffect(() => {
        if (status !== "InProgress" && status !== "Deleting") return undefined;
        const timer = setInterval(properties.reload, LOOK);
        return () => {
            clearInterval(timer);
        };
    }, [status]);
    const change = (kind: StreamingType) => {
        act(async () => {
            // The type of a distribution cannot change: the old one is deleted first.
            const before = properties.value?.get("streaming-type");
            if (kind === "OFF") await disableStreaming(space.id);
            else {
                if (before !== undefined && before !== kind) await deleteStreaming(space.id);
                await enableStreaming(space.id, kind === "SECURE", list);
            }
            notify(words.changed(words.kinds[kind]));
            setWanted(undefined);
            reload();
            properties.reload();
        });
    };
    return (
        <div class="narrow">
            <section class="panel">
                <fieldset class="switch" disabled={!owner || busy}>
                    <legend>{words.state}</legend>
                    {KINDS.map((kind) => (
                        <label key={kind} class={`choice ${kind.toLowerCase()}`}>
                            <input
                                type="radio"
                                name="streaming"
                                value={kind}
                                checked={kind === space.streaming}
                                onClick={(event) => {
                                    event.preventDefault();
                                    if (kind !== space.streaming) setWanted(kind);
                                }}
                            />
                            <span class="choice-text">
                                <strong>
                                    <Icon name={kind === "SECURE" ? "lock" : kind === "OPEN" ? "stream" : "close"} />
                                    {words.kinds[kind]}
                                </strong>
                                <span>{words.hints[kind]}</span>
                            </span>
                        </label>
                    ))}
                </fieldset>
                {!owner && <p class="below">{words.reader}</p>}
                {host !== undefined && (
                    <div class="result">
                        <Copyable label={words.address} text={address(host)} />
                        <p>
                            {words.status}: <strong>{words.statuses[status ?? ""] ?? status}</strong>
                        </p>
                        {space.streaming === "OPEN" && (
                            <p class="below">
                                {words.example} <code>{`${address(host)}/…`}</code>
                            </p>
                        )}
                    </div>
                )}
                {owner && space.streaming === "OFF" && (
                    <Field
                        label={words.origins}
                        value={origins}
                        onInput={setOrigins}
                        lines={3}
                        hint={words.originsHint}
                        error={fault === undefined ? undefined : words.originFault(fault)}
                    />
                )}
            </section>
            {wanted && (
                <Confirm
                    title={words.confirm(words.kinds[wanted])}
                    warning={words.consequences[`${space.streaming}-${wanted}`] ?? ""}
                    submit={words.submit(words.kinds[wanted])}
                    busy={busy}
                    error={error}
                    disabled={fault !== undefined}
                    onConfirm={() => {
                        change(wanted);
                    }}
                    onClose={() => {
                        setWanted(undefined);
                    }}
                >
                    {busy && <p role="status">{words.working}</p>}
                </Confirm>
            )}
        </div>
    );
}

/** The streaming host as an address: a host of CloudFront has TLS, a path of this server is reached as the console is. */
function address(host: string): string {
    const here = host.startsWith(`${location.host}/`);
    return `${here ? location.protocol : "https:"}//${host}`;
}

function isOrigin(text: string): boolean {
    return (
        URL.canParse(text) &&
        /^https?:$/.test(new URL(text).protocol) &&
        new URL(text).origin === text.replace(/\/$/, "")
    );
}
