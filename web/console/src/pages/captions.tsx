import { useRef, useState } from "preact/hooks";

import { captions, type Caption } from "../api/captions.ts";
import { add, finished } from "../api/uploads.ts";
import { captionFile, CAPTION_KINDS, type CaptionKind, isLanguage } from "../model/captions.ts";
import { Button, Field, Select } from "../parts/controls.tsx";
import { Load, useLoad } from "../parts/load.tsx";
import { texts } from "../texts.ts";
import type { SpaceProps } from "./space.tsx";

const words = texts.captions;

interface Props {
    readonly space: SpaceProps["space"];
    readonly content: string;
    /** The address from which the content is streamed. */
    readonly source: string;
}

/** The captions of a content: a list with what they say, and a way to store a file of them beside it. */
export function Captions({ space, content, source }: Props) {
    // A file that was just stored is listed once it has been read.
    const loaded = useLoad((signal) => captions(source, signal), [source, finished.value[space.id]]);
    return (
        <section>
            <div class="section-head">
                <h3>{words.title}</h3>
                <Button
                    kind="quiet"
                    onClick={() => {
                        loaded.reload();
                    }}
                >
                    {words.reload}
                </Button>
            </div>
            <Load of={loaded}>
                {(found) =>
                    found.length === 0 ? (
                        <p class="below">{words.none}</p>
                    ) : (
                        <ul class="captions">
                            {found.map((caption) => (
                                <Preview key={caption.url} caption={caption} />
                            ))}
                        </ul>
                    )
                }
            </Load>
            {space.right !== "READ" && <Uploader space={space.id} content={content} />}
        </section>
    );
}

/** One of the captions, and what they say once it is opened. */
function Preview({ caption }: { readonly caption: Caption }) {
    const [opened, setOpened] = useState(false);
    const said = useLoad(
        async (signal) => (opened ? await (await fetch(caption.url, { signal })).text() : ""),
        [caption.url, opened],
    );
    return (
        <li>
            <details
                onToggle={(event) => {
                    setOpened(event.currentTarget.open);
                }}
            >
                <summary>
                    <bdi>{caption.label}</bdi> <small>{words.described(caption.kind, caption.forced)}</small>
                </summary>
                {opened && <Load of={said}>{(text) => <pre tabIndex={0}>{text}</pre>}</Load>}
            </details>
        </li>
    );
}

/** Stores a file of captions beside a content, under the name that makes it the content's. */
function Uploader({ space, content }: { readonly space: string; readonly content: string }) {
    const [language, setLanguage] = useState("");
    const [kind, setKind] = useState<CaptionKind>("subtitles");
    const file = useRef<HTMLInputElement>(null);
    const good = isLanguage(language);
    return (
        <div class="inline">
            <Field
                label={words.language}
                value={language}
                onInput={setLanguage}
                autocomplete="off"
                error={language === "" || good ? undefined : words.languageFault}
            />
            <Select
                label={words.kind}
                value={kind}
                options={CAPTION_KINDS.map((name) => [name, words.kinds[name]] as const)}
                onChange={setKind}
            />
            <input
                ref={file}
                type="file"
                accept=".vtt,.srt"
                hidden
                aria-label={words.upload}
                onChange={(event) => {
                    for (const chosen of event.currentTarget.files ?? []) {
                        const name = captionFile(content, language, kind, chosen.name);
                        if (name !== undefined) add(space, [{ content: name, file: chosen }]);
                    }
                    event.currentTarget.value = "";
                }}
            />
            <Button
                icon="upload"
                disabled={!good}
                onClick={() => {
                    file.current?.click();
                }}
            >
                {words.upload}
            </Button>
        </div>
    );
}
