/** A menu with one chosen item (the pattern "menu button" of the ARIA Authoring Practices Guide). */

export interface MenuItem {
    readonly label: string;
    /** Shown at the end of the line. */
    readonly detail?: string;
}

/** What the items of each menu do now. */
const choosers = new WeakMap<HTMLElement, (place: number) => void>();

/**
 * Fills an element with the items. The chosen one is told; the arrows, Home and End go through them. Items that are there already
 * stay, so that one that has the focus keeps it.
 */
export function fillMenu(
    list: HTMLElement,
    items: readonly MenuItem[],
    selected: number,
    choose: (place: number) => void,
): void {
    choosers.set(list, choose);
    const shown = JSON.stringify(items);
    if (list.dataset["items"] !== shown) {
        list.dataset["items"] = shown;
        list.replaceChildren(
            ...items.map((item, place) =>
                made(item, () => {
                    choosers.get(list)?.(place);
                }),
            ),
        );
    }
    for (const [place, item] of Array.from(list.children).entries()) item.ariaChecked = String(place === selected);
}

function made({ label, detail }: MenuItem, chosen: () => void): HTMLElement {
    const item = document.createElement("button");
    item.type = "button";
    item.role = "menuitemradio";
    item.tabIndex = -1;
    const name = document.createElement("span");
    name.textContent = label;
    item.append(name);
    if (detail !== undefined) {
        const more = document.createElement("small");
        more.textContent = detail;
        item.append(more);
    }
    item.addEventListener("click", chosen);
    return item;
}

/** The item that has the focus first: the chosen one, else the first. */
export function firstItem(list: HTMLElement): HTMLElement | null {
    return list.querySelector<HTMLElement>("[aria-checked=true]") ?? list.querySelector<HTMLElement>("button");
}

/** Lets the arrows, Home and End move the focus in a menu. */
export function moveByKeys(list: HTMLElement): void {
    list.addEventListener("keydown", (event) => {
        const items = Array.from(list.querySelectorAll<HTMLElement>("button"));
        const root = list.getRootNode() as ShadowRoot;
        const at = items.findIndex((item) => item === root.activeElement);
        const to: Record<string, number> = {
            ArrowDown: (at + 1) % items.length,
            ArrowUp: (at - 1 + items.length) % items.length,
            Home: 0,
            End: items.length - 1,
        };
        const place = to[event.key];
        if (place === undefined) return;
        items[place]?.focus();
        event.preventDefault();
        event.stopPropagation();
    });
}
