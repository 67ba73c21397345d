/** The sounds of a content that one can choose from, whatever form plays. */

/** One of several sounds. */
export interface Sound {
    readonly name: string;
    /** BCP 47. */
    readonly language: string;
    /** It describes the pictures for people who do not see them. */
    readonly describes: boolean;
}

export interface AudioTracks {
    readonly list: readonly Sound[];
    /** The place in the list of what is heard. */
    selected: number;
    /** Calls back when the list or the selection changes, until the signal aborts. */
    watch(changed: () => void, signal: AbortSignal): void;
}

/** What browsers have that let scripts select tracks of a file. */
interface NativeTrack {
    readonly kind: string;
    readonly label: string;
    readonly language: string;
    enabled: boolean;
}

/** The sounds of a `<video>` as the browser tells them; none if it does not. */
export function nativeAudio(video: HTMLVideoElement): AudioTracks {
    const found: unknown = Reflect.get(video, "audioTracks");
    const tracks = () => Array.from((found ?? []) as ArrayLike<NativeTrack>);
    return {
        get list() {
            return tracks().map(({ kind, label, language }) => ({
                name: label,
                language,
                describes: kind === "descriptions" || kind === "main-desc",
            }));
        },
        get selected() {
            return tracks().findIndex(({ enabled }) => enabled);
        },
        set selected(place: number) {
            for (const [at, track] of tracks().entries()) track.enabled = at === place;
        },
        watch(changed, signal) {
            if (!(found instanceof EventTarget)) return;
            for (const event of ["addtrack", "removetrack", "change"]) {
                found.addEventListener(event, changed, { signal });
            }
        },
    };
}

/** How a sound is called in a menu: its name, its language, its number, and that it describes, if it does. */
export function soundLabel(
    { name, language, describes }: Sound,
    place: number,
    texts: { readonly sound: string; readonly describes: string },
    displayLanguage = "en",
): string {
    const spoken = languageName(language, displayLanguage);
    // A name that is the code of the language says less than the language's own.
    const plain = spoken !== "" && name.split(" ", 1)[0] === language ? "" : name.trim();
    const parts = [plain, spoken].filter((part) => part !== "");
    const [first, second] = parts;
    let label = first ?? texts.sound.replace("{number}", String(place + 1));
    if (second !== undefined && !label.toLowerCase().includes(second.toLowerCase())) label += ` (${second})`;
    return describes ? `${label}, ${texts.describes}` : label;
}

/** The name of a language: "German" of `de` and `deu`; empty if it is not known. */
export function languageName(language: string, displayLanguage: string): string {
    if (language === "" || language === "und") return "";
    try {
        // A code without a name comes back as it is.
        return new Intl.DisplayNames([displayLanguage], { type: "language" }).of(language) ?? language;
    } catch {
        return language;
    }
}
