/** Why a content cannot be played. */

/** The name of a text, and what it mentions. */
export class Problem extends Error {
    constructor(
        readonly text:
            "notFound" | "forbidden" | "indexing" | "unreachable" | "failed" | "unplayable" | "unstreamable" | "broken",
        readonly values: Record<string, string | number> = {},
    ) {
        super(text);
    }
}

/** What a status of a server means for a viewer. */
export function problemOf(status: number): Problem {
    if (status === 0) return new Problem("unreachable");
    if (status === 404 || status === 410) return new Problem("notFound");
    if (status === 401 || status === 403) return new Problem("forbidden");
    if (status === 503) return new Problem("indexing");
    return new Problem("failed", { status });
}
