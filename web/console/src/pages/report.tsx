import { useState } from "preact/hooks";

import { report, rotateSigningKey, type Finding } from "../api/admin.ts";
import { Button, Confirm } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";

const words = texts.report;

export function ReportPage() {
    const found = useLoad(report, []);
    return (
        <div class="page">
            <div class="page-head">
                <div>
                    <h1>{words.title}</h1>
                    <p class="lead">{words.lead}</p>
                </div>
                <Button onClick={found.reload}>{words.again}</Button>
            </div>
            <Load of={found}>{(findings) => <Findings findings={findings} />}</Load>
            <SigningKey />
        </div>
    );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
    const wrong = findings.filter(({ remedy }) => remedy !== undefined).length;
    return (
        <section aria-live="polite">
            <p class={wrong === 0 ? "verdict good" : "verdict wrong"}>
                <Icon name={wrong === 0 ? "check" : "warning"} />
                {wrong === 0 ? words.sound : words.wrong(wrong)}
            </p>
            <ul class="findings">
                {findings.map(({ what, found, remedy }) => (
                    <li key={what} class={remedy === undefined ? "panel" : "panel wrong"}>
                        <h2>
                            <Icon name={remedy === undefined ? "check" : "warning"} />
                            {words.names[what] ?? what}
                            <span class="hidden">: {remedy === undefined ? words.ok : words.attention}</span>
                        </h2>
                        <p>{found}</p>
                        {remedy !== undefined && (
                            <p>
                                <strong>{words.remedy}:</strong> {remedy}
                            </p>
                        )}
                    </li>
                ))}
            </ul>
        </section>
    );
}

function SigningKey() {
    const [asked, setAsked] = useState<"rotate" | "revoke">();
    const { busy, error, act } = useAct();
    const close = () => {
        setAsked(undefined);
    };
    return (
        <section class="panel">
            <h2>{words.key}</h2>
            <p>{words.keyHint}</p>
            <div class="actions start">
                {(["rotate", "revoke"] as const).map((kind) => (
                    <Button
                        key={kind}
                        kind={kind === "revoke" ? "danger" : "plain"}
                        onClick={() => {
                            setAsked(kind);
                        }}
                    >
                        {words[kind]}
                    </Button>
                ))}
            </div>
            {asked && (
                <Confirm
                    title={asked === "rotate" ? words.rotateTitle : words.revokeTitle}
                    warning={asked === "rotate" ? words.rotateWarning : words.revokeWarning}
                    submit={words[asked]}
                    danger={asked === "revoke"}
                    busy={busy}
                    error={error}
                    onConfirm={() => {
                        act(async () => {
                            notify(await rotateSigningKey(asked === "revoke"));
                            close();
                        });
                    }}
                    onClose={close}
                />
            )}
        </section>
    );
}
