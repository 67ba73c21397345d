import { session, signOut } from "../api/session.ts";
import { Button, Wrong } from "../parts/controls.tsx";
import { useAct } from "../parts/load.tsx";
import { texts } from "../texts.ts";

const words = texts.account;

export function AccountPage() {
    const who = session.value;
    const { busy, error, act } = useAct();
    if (!who) return null;
    return (
        <div class="page">
            <h1>{words.title}</h1>
            <div class="narrow">
                <section class="panel">
                    <dl class="facts">
                        <dt>{words.name}</dt>
                        <dd>{who.name}</dd>
                        <dt>{words.role}</dt>
                        <dd>
                            {texts.roles[who.role]}. {texts.roleHints[who.role]}
                        </dd>
                        <dt>{words.groups}</dt>
                        <dd>{who.groups.length === 0 ? words.noGroups : who.groups.join(", ")}</dd>
                    </dl>
                </section>
                <section class="panel">
                    <h2>{words.sessions}</h2>
                    <p>{words.sessionsHint}</p>
                    <Wrong text={error} />
                    <div class="actions start">
                        <Button
                            busy={busy}
                            onClick={() => {
                                act(() => signOut());
                            }}
                        >
                            {words.here}
                        </Button>
                        <Button
                            busy={busy}
                            onClick={() => {
                                act(() => signOut(true));
                            }}
                        >
                            {words.everywhere}
                        </Button>
                    </div>
                </section>
            </div>
        </div>
    );
}
