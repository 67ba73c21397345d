/** The routes of the console, as the fragment of its address: `#/spaces/films?folder=1999/&content=1999/a.mp4`. */

export const TABS = ["contents", "streaming", "access", "properties"] as const;
export type Tab = (typeof TABS)[number];

export type Route =
    | { readonly page: "spaces"; readonly search?: string | undefined }
    | {
          readonly page: "space";
          readonly space: string;
          readonly tab: Tab;
          readonly folder: string;
          readonly content?: string | undefined;
          readonly search?: string | undefined;
          readonly sort?: string | undefined;
      }
    | { readonly page: "users" }
    | { readonly page: "usage" }
    | { readonly page: "report" }
    | { readonly page: "account" }
    | { readonly page: "lost" };

/** The pages without parameters. */
const PLAIN = ["users", "usage", "report", "account"] as const;

/** The route of an address's fragment, with or without its `#`. */
export function parse(fragment: string): Route {
    const [path, query] = split(fragment.replace(/^#/, ""), "?");
    const names = path.split("/").filter((name) => name !== "");
    const decoded = names.map(decode);
    if (decoded.includes(undefined)) return { page: "lost" };
    const [first, space, tab, ...more] = decoded as string[];
    const values = new URLSearchParams(query);
    const value = (name: string) => values.get(name) ?? undefined;
    if (more.length > 0) return { page: "lost" };
    if (first === undefined || (first === "spaces" && space === undefined))
        return { page: "spaces", search: value("search") };
    if (first === "spaces" && space !== undefined) {
        const known = TABS.find((name) => name === (tab ?? "contents"));
        if (!known) return { page: "lost" };
        const folder = value("folder") ?? "";
        return {
            page: "space",
            space,
            tab: known,
            folder: folder === "" || folder.endsWith("/") ? folder : `${folder}/`,
            content: value("content"),
            search: value("search"),
            sort: value("sort"),
        };
    }
    const plain = PLAIN.find((name) => name === first);
    if (space === undefined && plain) return { page: plain };
    return { page: "lost" };
}

/** The address of a route. */
export function href(route: Route): string {
    switch (route.page) {
        case "spaces":
            return `#/spaces${query({ search: route.search })}`;
        case "space": {
            const tab = route.tab === "contents" ? "" : `/${route.tab}`;
            const { folder, content, search, sort } = route;
            return `#/spaces/${encodeURIComponent(route.space)}${tab}${query({ folder, content, search, sort })}`;
        }
        case "users":
        case "usage":
        case "report":
        case "account":
            return `#/${route.page}`;
        case "lost":
            return "#/";
    }
}

/** The address of a space's page. */
export function spaceHref(
    space: string,
    tab: Tab = "contents",
    more: { folder?: string; content?: string } = {},
): string {
    return href({ page: "space", space, tab, folder: more.folder ?? "", content: more.content });
}

function query(values: Record<string, string | undefined>): string {
    const pairs = Object.entries(values).filter((pair): pair is [string, string] => (pair[1] ?? "") !== "");
    return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

function split(text: string, at: string): [string, string] {
    const index = text.indexOf(at);
    return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function decode(text: string): string | undefined {
    try {
        return decodeURIComponent(text);
    } catch {
        return undefined;
    }
}
