/** All texts of the console, for translation: those that every page has here, the others in `texts/`. */

import { adminTexts } from "./texts/admin.ts";
import { contentsTexts } from "./texts/contents.ts";
import { plural } from "./texts/plural.ts";
import { spacesTexts } from "./texts/spaces.ts";

export const texts = {
    ...spacesTexts,
    ...contentsTexts,
    ...adminTexts,
    name: "Reelspan",
    title: (page: string) => `${page} · Reelspan`,
    loading: "Loading…",
    close: "Close",
    cancel: "Cancel",
    copy: "Copy",
    copied: "Copied",
    save: "Save",
    saved: "Saved",
    retry: "Try again",
    add: "Add",
    remove: "Remove",
    skip: "Skip to the main part",
    errors: {
        offline: "The server does not answer. Check the connection, then try again.",
        status: (status: number) => `The server answered with status ${status}.`,
        retry: (seconds: number) => `Try again in ${plural(seconds, "second", "seconds")}.`,
        lost: "There is no such page",
        lostHint: "The address may be mistyped, or from another version of the console.",
        toSpaces: "Go to the spaces",
        failed: "That did not work",
    },
    signIn: {
        title: "Sign in",
        lead: "Spaces, contents and streaming of this archive.",
        name: "User name",
        password: "Password",
        show: "Show the password",
        submit: "Sign in",
        busy: "Signing in…",
        first: "First time here?",
        firstLocal: "“reelspan serve” printed the name and password of the first admin when it first started.",
        firstAws: "On AWS they are in the secret that the stack's output “FirstAdminSecret” names.",
        wrong: "User name or password is wrong.",
    },
    nav: {
        label: "Main",
        spaces: "Spaces",
        users: "Users",
        usage: "Usage",
        report: "State",
        accountOf: (name: string) => `Account: ${name}`,
        signOut: "Sign out",
    },
};
