/** The small parts that pages are made of. */

import type { ComponentChildren, TargetedEvent } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { texts } from "../texts.ts";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
    readonly kind?: "primary" | "plain" | "quiet" | "danger";
    readonly icon?: IconName;
    readonly onClick?: (event: MouseEvent) => void;
    readonly submit?: boolean;
    readonly disabled?: boolean;
    readonly busy?: boolean;
    readonly label?: string;
    readonly children?: ComponentChildren;
}

export function Button({ kind = "plain", icon, onClick, submit, disabled, busy, label, children }: ButtonProps) {
    return (
        <button
            type={submit ? "submit" : "button"}
            class={`button ${kind}`}
            disabled={disabled === true || busy === true}
            aria-busy={busy === true}
            aria-label={label}
            title={label}
            onClick={onClick}
        >
            {icon && <Icon name={icon} />}
            {children}
        </button>
    );
}

interface FieldProps {
    readonly label: string;
    readonly value: string;
    readonly onInput: (value: string) => void;
    readonly hint?: string | undefined;
    readonly error?: string | undefined;
    readonly good?: string | undefined;
    readonly type?: "text" | "password";
    readonly name?: string;
    readonly autocomplete?: "username" | "current-password" | "new-password" | "off";
    readonly autofocus?: boolean;
    readonly lines?: number;
    readonly required?: boolean;
    readonly disabled?: boolean;
}

/** A text field with its label, and below it a hint, or what is wrong with the text. */
export function Field(props: FieldProps) {
    const { label, value, onInput, hint, error, good, type = "text", lines, autofocus } = props;
    const id = useId();
    const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
    useEffect(() => {
        if (autofocus) field.current?.focus();
    }, [autofocus]);
    const below = error ?? good ?? hint;
    const shared = {
        id,
        ref: field,
        value,
        name: props.name,
        required: props.required,
        disabled: props.disabled,
        autocomplete: props.autocomplete ?? "off",
        spellcheck: false,
        autocapitalize: "none",
        "aria-invalid": error !== undefined,
        "aria-describedby": below === undefined ? undefined : `${id}-below`,
        onInput: (event: TargetedEvent<HTMLInputElement | HTMLTextAreaElement>) => {
            onInput(event.currentTarget.value);
        },
    } as const;
    const input =
        lines !== undefined ? (
            <textarea rows={lines} {...shared} />
        ) : type === "password" ? (
            <input type="password" {...shared} />
        ) : (
            <input type="text" {...shared} />
        );
    return (
        <div class="field">
            <label for={id}>{label}</label>
            {input}
            {below !== undefined && (
                <p
                    id={`${id}-below`}
                    class={error !== undefined ? "below wrong" : good !== undefined ? "below good" : "below"}
                >
                    {error !== undefined && <Icon name="warning" />}
                    {error === undefined && good !== undefined && <Icon name="check" />}
                    {below}
                </p>
            )}
        </div>
    );
}

interface SearchProps {
    readonly label: string;
    readonly value: string;
    readonly onInput: (value: string) => void;
}

export function Search({ label, value, onInput }: SearchProps) {
    return (
        <div class="search">
            <Icon name="search" />
            <input
                type="search"
                aria-label={label}
                placeholder={label}
                value={value}
                onInput={(event) => {
                    onInput(event.currentTarget.value);
                }}
            />
        </div>
    );
}

interface SelectProps<T extends string> {
    readonly label: string;
    readonly value: T;
    readonly options: readonly (readonly [T, string])[];
    readonly onChange: (value: T) => void;
    readonly hint?: string;
}

export function Select<T extends string>({ label, value, options, onChange, hint }: SelectProps<T>) {
    const id = useId();
    return (
        <div class="field">
            <label for={id}>{label}</label>
            <select
                id={id}
                value={value}
                aria-describedby={hint === undefined ? undefined : `${id}-below`}
                onChange={(event) => {
                    onChange(event.currentTarget.value as T);
                }}
            >
                {options.map(([name, text]) => (
                    <option key={name} value={name}>
                        {text}
                    </option>
                ))}
            </select>
            {hint !== undefined && (
                <p id={`${id}-below`} class="below">
                    {hint}
                </p>
            )}
        </div>
    );
}

interface DialogProps {
    readonly title: string;
    readonly onClose: () => void;
    readonly children: ComponentChildren;
}

/** A dialog that keeps the focus, and that Escape closes. */
export function Dialog({ title, onClose, children }: DialogProps) {
    const id = useId();
    const dialog = useRef<HTMLDialogElement>(null);
    useEffect(() => {
        const before = document.activeElement;
        dialog.current?.showModal();
        return () => {
            if (before instanceof HTMLElement) before.focus();
        };
    }, []);
    return (
        <dialog
            ref={dialog}
            aria-labelledby={id}
            onCancel={(event) => {
                event.preventDefault();
                onClose();
            }}
        >
            <div class="dialog-head">
                <h2 id={id}>{title}</h2>
                <button type="button" class="icon-button" aria-label={texts.close} onClick={onClose}>
                    <Icon name="close" />
                </button>
            </div>
            {children}
        </dialog>
    );
}

interface ConfirmProps {
    readonly title: string;
    readonly warning: string;
    readonly submit: string;
    readonly danger?: boolean;
    readonly busy: boolean;
    readonly error?: string | undefined;
    readonly disabled?: boolean;
    readonly onConfirm: () => void;
    readonly onClose: () => void;
    readonly children?: ComponentChildren;
}

/** Asks before something that has consequences, which it says. */
export function Confirm(props: ConfirmProps) {
    const { title, warning, submit, danger, busy, error, disabled = false, onConfirm, onClose, children } = props;
    return (
        <Dialog title={title} onClose={onClose}>
            <form
                onSubmit={(event) => {
                    event.preventDefault();
                    if (!disabled && !busy) onConfirm();
                }}
            >
                <p>{warning}</p>
                {children}
                <Wrong text={error} />
                <div class="actions">
                    <Button onClick={onClose}>{texts.cancel}</Button>
                    <Button kind={danger ? "danger" : "primary"} submit busy={busy} disabled={disabled}>
                        {submit}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}

/** What went wrong, read aloud when it appears. */
export function Wrong({ text }: { readonly text: string | undefined }) {
    return (
        <div role="alert">
            {text !== undefined && text !== "" && (
                <p class="wrong-box">
                    <Icon name="warning" />
                    <span>{text}</span>
                </p>
            )}
        </div>
    );
}

interface EmptyProps {
    readonly icon: IconName;
    readonly title: string;
    readonly level?: 1 | 2;
    readonly children?: ComponentChildren;
}

/** What is shown where there is nothing to show: why, and what to do. */
export function Empty({ icon, title, level = 2, children }: EmptyProps) {
    const Heading = level === 1 ? "h1" : "h2";
    return (
        <div class="empty">
            <Icon name={icon} />
            <Heading>{title}</Heading>
            {children}
        </div>
    );
}

/** A text with a button that copies it. */
export function Copyable({
    label,
    text,
    lines = 1,
}: {
    readonly label: string;
    readonly text: string;
    readonly lines?: number;
}) {
    const id = useId();
    const [copied, setCopied] = useState(false);
    const copy = async () => {
        const field = document.getElementById(id);
        if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) field.select();
        await navigator.clipboard.writeText(text);
        setCopied(true);
        setTimeout(setCopied, 2000, false);
    };
    return (
        <div class="field copyable">
            <label for={id}>{label}</label>
            <div class="joined">
                {lines > 1 ? (
                    <textarea id={id} rows={lines} readOnly value={text} />
                ) : (
                    <input id={id} type="text" readOnly value={text} />
                )}
                <Button
                    icon={copied ? "check" : "copy"}
                    label={`${texts.copy}: ${label}`}
                    onClick={() => {
                        copy().catch(() => {
                            setCopied(false);
                        });
                    }}
                >
                    <span aria-live="polite">{copied ? texts.copied : texts.copy}</span>
                </Button>
            </div>
        </div>
    );
}
