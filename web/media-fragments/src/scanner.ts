/** Reads a short text from left to right. */

/** Says why a text is not in a grammar, and where. */
export interface Invalid {
    /** The first byte (of UTF-8) that is wrong, counted from 0; the length of the text if it ends too early. */
    readonly at: number;
    /** What is expected there, or what is wrong with it. */
    readonly why: string;
}

/** Is thrown inside the package if a text is not in a grammar; no function of the package lets it out. */
export class InvalidError extends Error implements Invalid {
    constructor(
        readonly at: number,
        readonly why: string,
    ) {
        super(`${why} (at ${at})`);
    }
}

/** The largest number of 64 bits. Larger numbers mean this one. */
export const LARGEST = 2n ** 63n - 1n;

/** A text, and how far it has been read. */
export class Scanner {
    #text: string;
    #position: number;

    constructor(text: string, position = 0) {
        this.#text = text;
        this.#position = position;
    }

    /** Remembers this place. */
    clone(): Scanner {
        return new Scanner(this.#text, this.#position);
    }

    /** Whether `expected` comes next. */
    startsWith(expected: string): boolean {
        return this.#text.startsWith(expected, this.#position);
    }

    /** Reads `expected` if it comes next. Says whether it did. */
    take(expected: string): boolean {
        const found = this.startsWith(expected);
        if (found) this.#position += expected.length;
        return found;
    }

    /** Reads the digits 0 to 9 that come next, if any. */
    digits(): string {
        const start = this.#position;
        while (isDigit(this.#text.charCodeAt(this.#position))) this.#position += 1;
        return this.#text.slice(start, this.#position);
    }

    /** Reads a number of any length. */
    number(): bigint {
        const digits = this.digits();
        if (digits === "") throw this.invalid("a digit is expected");
        const significant = digits.replace(/^0+(?=\d)/, "");
        return significant.length > 19 ? LARGEST : atMost(BigInt(significant), LARGEST);
    }

    /** Reads two digits, a number below `limit`. */
    twoDigits(limit: number, why: string): number {
        const start = this.clone();
        const digits = this.digits();
        if (digits.length !== 2 || Number(digits) >= limit) throw start.invalid(why);
        return Number(digits);
    }

    /** Reads a colon and two digits. */
    afterColon(limit: number, why: string): number {
        if (!this.take(":")) throw this.invalid("':' and two digits are expected");
        return this.twoDigits(limit, why);
    }

    /** Nothing may follow. */
    end(): void {
        if (this.#position < this.#text.length) throw this.invalid("nothing more is expected");
    }

    /** What is wrong here, or some bytes before. */
    invalid(why: string, before = 0): InvalidError {
        return new InvalidError(byteLength(this.#text.slice(0, this.#position)) - before, why);
    }
}

/** The smaller one of two numbers. */
export function atMost(value: bigint, limit: bigint): bigint {
    return value < limit ? value : limit;
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
    return new TextEncoder().encode(text).length;
}

function isDigit(code: number): boolean {
    return code >= 0x30 && code <= 0x39;
}
