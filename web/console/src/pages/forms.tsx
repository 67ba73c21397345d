import { Fragment } from "preact";

import { forms } from "../api/forms.ts";
import { derivedUrl } from "../model/derived.ts";
import { Load, useLoad } from "../parts/load.tsx";
import { texts } from "../texts.ts";

const words = texts.forms;

/** Every form of a content with its address, or the reason why there is none. */
export function Forms({ source }: { readonly source: string }) {
    const loaded = useLoad((signal) => forms(source, signal), [source]);
    return (
        <Load of={loaded}>
            {(found) =>
                found && (
                    <section>
                        <h3>{words.title}</h3>
                        <dl class="facts">
                            {found.map(({ name, url, note }) => (
                                <Fragment key={name}>
                                    <dt>{words.names[name]}</dt>
                                    <dd>{url === undefined ? words.unavailable(note) : <a href={url}>{note}</a>}</dd>
                                </Fragment>
                            ))}
                            <dt>{words.about}</dt>
                            <dd>
                                <a href={derivedUrl(new URL(source, location.href).href, "about.json")}>about.json</a>
                            </dd>
                        </dl>
                    </section>
                )
            }
        </Load>
    );
}
