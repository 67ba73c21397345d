import type { ComponentChildren } from "preact";

import { spaces } from "../api/spaces.ts";
import { Button, Field, Select, Wrong } from "../parts/controls.tsx";
import { Load, useLoad } from "../parts/load.tsx";
import { texts } from "../texts.ts";

const words = texts.move;

interface Props {
    readonly space: string;
    readonly onSpace: (space: string) => void;
    /** The label and the text of the field for a name or a folder in that space. */
    readonly label: string;
    readonly value: string;
    readonly onInput: (value: string) => void;
    readonly hint: string;
    /** What is wrong with the text. */
    readonly fault: string | undefined;
    /** What moving does to links. */
    readonly links: string;
    readonly error: string | undefined;
    readonly busy: boolean;
    readonly disabled: boolean;
    readonly onClose: () => void;
    readonly onPerform: (moves: boolean) => void;
    /** What more can be chosen. */
    readonly children?: ComponentChildren;
}

/** Where contents are copied or moved to: one of the spaces that may be written, and a name there. */
export function PlaceForm(props: Props) {
    const { space, busy, disabled, onPerform } = props;
    const all = useLoad(async (signal) => (await spaces(signal)).filter(({ right }) => right !== "READ"), []);
    return (
        <Load of={all}>
            {(known) => (
                <form
                    onSubmit={(event) => {
                        event.preventDefault();
                    }}
                >
                    <Select
                        label={words.space}
                        value={space}
                        options={known.map(({ id }) => [id, id] as const)}
                        onChange={props.onSpace}
                    />
                    <Field
                        label={props.label}
                        value={props.value}
                        onInput={props.onInput}
                        hint={props.hint}
                        error={props.fault}
                        autofocus
                    />
                    {props.children}
                    <p>{props.links}</p>
                    <Wrong text={props.error} />
                    <div class="actions">
                        <Button onClick={props.onClose}>{texts.cancel}</Button>
                        <Button
                            busy={busy}
                            disabled={disabled}
                            onClick={() => {
                                onPerform(false);
                            }}
                        >
                            {words.copy}
                        </Button>
                        <Button
                            kind="primary"
                            busy={busy}
                            disabled={disabled}
                            onClick={() => {
                                onPerform(true);
                            }}
                        >
                            {words.move}
                        </Button>
                    </div>
                </form>
            )}
        </Load>
    );
}

interface ReplaceProps {
    readonly label: string;
    readonly checked: boolean;
    readonly onChange: (checked: boolean) => void;
}

/** Whether what is there already is replaced. */
export function ReplaceBox({ label, checked, onChange }: ReplaceProps) {
    return (
        <label class="check">
            <input
                type="checkbox"
                checked={checked}
                onChange={(event) => {
                    onChange(event.currentTarget.checked);
                }}
            />
            {label}
        </label>
    );
}
