/** What to load next: a few at a time, and first what a person sees. */

/** The next of these that was not asked for yet: one in view, if there is any. */
export function nextOf(
    ids: readonly string[],
    asked: ReadonlySet<string>,
    inView: ReadonlySet<string>,
): string | undefined {
    const left = ids.filter((id) => !asked.has(id));
    return left.find((id) => inView.has(id)) ?? left[0];
}
