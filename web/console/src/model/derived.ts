/** The address of what is derived from a content: below its own, absolute address, with the same signature. */
export function derivedUrl(content: string, name: string): string {
    const url = new URL(content);
    return new URL(`${url.pathname}/~/${name}${url.search}`, url).href;
}
