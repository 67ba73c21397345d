/** A menu with one chosen item (the pattern "menu button" of the ARIA Authoring Practices Guide). */

export interface MenuItem {
    readonly label: string;
    /** Shown at the end of the line. */
    readonly detail?: string;
}

/** Fills an element with the items. The chosen one is told; the arrows, Home and End go through them. */
export function fillMenu(
    list: HTMLElement,
    items: readonly MenuItem[],
    selected: number,
    choose: (place: number) => void,
): void {
    list.replaceChildren(
        ...items.map(({ label, detail }, place) => {
            const item = document.createElement("button");
            item.type = "button";
            item.role = "menuitemradio";
            item.ariaChecked = String(place === selected);
            item.tabIndex = -1;
            const name = document.createElement("span");
            name.textContent = label;
            item.append(name);
            if (detail !== undefined) {
                const more = document.createElement("small");
                more.textContent = detail;
                item.append(more);
            }
            item.addEventListener("click", () => {
                choose(place);
            });
            return item;
        }),
    );
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
