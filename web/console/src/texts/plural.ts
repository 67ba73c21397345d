/** A number of things, in words. */
export const plural = (count: number, one: string, many: string) =>
    count === 1 ? `1 ${one}` : `${count.toLocaleString("en-GB")} ${many}`;
