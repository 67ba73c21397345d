/** Files that the build puts beside the page: their addresses. */
declare module "*?url" {
    const address: string;
    export default address;
}
