import { useEffect, useState } from "preact/hooks";

import { contentUrl, deleteContent, details, setDetails, type Details } from "../api/spaces.ts";
import { signedForms, streamUrl } from "../api/tasks.ts";
import { bytes, dateAndTime, number } from "../model/format.ts";
import { kindOf } from "../model/listing.ts";
import { pairFault, type Pair } from "../model/properties.ts";
import { Button, Confirm, Field, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { Load, useAct, useLoad } from "../parts/load.tsx";
import { notify } from "../parts/notices.tsx";
import { PairFact, PairFields } from "../parts/pair-fields.tsx";
import { replace, route } from "../router.ts";
import { texts } from "../texts.ts";
import { Captions } from "./captions.tsx";
import { ExcerptMaker } from "./excerpt.tsx";
import { Forms } from "./forms.tsx";
import { MoveDialog } from "./move.tsx";
import type { SpaceProps } from "./space.tsx";

const words = texts.content;

interface Props {
    readonly space: SpaceProps["space"];
    readonly content: string;
    readonly onDeleted: () => void;
    /** This content is new in the space, or another than before. */
    readonly onChanged: (content: string) => void;
}

/** How long signed addresses for the player live, in minutes. It renews them. */
const PLAYING = 60;

export function ContentPane({ space, content, onDeleted, onChanged }: Props) {
    const loaded = useLoad((signal) => details(space.id, content, signal), [space.id, content]);
    const [deleting, setDeleting] = useState(false);
    const [moving, setMoving] = useState(false);
    const close = () => {
        const { value } = route;
        if (value.page === "space") replace({ ...value, content: undefined });
    };
    const open = (other: string) => {
        const { value } = route;
        if (value.page === "space") replace({ ...value, content: other });
    };
    const name = content.split("/").findLast((part) => part !== "") ?? content;
    return (
        <aside class="pane" aria-label={`${words.label}: ${name}`}>
            <div class="pane-head">
                <h2 title={content}>
                    <bdi>{name}</bdi>
                </h2>
                <button type="button" class="icon-button" aria-label={words.close} onClick={close}>
                    <Icon name="close" />
                </button>
            </div>
            <Load of={loaded}>
                {(known) => (
                    <>
                        <Playing space={space} content={content} name={name} known={known} />
                        <div class="actions start">
                            <a class="button" href={`${contentUrl(space.id, content)}?attachment=true`} download={name}>
                                <Icon name="download" />
                                {words.download}
                            </a>
                            {space.right !== "READ" && (
                                <Button
                                    icon="copy"
                                    onClick={() => {
                                        setMoving(true);
                                    }}
                                >
                                    {texts.move.open}
                                </Button>
                            )}
                            {space.right !== "READ" && (
                                <Button
                                    kind="danger"
                                    icon="delete"
                                    onClick={() => {
                                        setDeleting(true);
                                    }}
                                >
                                    {words.delete}
                                </Button>
                            )}
                        </div>
                        <Facts content={content} known={known} />
                        <PropertyEditor
                            space={space}
                            content={content}
                            known={known}
                            onSaved={() => {
                                loaded.reload();
                                onChanged(content);
                            }}
                        />
                    </>
                )}
            </Load>
            {moving && (
                <MoveDialog
                    space={space.id}
                    content={content}
                    onClose={() => {
                        setMoving(false);
                    }}
                    onDone={(target, name, moved) => {
                        setMoving(false);
                        if (moved) {
                            onDeleted();
                            close();
                        }
                        if (target === space.id) {
                            onChanged(name);
                            if (moved) open(name);
                        }
                    }}
                />
            )}
            {deleting && (
                <DeleteDialog
                    space={space.id}
                    content={content}
                    onClose={() => {
                        setDeleting(false);
                    }}
                    onDone={() => {
                        setDeleting(false);
                        close();
                        onDeleted();
                    }}
                />
            )}
        </aside>
    );
}

interface PlayingProps {
    readonly space: SpaceProps["space"];
    readonly content: string;
    readonly name: string;
    readonly known: Details;
}

/** The player, and below it the excerpt maker, if the content is audio or video; an image is shown. */
function Playing({ space, content, name, known }: PlayingProps) {
    // What was stored without a media type is what its name says.
    const said = known.type.split("/")[0] ?? "";
    const family = said === "application" ? kindOf(content).family : said;
    const media = family === "video" || family === "audio" ? family : undefined;
    const source = useLoad(
        async (signal) => {
            if (!media) return contentUrl(space.id, content);
            if (space.streaming === "OPEN") return await streamUrl(space.id, content, signal);
            if (space.streaming === "SECURE") return (await signedForms(space.id, content, PLAYING, signal)).signedUrl;
            return contentUrl(space.id, content);
        },
        [space.id, content, space.streaming],
    );
    if (!media) {
        const drawn = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"].includes(known.type);
        return drawn ? <img class="picture" src={contentUrl(space.id, content)} alt={name} /> : null;
    }
    return (
        <Load of={source}>
            {(url) => (
                <>
                    <ExcerptMaker
                        key={url}
                        space={space}
                        content={content}
                        name={name}
                        source={url}
                        renew={space.streaming === "SECURE" ? () => signedForms(space.id, content, PLAYING) : undefined}
                    />
                    {space.streaming !== "OFF" && <Captions space={space} content={content} source={url} />}
                    {space.streaming !== "OFF" && <Forms source={url} />}
                </>
            )}
        </Load>
    );
}

function Facts({ content, known }: { readonly content: string; readonly known: Details }) {
    return (
        <section>
            <h3>{words.details}</h3>
            <dl class="facts">
                <dt>{texts.contents.columns.name}</dt>
                <dd>
                    <bdi>{content}</bdi>
                </dd>
                <dt>{words.type}</dt>
                <dd>{known.type}</dd>
                <dt>{words.size}</dt>
                <dd>
                    {bytes(known.size)} ({words.bytes(number(known.size))})
                </dd>
                <dt>{words.modified}</dt>
                <dd>{dateAndTime(known.modified)}</dd>
                <dt>{words.md5}</dt>
                <dd>{known.md5 === undefined ? words.noMd5 : <code>{known.md5}</code>}</dd>
            </dl>
        </section>
    );
}

interface EditorProps {
    readonly space: SpaceProps["space"];
    readonly content: string;
    readonly known: Details;
    readonly onSaved: () => void;
}

function PropertyEditor({ space, content, known, onSaved }: EditorProps) {
    const [editing, setEditing] = useState(false);
    const [type, setType] = useState(known.type);
    const [pairs, setPairs] = useState<readonly Pair[]>([...known.properties]);
    const { busy, error, act } = useAct();
    useEffect(() => {
        setType(known.type);
        setPairs([...known.properties]);
    }, [known]);
    const wrong = pairFault(pairs);
    const fault = wrong === undefined ? undefined : words.pairFaults[wrong];
    if (!editing) {
        return (
            <section>
                <div class="section-head">
                    <h3>{words.properties}</h3>
                    {space.right !== "READ" && (
                        <Button
                            kind="quiet"
                            icon="edit"
                            onClick={() => {
                                setEditing(true);
                            }}
                        >
                            {words.edit}
                        </Button>
                    )}
                </div>
                {known.properties.size === 0 ? (
                    <p class="below">{words.noProperties}</p>
                ) : (
                    <dl class="facts">
                        {[...known.properties].map(([name, value]) => (
                            <PairFact key={name} name={name} value={value} />
                        ))}
                    </dl>
                )}
            </section>
        );
    }
    return (
        <section>
            <h3>{words.properties}</h3>
            <form
                onSubmit={(event) => {
                    event.preventDefault();
                    if (fault !== undefined) return;
                    act(async () => {
                        await setDetails(space.id, content, type, new Map(pairs));
                        notify(texts.saved);
                        setEditing(false);
                        onSaved();
                    });
                }}
            >
                <Field label={words.type} value={type} onInput={setType} required autofocus />
                <PairFields pairs={pairs} onChange={setPairs} />
                <Wrong text={error ?? fault} />
                <div class="actions">
                    <Button
                        onClick={() => {
                            setPairs([...known.properties]);
                            setEditing(false);
                        }}
                    >
                        {texts.cancel}
                    </Button>
                    <Button kind="primary" submit busy={busy} disabled={fault !== undefined}>
                        {texts.save}
                    </Button>
                </div>
            </form>
        </section>
    );
}

interface DeleteProps {
    readonly space: string;
    readonly content: string;
    readonly onClose: () => void;
    readonly onDone: () => void;
}

function DeleteDialog({ space, content, onClose, onDone }: DeleteProps) {
    const { busy, error, act } = useAct();
    return (
        <Confirm
            title={words.deleteTitle}
            warning={words.deleteWarning(content)}
            submit={words.delete}
            danger
            busy={busy}
            error={error}
            onConfirm={() => {
                act(async () => {
                    await deleteContent(space, content);
                    notify(words.deleted(content));
                    onDone();
                });
            }}
            onClose={onClose}
        />
    );
}
