/** Panels and menus: one is open at a time, Escape closes it, and the focus returns to where it was. */

import { byId } from "./elements.js";

export const PANELS = ["share", "help", "audio", "captions", "chapters"] as const;
export type PanelName = (typeof PANELS)[number];

/** Those that close when one turns to something else, as menus do. */
const MENUS: readonly PanelName[] = ["audio", "captions", "chapters"];

export class Panels {
    readonly #root: ShadowRoot;
    readonly #opens: (name: PanelName) => HTMLElement | null;
    #openedBy: HTMLElement | undefined;

    /** `opens` is called before a panel is shown. It gives what is to have the focus; `null`: the panel stays closed. */
    constructor(root: ShadowRoot, opens: (name: PanelName) => HTMLElement | null) {
        this.#root = root;
        this.#opens = opens;
        for (const name of PANELS) {
            this.#button(name).addEventListener("click", () => {
                this.toggle(name);
            });
            this.#panel(name)
                .querySelector("[data-close]")
                ?.addEventListener("click", () => this.close());
        }
        root.addEventListener("pointerdown", (event) => {
            const path = event.composedPath();
            for (const name of MENUS) {
                const shown = !this.#panel(name).hidden;
                if (shown && !path.includes(this.#panel(name)) && !path.includes(this.#button(name))) this.#hide(name);
            }
        });
    }

    /** Opens a panel, or closes it. */
    toggle(name: PanelName): void {
        const opened = this.#panel(name).hidden;
        const active = this.#root.activeElement;
        this.close();
        if (!opened) return;
        const first = this.#opens(name);
        if (first === null) return;
        this.#openedBy = active instanceof HTMLElement ? active : this.#button(name);
        this.#panel(name).hidden = false;
        this.#button(name).ariaExpanded = "true";
        first.focus();
    }

    /** Closes what is open. Says whether there was anything. */
    close(): boolean {
        const open = PANELS.filter((name) => !this.#panel(name).hidden);
        for (const name of open) this.#hide(name);
        if (open.length > 0) this.#openedBy?.focus();
        this.#openedBy = undefined;
        return open.length > 0;
    }

    #hide(name: PanelName): void {
        this.#panel(name).hidden = true;
        this.#button(name).ariaExpanded = "false";
    }

    #panel(name: PanelName): HTMLElement {
        return this.#element(name);
    }

    #button(name: PanelName): HTMLElement {
        return this.#element(`${name}-button`);
    }

    #element(id: string): HTMLElement {
        return byId(this.#root, id);
    }
}
