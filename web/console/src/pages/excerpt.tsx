import { useRef, useState } from "preact/hooks";

import { signedUrl, type Signed, type SignedForms } from "../api/tasks.ts";
import { citation, clamped, embedCode, fragment, isWhole, pageOf, withFragment, type Range } from "../model/excerpt.ts";
import { clock, dateAndTime, parseClock } from "../model/format.ts";
import { spaceHref } from "../model/route.ts";
import { Button, Copyable, Field, Select, Wrong } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { useAct } from "../parts/load.tsx";
import { Player, type PlayerElement, type Selection } from "../parts/player.tsx";
import { RangeBar } from "../parts/range-bar.tsx";
import { texts } from "../texts.ts";
import type { SpaceProps } from "./space.tsx";

const words = texts.excerpt;

interface Props {
    readonly space: SpaceProps["space"];
    readonly content: string;
    readonly name: string;
    /** An address that plays the whole content. */
    readonly source: string;
    /** Gives signed addresses, if the content needs them. */
    readonly renew: (() => Promise<SignedForms>) | undefined;
}

/** The player, and below it what makes an excerpt of what it plays. */
export function ExcerptMaker({ space, content, name, source, renew }: Props) {
    const player = useRef<PlayerElement>(null);
    const [duration, setDuration] = useState<number>();
    const [time, setTime] = useState(0);
    const [range, setRange] = useState<Range>({ from: 0, to: 0 });
    const [previewing, setPreviewing] = useState(false);
    const events = {
        onElement: (element: PlayerElement) => {
            player.current = element;
        },
        onReady: (length: number) => {
            if (duration !== undefined || !Number.isFinite(length)) return;
            setDuration(length);
            setRange({ from: 0, to: length });
        },
        onTime: (now: number) => {
            setTime(now);
            if (previewing && now >= range.to) stop();
        },
        onPause: () => {
            setPreviewing(false);
        },
        // The keys I and O and the share panel of the player choose the same part.
        onSelect: ({ start = 0, end = duration }: Selection) => {
            if (duration !== undefined && end !== undefined) setRange(clamped({ from: start, to: end }, duration));
        },
    };
    const stop = () => {
        player.current?.pause();
        setPreviewing(false);
    };
    const preview = () => {
        const element = player.current;
        if (!element) return;
        element.currentTime = range.from;
        setPreviewing(true);
        element.play().catch(() => {
            setPreviewing(false);
        });
    };
    const set = (wanted: Range, seek?: number) => {
        const element = player.current;
        if (duration === undefined || !element) return;
        const { from, to } = clamped(wanted, duration);
        // The player marks it on its own bar, and says that it has changed.
        element.selection = { start: from, end: to };
        if (seek !== undefined) element.currentTime = seek;
    };
    return (
        <>
            <Player source={renew ?? source} title={name} isStreamed={space.streaming !== "OFF"} {...events} />
            {duration !== undefined && (
                <section class="excerpt">
                    <h3>{words.title}</h3>
                    {space.streaming === "OFF" ? (
                        <p class="below">
                            {words.off}{" "}
                            {space.right === "OWN" ? (
                                <a href={spaceHref(space.id, "streaming")}>{words.offHint}</a>
                            ) : (
                                words.offReader
                            )}
                        </p>
                    ) : (
                        <>
                            <p class="below">{words.lead}</p>
                            <RangeBar range={range} duration={duration} time={time} onChange={set} />
                            <p class="below">{words.keys}</p>
                            <div class="inline times">
                                <TimeField
                                    label={words.from}
                                    here={words.fromHere}
                                    value={range.from}
                                    bounds={[0, range.to]}
                                    now={() => player.current?.currentTime ?? 0}
                                    onChange={(from) => {
                                        set({ from, to: Math.max(from, range.to) }, from);
                                    }}
                                />
                                <TimeField
                                    label={words.to}
                                    here={words.toHere}
                                    value={range.to}
                                    bounds={[range.from, duration]}
                                    now={() => player.current?.currentTime ?? 0}
                                    onChange={(to) => {
                                        set({ from: Math.min(range.from, to), to });
                                    }}
                                />
                            </div>
                            <div class="actions start">
                                <Button icon={previewing ? "stop" : "play"} onClick={previewing ? stop : preview}>
                                    {previewing ? words.stop : words.preview}
                                </Button>
                                <span class="below">
                                    {isWhole(range, duration)
                                        ? words.whole
                                        : words.duration(clock(range.to - range.from, 1))}
                                </span>
                            </div>
                            {space.streaming === "OPEN" ? (
                                <Results
                                    url={excerptUrl(source, range, duration)}
                                    page={isWhole(range, duration) ? source : `${source}#${fragment(range, duration)}`}
                                    {...{ name, range }}
                                    space={space.id}
                                />
                            ) : (
                                <SignedResults {...{ space, content, name, range, duration }} />
                            )}
                        </>
                    )}
                </section>
            )}
        </>
    );
}

function excerptUrl(source: string, range: Range, duration: number): string {
    return isWhole(range, duration) ? source : withFragment(source, fragment(range, duration));
}

interface TimeProps {
    readonly label: string;
    readonly here: string;
    readonly value: number;
    /** What a typed time is between, so that half a time does not move the other end. */
    readonly bounds: readonly [number, number];
    readonly now: () => number;
    readonly onChange: (seconds: number) => void;
}

/** A time that is typed, or taken from where the player is. */
function TimeField({ label, here, value, bounds, now, onChange }: TimeProps) {
    const [typed, setTyped] = useState<string>();
    const isWithin = (seconds: number) => seconds >= bounds[0] && seconds <= bounds[1] + 0.001;
    const seconds = typed === undefined ? value : parseClock(typed);
    const wrong = seconds === undefined || (typed !== undefined && !isWithin(seconds));
    return (
        <div
            class="joined"
            onFocusOut={() => {
                if (!wrong) setTyped(undefined);
            }}
        >
            <Field
                label={label}
                value={typed ?? clock(value, 3)}
                error={wrong ? words.fault : undefined}
                onInput={(text) => {
                    setTyped(text);
                    const parsed = parseClock(text);
                    if (parsed !== undefined && isWithin(parsed)) onChange(parsed);
                }}
            />
            <Button
                label={here}
                onClick={() => {
                    setTyped(undefined);
                    onChange(now());
                }}
            >
                {words.here}
            </Button>
        </div>
    );
}

interface ResultProps {
    readonly url: string;
    /** What the page of the player is to play. */
    readonly page: string;
    readonly name: string;
    readonly space: string;
    readonly range: Range;
}

/** What is made of an excerpt's address. */
function Results({ url, page, name, space, range }: ResultProps) {
    return (
        <div class="results">
            <h4>{words.share}</h4>
            <Copyable label={words.link} text={url} />
            <Copyable label={words.embed} text={embedCode(pageOf(page, location.origin), name)} lines={3} />
            <Copyable label={words.cite} text={citation(name, space, range, url, new Date())} lines={3} />
            <a class="button" href={url} download={name}>
                <Icon name="download" />
                {words.download}
            </a>
        </div>
    );
}

interface SignedProps {
    readonly space: SpaceProps["space"];
    readonly content: string;
    readonly name: string;
    readonly range: Range;
    readonly duration: number;
}

/** Signs a link to an excerpt of a secure space. */
function SignedResults({ space, content, name, range, duration }: SignedProps) {
    const [life, setLife] = useState("480");
    const [address, setAddress] = useState("");
    const [signed, setSigned] = useState<Signed & { readonly range: Range; readonly until: Date }>();
    const { busy, error, act } = useAct();
    const sign = () => {
        act(async () => {
            const made = await signedUrl(space.id, content, {
                minutesToExpire: Number(life),
                fragment: isWhole(range, duration) ? undefined : fragment(range, duration),
                ipAddress: address.trim() === "" ? undefined : address.trim(),
            });
            setSigned({ ...made, range, until: new Date(Date.now() + Number(life) * 60_000) });
        });
    };
    // A link is to the range that it was signed for.
    const current = signed?.range === range ? signed : undefined;
    return (
        <>
            <form
                class="results"
                onSubmit={(event) => {
                    event.preventDefault();
                    sign();
                }}
            >
                <p class="below">{words.signLead}</p>
                <div class="inline">
                    <Select
                        label={words.expires}
                        value={life}
                        options={Object.entries(words.lives)}
                        onChange={setLife}
                    />
                    <Field label={words.address} value={address} onInput={setAddress} hint={words.addressHint} />
                </div>
                <Wrong text={error} />
                <div class="actions start">
                    <Button kind="primary" icon="lock" submit busy={busy}>
                        {words.sign}
                    </Button>
                </div>
            </form>
            {current && (
                <>
                    <p class="below" role="status">
                        {words.signed(dateAndTime(current.until))}
                    </p>
                    {current.given !== undefined && <p class="below">{words.given(current.given)}</p>}
                    <Results
                        url={current.signedUrl}
                        page={current.signedUrl}
                        name={name}
                        space={space.id}
                        range={range}
                    />
                </>
            )}
        </>
    );
}
