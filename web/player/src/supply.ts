/** Who gives a player the addresses of its content: its `src`, its `source`, or the endpoint that `renew` names. */

import { type Addresses, addressesOf, expiryOf, type Signed } from "./addresses.js";
import { problemOf } from "./problem.js";

/** Gives the address of a content, signed just now. */
export type SourceProvider = () => Signed | Promise<Signed>;

export class Supply {
    readonly #player: HTMLElement;
    /** The player's `source`. */
    provider: SourceProvider | undefined;

    constructor(player: HTMLElement) {
        this.#player = player;
    }

    /** Whether anybody gives an address. */
    get exists(): boolean {
        return this.#src !== undefined || this.#gives;
    }

    /** The absolute URL of `src`, with its fragment; `undefined` if `src` is a fragment alone, or not there. */
    get url(): string | undefined {
        const src = this.#src;
        return src === undefined ? undefined : new URL(src, document.baseURI).href;
    }

    /** The fragment of `src`, with its `#`; empty if it has none. */
    get hash(): string {
        const src = this.#player.getAttribute("src") ?? "";
        const at = src.indexOf("#");
        return at < 0 ? "" : src.slice(at);
    }

    /** The addresses with which a load begins; `undefined` if there are none. */
    async first(signal: AbortSignal): Promise<Addresses | undefined> {
        return addressesOf(this.url, document.baseURI) ?? (await this.ask(signal));
    }

    /** Whether these addresses can be replaced by others: somebody gives them, or `src` has a signature, of which a page is told. */
    renews(addresses: Addresses): boolean {
        return this.#gives || expiryOf(addresses) !== undefined;
    }

    /** Asks for addresses, and tells the page that they are needed. Throws a `Problem` if the endpoint refuses. */
    async ask(signal: AbortSignal): Promise<Addresses | undefined> {
        this.#player.dispatchEvent(new Event("renew"));
        const signed: unknown = this.provider === undefined ? await this.#fetch(signal) : await this.provider();
        return addressesOf(signed, document.baseURI);
    }

    get #gives(): boolean {
        return this.provider !== undefined || this.#player.hasAttribute("renew");
    }

    get #src(): string | undefined {
        const src = this.#player.getAttribute("src") ?? "";
        return src === "" || src.startsWith("#") ? undefined : src;
    }

    async #fetch(signal: AbortSignal): Promise<unknown> {
        const endpoint = this.#player.getAttribute("renew");
        if (endpoint === null) return undefined;
        let answer: Response;
        try {
            answer = await fetch(endpoint, { cache: "no-store", headers: { Accept: "application/json" }, signal });
        } catch {
            signal.throwIfAborted();
            throw problemOf(0);
        }
        if (!answer.ok) throw problemOf(answer.status);
        const isJson = answer.headers.get("content-type")?.includes("json") === true;
        return isJson ? await answer.json() : (await answer.text()).trim();
    }
}
