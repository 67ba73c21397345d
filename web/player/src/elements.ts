/** The elements of the player's shadow tree. */

/** The element of this `id`. Throws if the template has none. */
export function byId(root: ShadowRoot, id: string): HTMLElement {
    const found = root.getElementById(id);
    if (found === null) throw new Error(`the template has no #${id}`);
    return found;
}
