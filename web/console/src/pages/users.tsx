import { useState } from "preact/hooks";

import { session } from "../api/session.ts";
import { ROLES, addUser, removeUser, setUser, users, type Role, type User } from "../api/users.ts";
import { isUserName } from "../model/naming.ts";
import { Button, Confirm, Dialog, Empty, Field, Search, Select, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";

const words = texts.users;

/** The shortest password that is taken: docs/users.md § What a password is. */
const SHORTEST = 15;

type Dialogs = { readonly kind: "add" } | { readonly kind: "edit" | "remove"; readonly user: User };

export function UsersPage() {
    const all = useLoad(users, []);
    const [search, setSearch] = useState("");
    const [open, setOpen] = useState<Dialogs>();
    const close = () => {
        setOpen(undefined);
    };
    const done = (text: string) => {
        notify(text);
        close();
        all.reload();
    };
    const wanted = search.trim().toLowerCase();
    return (
        <div class="page">
            <div class="page-head">
                <div>
                    <h1>{words.title}</h1>
                    <p class="lead">{words.lead}</p>
                </div>
                <Button
                    kind="primary"
                    icon="plus"
                    onClick={() => {
                        setOpen({ kind: "add" });
                    }}
                >
                    {words.add}
                </Button>
            </div>
            <Load of={all}>
                {(known) => (
                    <>
                        <div class="toolbar">
                            <Search label={words.search} value={search} onInput={setSearch} />
                        </div>
                        <UserTable
                            users={known.filter(({ name, groups }) =>
                                [name, ...groups].some((text) => text.includes(wanted)),
                            )}
                            onOpen={setOpen}
                        />
                    </>
                )}
            </Load>
            {open?.kind === "add" && <UserDialog onClose={close} onDone={done} />}
            {open?.kind === "edit" && <UserDialog user={open.user} onClose={close} onDone={done} />}
            {open?.kind === "remove" && <RemoveDialog user={open.user} onClose={close} onDone={done} />}
        </div>
    );
}

function UserTable({
    users: shown,
    onOpen,
}: {
    readonly users: readonly User[];
    readonly onOpen: (dialog: Dialogs) => void;
}) {
    if (shown.length === 0) return <Empty icon="search" title={words.none} />;
    const { columns } = words;
    return (
        <table class="cards">
            <thead>
                <tr>
                    <th scope="col">{columns.name}</th>
                    <th scope="col">{columns.role}</th>
                    <th scope="col">{columns.groups}</th>
                    <th scope="col">
                        <span class="hidden">{columns.actions}</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                {shown.map((user) => (
                    <tr key={user.name}>
                        <th scope="row">
                            <span class="row-link">
                                <Icon name="user" />
                                {user.name}
                                {user.name === session.value?.name && <span class="badge">{words.you}</span>}
                            </span>
                        </th>
                        <td data-label={columns.role}>{texts.roles[user.role]}</td>
                        <td data-label={columns.groups}>
                            {user.groups.length === 0 ? texts.spaces.noOwner : user.groups.join(", ")}
                        </td>
                        <td class="row-actions">
                            <button
                                type="button"
                                class="icon-button"
                                aria-label={words.edit(user.name)}
                                onClick={() => {
                                    onOpen({ kind: "edit", user });
                                }}
                            >
                                <Icon name="edit" />
                            </button>
                            <button
                                type="button"
                                class="icon-button"
                                aria-label={words.remove(user.name)}
                                onClick={() => {
                                    onOpen({ kind: "remove", user });
                                }}
                            >
                                <Icon name="delete" />
                            </button>
                        </td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

interface DialogProps {
    readonly user?: User;
    readonly onClose: () => void;
    readonly onDone: (text: string) => void;
}

function UserDialog({ user, onClose, onDone }: DialogProps) {
    const [name, setName] = useState(user?.name ?? "");
    const [role, setRole] = useState<Role>(user?.role ?? "user");
    const [groups, setGroups] = useState(user?.groups.join(", ") ?? "");
    const [password, setPassword] = useState("");
    const { busy, error, act } = useAct();
    const list = groups.split(/[\s,]+/).filter((group) => group !== "");
    const nameWrong = name !== "" && !isUserName(name);
    const groupWrong = list.some((group) => !isUserName(group));
    const left = SHORTEST - Array.from(password).length;
    const wrongPassword = left > 0 && (user === undefined || password !== "");
    const valid = name !== "" && !nameWrong && !groupWrong && !wrongPassword;
    const save = () => {
        act(async () => {
            const changed: User = { name, role, groups: list };
            if (user) await setUser(changed, password === "" ? undefined : password);
            else await addUser(changed, password);
            onDone(user ? words.changed(name) : words.added(name));
        });
    };
    return (
        <Dialog title={user ? words.editTitle(user.name) : words.addTitle} onClose={onClose}>
            <form
                onSubmit={(event) => {
                    event.preventDefault();
                    if (valid) save();
                }}
            >
                {!user && (
                    <Field
                        label={words.columns.name}
                        value={name}
                        onInput={setName}
                        error={nameWrong ? texts.access.nameFault : undefined}
                        autofocus
                        required
                    />
                )}
                <Select
                    label={words.role}
                    value={role}
                    options={ROLES.map((name) => [name, texts.roles[name]] as const)}
                    onChange={setRole}
                    hint={texts.roleHints[role]}
                />
                <Field
                    label={words.groups}
                    value={groups}
                    onInput={setGroups}
                    hint={words.groupsHint}
                    error={groupWrong ? texts.access.nameFault : undefined}
                />
                <Field
                    label={user ? words.newPassword : words.password}
                    type="password"
                    value={password}
                    onInput={setPassword}
                    autocomplete="new-password"
                    hint={user ? words.newPasswordHint : words.passwordHint}
                    error={password !== "" && left > 0 ? words.short(left) : undefined}
                />
                <Wrong text={error} />
                <div class="actions">
                    <Button onClick={onClose}>{texts.cancel}</Button>
                    <Button kind="primary" submit busy={busy} disabled={!valid}>
                        {texts.save}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}

function RemoveDialog({ user, onClose, onDone }: DialogProps & { readonly user: User }) {
    const { busy, error, act } = useAct();
    return (
        <Confirm
            title={words.removeTitle(user.name)}
            warning={words.removeWarning}
            submit={texts.remove}
            danger
            busy={busy}
            error={error}
            onConfirm={() => {
                act(async () => {
                    await removeUser(user.name);
                    onDone(words.removed(user.name));
                });
            }}
            onClose={onClose}
        />
    );
}
