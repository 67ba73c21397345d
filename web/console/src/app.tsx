/** The frame around all pages. */

import { useEffect } from "preact/hooks";

import { session, signOut } from "./api/session.ts";
import { explain } from "./api/http.ts";
import { restore, suspend } from "./api/uploads.ts";
import { href } from "./model/route.ts";
import { AccountPage } from "./pages/account.tsx";
import { ReportPage } from "./pages/report.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { SpacePage } from "./pages/space.tsx";
import { SpacesPage } from "./pages/spaces.tsx";
import { UsagePage } from "./pages/usage.tsx";
import { UsersPage } from "./pages/users.tsx";
import { Button, Empty } from "./parts/controls.tsx";
import { Icon } from "./parts/icon.tsx";
import { Notices, notify } from "./parts/notices.tsx";
import { UploadPanel } from "./parts/upload-panel.tsx";
import { route } from "./router.ts";
import { texts } from "./texts.ts";

/** The pages that admins have in addition. */
const ADMIN_PAGES = ["users", "usage", "report"] as const;

export function App() {
    const who = session.value;
    if (who === undefined) {
        return (
            <p class="starting" role="status">
                {texts.loading}
            </p>
        );
    }
    return (
        <>
            {who === null ? <SignInPage /> : <Frame />}
            <Notices />
        </>
    );
}

function Frame() {
    const name = session.value?.name;
    useEffect(() => {
        if (name === undefined) return undefined;
        restore(name).catch((error: unknown) => {
            notify(explain(error), "error");
        });
        return suspend;
    }, [name]);
    return (
        <div class="frame">
            <a class="skip" href="#main" onClick={skip}>
                {texts.skip}
            </a>
            <Header />
            <main id="main" tabIndex={-1}>
                <Page />
            </main>
            <UploadPanel />
        </div>
    );
}

function skip(event: Event): void {
    event.preventDefault();
    document.getElementById("main")?.focus();
}

function Header() {
    const who = session.value;
    const { page } = route.value;
    const at = (name: string) => (page === name || (name === "spaces" && page === "space") ? "page" : undefined);
    const out = () => {
        signOut().catch((error: unknown) => {
            notify(explain(error), "error");
        });
    };
    return (
        <header class="bar">
            <a class="brand" href={href({ page: "spaces" })} aria-label={texts.name}>
                <Icon name="brand" />
                <span>{texts.name}</span>
            </a>
            <nav aria-label={texts.nav.label}>
                <a href={href({ page: "spaces" })} aria-current={at("spaces")}>
                    {texts.nav.spaces}
                </a>
                {who?.role === "admin" &&
                    ADMIN_PAGES.map((page) => (
                        <a key={page} href={href({ page })} aria-current={at(page)}>
                            {texts.nav[page]}
                        </a>
                    ))}
            </nav>
            <div class="who">
                <a
                    href={href({ page: "account" })}
                    aria-current={at("account")}
                    aria-label={texts.nav.accountOf(who?.name ?? "")}
                >
                    <Icon name="user" />
                    <span class="who-name">{who?.name}</span>
                </a>
                <Button kind="quiet" onClick={out}>
                    {texts.nav.signOut}
                </Button>
            </div>
        </header>
    );
}

function Page() {
    const { value } = route;
    const title = titleOf(value);
    useEffect(() => {
        document.title = texts.title(title);
    }, [title]);
    switch (value.page) {
        case "spaces":
            return <SpacesPage />;
        case "space":
            return <SpacePage key={value.space} space={value.space} />;
        case "users":
            return session.value?.role === "admin" ? <UsersPage /> : <Lost />;
        case "usage":
            return session.value?.role === "admin" ? <UsagePage /> : <Lost />;
        case "report":
            return session.value?.role === "admin" ? <ReportPage /> : <Lost />;
        case "account":
            return <AccountPage />;
        case "lost":
            return <Lost />;
    }
}

function titleOf(value: typeof route.value): string {
    switch (value.page) {
        case "space":
            return value.content ?? value.space;
        case "lost":
            return texts.errors.lost;
        default:
            return texts[value.page].title;
    }
}

function Lost() {
    return (
        <div class="page">
            <Empty icon="lost" title={texts.errors.lost} level={1}>
                <p>{texts.errors.lostHint}</p>
                <a class="button primary" href={href({ page: "spaces" })}>
                    {texts.errors.toSpaces}
                </a>
            </Empty>
        </div>
    );
}
