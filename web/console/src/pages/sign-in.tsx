import { useEffect, useState } from "preact/hooks";

import { Failure } from "../api/http.ts";
import { signIn } from "../api/session.ts";
import { Button, Field, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { useAct } from "../parts/load.tsx";
import { texts } from "../texts.ts";

export function SignInPage() {
    const [name, setName] = useState("");
    const [password, setPassword] = useState("");
    const [shown, setShown] = useState(false);
    const { busy, error, act } = useAct();
    const { signIn: words } = texts;
    useEffect(() => {
        document.title = texts.title(words.title);
    }, []);
    const submit = () => {
        act(async () => {
            try {
                await signIn(name.trim(), password);
            } catch (failure) {
                setPassword("");
                throw failure instanceof Failure && failure.status === 401 ? new Error(words.wrong) : failure;
            }
        });
    };
    return (
        <main class="sign-in">
            <div class="card">
                <div class="brand big">
                    <Icon name="brand" />
                    <span>{texts.name}</span>
                </div>
                <h1>{words.title}</h1>
                <p class="lead">{words.lead}</p>
                <form
                    onSubmit={(event) => {
                        event.preventDefault();
                        submit();
                    }}
                >
                    <Field
                        label={words.name}
                        name="name"
                        value={name}
                        onInput={setName}
                        autocomplete="username"
                        autofocus
                        required
                    />
                    <Field
                        label={words.password}
                        name="password"
                        type={shown ? "text" : "password"}
                        value={password}
                        onInput={setPassword}
                        autocomplete="current-password"
                        required
                    />
                    <label class="check">
                        <input
                            type="checkbox"
                            checked={shown}
                            onChange={(event) => {
                                setShown(event.currentTarget.checked);
                            }}
                        />
                        {words.show}
                    </label>
                    <Wrong text={error} />
                    <Button kind="primary" submit busy={busy}>
                        {busy ? words.busy : words.submit}
                    </Button>
                </form>
                <details>
                    <summary>{words.first}</summary>
                    <p>{words.firstLocal}</p>
                    <p>{words.firstAws}</p>
                </details>
            </div>
        </main>
    );
}
