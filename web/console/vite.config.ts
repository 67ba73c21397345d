import { defineConfig } from "vite";

/** The server that `npm run dev` passes the API's requests on to. */
const server = process.env["REELSPAN"] ?? "http://127.0.0.1:8080";

export default defineConfig({
    base: "/console/",
    build: {
        outDir: "../dist/console",
        emptyOutDir: true,
        // The content security policy allows no inline data, and the console needs no old browser.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        target: "es2022",
    },
    server: {
        proxy: Object.fromEntries(
            ["/durastore", "/media", "/player", "/stream", "/session", "/users"].map((path) => [path, server]),
        ),
    },
});
