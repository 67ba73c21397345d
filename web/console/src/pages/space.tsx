import { spaces, type Space } from "../api/spaces.ts";
import { TABS, spaceHref, type Tab } from "../model/route.ts";
import { Empty } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { Load, useLoad } from "../parts/load.tsx";
import { route } from "../router.ts";
import { texts } from "../texts.ts";
import { AccessTab } from "./access.tsx";
import { ContentsTab } from "./contents.tsx";
import { PropertiesTab } from "./properties.tsx";
import { StreamingBadge } from "./spaces.tsx";
import { StreamingTab } from "./streaming.tsx";

/** What a tab of a space's page works on. */
export interface SpaceProps {
    readonly space: Space;
    /** Loads the space again, after a change. */
    readonly reload: () => void;
}

export function SpacePage({ space: id }: { readonly space: string }) {
    const all = useLoad(spaces, [id]);
    const tab = route.value.page === "space" ? route.value.tab : "contents";
    return (
        <div class="with-side">
            <nav class="side" aria-label={texts.spaces.title}>
                <h2>{texts.spaces.title}</h2>
                <ul>
                    {(all.value ?? []).map((space) => (
                        <li key={space.id}>
                            <a href={spaceHref(space.id)} aria-current={space.id === id ? "page" : undefined}>
                                <Icon name="space" />
                                <span>{space.id}</span>
                            </a>
                        </li>
                    ))}
                </ul>
            </nav>
            <div class="page wide">
                <Load of={all}>
                    {(known) => {
                        const space = known.find((other) => other.id === id);
                        return space ? <Found space={space} tab={tab} reload={all.reload} /> : <Missing />;
                    }}
                </Load>
            </div>
        </div>
    );
}

function Found({ space, tab, reload }: SpaceProps & { readonly tab: Tab }) {
    const Page = { contents: ContentsTab, streaming: StreamingTab, access: AccessTab, properties: PropertiesTab }[tab];
    return (
        <>
            <div class="page-head">
                <div class="space-title">
                    <a class="icon-button back" href="#/spaces" aria-label={texts.spaces.all}>
                        <Icon name="back" />
                    </a>
                    <h1>{space.id}</h1>
                    <StreamingBadge type={space.streaming} />
                </div>
            </div>
            <nav class="tabs" aria-label={texts.tabs.label}>
                {TABS.map((name) => (
                    <a key={name} href={spaceHref(space.id, name)} aria-current={name === tab ? "page" : undefined}>
                        {texts.tabs[name]}
                    </a>
                ))}
            </nav>
            <Page space={space} reload={reload} />
        </>
    );
}

function Missing() {
    return (
        <Empty icon="lost" title={texts.missingSpace.title} level={1}>
            <p>{texts.missingSpace.hint}</p>
            <a class="button primary" href="#/spaces">
                {texts.errors.toSpaces}
            </a>
        </Empty>
    );
}
