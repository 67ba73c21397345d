/** Fields for properties: a name and a value in each row, which can be added and removed. */

import type { Pair } from "../model/properties.ts";
import { texts } from "../texts.ts";
import { Button, Field } from "./controls.tsx";
import { Icon } from "./icon.tsx";

const words = texts.content;

interface Props {
    readonly pairs: readonly Pair[];
    readonly onChange: (pairs: readonly Pair[]) => void;
}

export function PairFields({ pairs, onChange }: Props) {
    const set = (at: number, pair: Pair) => {
        onChange(pairs.map((other, index) => (index === at ? pair : other)));
    };
    return (
        <>
            {pairs.map(([name, value], at) => (
                <div class="inline pair" key={at}>
                    <Field
                        label={words.property}
                        value={name}
                        onInput={(text) => {
                            set(at, [text.toLowerCase(), value]);
                        }}
                    />
                    <Field
                        label={words.value}
                        value={value}
                        onInput={(text) => {
                            set(at, [name, text]);
                        }}
                    />
                    <button
                        type="button"
                        class="icon-button"
                        aria-label={words.removeProperty(name)}
                        onClick={() => {
                            onChange(pairs.filter((_, index) => index !== at));
                        }}
                    >
                        <Icon name="delete" />
                    </button>
                </div>
            ))}
            <Button
                icon="plus"
                onClick={() => {
                    onChange([...pairs, ["", ""]]);
                }}
            >
                {words.addProperty}
            </Button>
        </>
    );
}

/** A property, in a list of facts. */
export function PairFact({ name, value }: { readonly name: string; readonly value: string }) {
    return (
        <>
            <dt>{name}</dt>
            <dd>
                <bdi>{value}</bdi>
            </dd>
        </>
    );
}
