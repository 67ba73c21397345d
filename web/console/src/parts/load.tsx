/** Loading: what a page waits for, and what it shows meanwhile or instead. */

import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";

import { explain } from "../api/http.ts";
import { texts } from "../texts.ts";
import { Button, Wrong } from "./controls.tsx";

export interface Loaded<T> {
    readonly value: T | undefined;
    readonly error: string | undefined;
    readonly reload: () => void;
}

/** Loads something, again when a dependency changes. What was loaded stays until the new value arrives. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: readonly unknown[]): Loaded<T> {
    const [value, setValue] = useState<T>();
    const [error, setError] = useState<string>();
    const [again, setAgain] = useState(0);
    useEffect(() => {
        const controller = new AbortController();
        setError(undefined);
        load(controller.signal).then(
            (loaded) => {
                if (!controller.signal.aborted) setValue(() => loaded);
            },
            (failure: unknown) => {
                if (!controller.signal.aborted) setError(explain(failure));
            },
        );
        return () => {
            controller.abort();
        };
    }, [...dependencies, again]);
    const reload = useCallback(() => {
        setAgain((count) => count + 1);
    }, []);
    return { value, error, reload };
}

/** What was loaded, or that it is being loaded, or why it could not be. */
export function Load<T>({
    of,
    children,
}: {
    readonly of: Loaded<T>;
    readonly children: (value: T) => ComponentChildren;
}) {
    if (of.error !== undefined) {
        return (
            <div class="failed">
                <Wrong text={of.error} />
                <Button onClick={of.reload}>{texts.retry}</Button>
            </div>
        );
    }
    if (of.value === undefined) {
        return (
            <p class="loading" role="status">
                {texts.loading}
            </p>
        );
    }
    return <>{children(of.value)}</>;
}

/** Something that is done on request: whether it is under way, and why it failed. */
export function useAct(): { busy: boolean; error: string | undefined; act: (what: () => Promise<void>) => void } {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<string>();
    const act = (what: () => Promise<void>) => {
        setBusy(true);
        setError(undefined);
        what()
            .catch((failure: unknown) => {
                setError(explain(failure));
            })
            .finally(() => {
                setBusy(false);
            });
    };
    return { busy, error, act };
}
