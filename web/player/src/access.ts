/** Where a content is loaded from now: addresses that are renewed before their signatures expire. */

import { type Addresses, expiryOf } from "./addresses.js";

/** How long before the end of a signature another one is asked for, at most; of a short life it is half. In milliseconds. */
const AHEAD = 60_000;
/** How long it takes until a failed request for addresses is repeated: at first, and at most. */
const PAUSE = 2000;
const LONGEST_PAUSE = 60_000;
/** The longest time that a timer of a browser has. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Asks for addresses; `undefined` if nobody gives any. */
export type Ask = () => Promise<Addresses | undefined>;

/** The addresses of one content, for as long as it is loaded. */
export class Access {
    #addresses: Addresses;
    readonly #ask: Ask | undefined;
    readonly #listeners = new Set<(to: Addresses) => void>();
    readonly #signal: AbortSignal;
    #asking: Promise<boolean> | undefined;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #due = Infinity;
    #pause = PAUSE;

    /** Renews nothing without `ask`, and after `signal`. */
    constructor(addresses: Addresses, ask: Ask | undefined, signal: AbortSignal) {
        this.#addresses = addresses;
        this.#ask = ask;
        this.#signal = signal;
        signal.addEventListener("abort", () => {
            clearTimeout(this.#timer);
        });
        if (ask === undefined) return;
        this.#plan();
        // Timers stand still while a machine sleeps, and are late in pages that are not seen.
        for (const [target, event] of [
            [document, "visibilitychange"],
            [window, "pageshow"],
            [window, "online"],
        ] as const) {
            target.addEventListener(
                event,
                () => {
                    this.#look();
                },
                { signal },
            );
        }
    }

    get addresses(): Addresses {
        return this.#addresses;
    }

    /** Whether there can be others. */
    get isRenewed(): boolean {
        return this.#ask !== undefined;
    }

    /** Calls back with each renewal, until the signal. */
    onRenewed(renewed: (to: Addresses) => void, signal: AbortSignal): void {
        this.#listeners.add(renewed);
        signal.addEventListener("abort", () => this.#listeners.delete(renewed));
    }

    /** Goes on with other addresses. */
    renew(to: Addresses): void {
        if (this.#signal.aborted) return;
        this.#addresses = to;
        this.#pause = PAUSE;
        this.#plan();
        for (const listener of this.#listeners) listener(to);
    }

    /** Asks for other addresses at once. Says whether there are. */
    refresh(): Promise<boolean> {
        this.#asking ??= this.#refresh().finally(() => {
            this.#asking = undefined;
        });
        return this.#asking;
    }

    async #refresh(): Promise<boolean> {
        if (this.#ask === undefined || this.#signal.aborted) return false;
        const before = this.#addresses;
        try {
            const found = await this.#ask();
            if (found !== undefined) this.renew(found);
        } catch (error) {
            console.warn("reelspan-player: no new address", error);
        }
        // Somebody may have given some meanwhile.
        const renewed = this.#addresses !== before;
        if (!renewed) this.#again();
        return renewed;
    }

    /** Plans the next renewal. A signature that is over when it comes is of another clock than ours: the server says when. */
    #plan(): void {
        const life = (expiryOf(this.#addresses) ?? Infinity) - Date.now();
        this.#at(life > 0 ? life - Math.min(AHEAD, life / 2) : Infinity);
    }

    #again(): void {
        this.#at(this.#pause);
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    }

    #at(milliseconds: number): void {
        this.#due = Date.now() + milliseconds;
        clearTimeout(this.#timer);
        if (milliseconds === Infinity || this.#signal.aborted) return;
        this.#timer = setTimeout(
            () => {
                this.#look();
            },
            Math.min(milliseconds, LONGEST_TIMER),
        );
    }

    #look(): void {
        if (Date.now() >= this.#due) void this.refresh();
        else if (this.#due < Infinity) this.#at(this.#due - Date.now());
    }
}
