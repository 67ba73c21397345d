/** The names that the REST API takes: docs/rest.md § Create a space and § Store a content. The server has the last word. */

/** The words of the API that no space can be called by. */
const RESERVED = "acl audit aux bit-integrity init manifest report security spaces stores task".split(" ");

/** Which rule a name for a space breaks; undefined if it breaks none. */
export type SpaceFault = "length" | "characters" | "first" | "hyphen" | "pairs" | "digits" | "reserved";

/** The first rule that the name breaks. */
export function spaceFault(name: string): SpaceFault | undefined {
    if (!/^[a-z0-9.-]*$/.test(name)) return "characters";
    if (name !== "" && !/^[a-z]/.test(name)) return "first";
    if (name.length < 3 || name.length > 42) return "length";
    if (name.endsWith("-")) return "hyphen";
    if (/\.\.|-\.|\.-/.test(name)) return "pairs";
    if (/\.[0-9][^.]*$/.test(name)) return "digits";
    return RESERVED.includes(name) ? "reserved" : undefined;
}

/** Which rule the name of a content breaks. */
export type ContentFault = "empty" | "length" | "characters" | "dots";

/** The first rule that the name breaks. */
export function contentFault(name: string): ContentFault | undefined {
    if (name === "") return "empty";
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    if (/[?\\\u0000-\u001f\u007f-\u009f\ufffe\uffff]/u.test(name)) return "characters";
    if (name.split("/").some((segment) => segment === "." || segment === "..")) return "dots";
    return path(name).length > 1024 ? "length" : undefined;
}

/** Which user and group names there can be: docs/users.md § Roles, groups, access lists. */
export function isUserName(name: string): boolean {
    return /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/.test(name) && !name.startsWith("group-") && name !== "public";
}

/** A content id as the path of a URL has it: each segment percent-encoded. */
export function path(content: string): string {
    // A lone surrogate has no encoding; it becomes U+FFFD, as in every URL.
    return content.toWellFormed().split("/").map(encodeURIComponent).join("/");
}
