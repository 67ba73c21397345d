/** The names of files of captions beside a content: `{stem}.{language}[.{kind}].vtt` or `.srt`. */

export const CAPTION_KINDS = ["subtitles", "sdh", "forced"] as const;
export type CaptionKind = (typeof CAPTION_KINDS)[number];

/** Whether a text is a language tag as the server takes it: two or three letters, and subtags. */
export function isLanguage(text: string): boolean {
    return text.length <= 35 && /^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(text);
}

/** The name under which a file of captions is the content's; `undefined` if it is neither WebVTT nor SubRip. */
export function captionFile(content: string, language: string, kind: CaptionKind, file: string): string | undefined {
    const extension = /\.(vtt|srt)$/i.exec(file)?.[1]?.toLowerCase();
    if (extension === undefined || !isLanguage(language)) return undefined;
    const at = content.lastIndexOf("/") + 1;
    const dot = content.lastIndexOf(".");
    const stem = dot > at ? content.slice(0, dot) : content;
    return `${stem}.${language}${kind === "subtitles" ? "" : `.${kind}`}.${extension}`;
}
