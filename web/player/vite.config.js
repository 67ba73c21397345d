import { defineConfig } from "vite";

import { adoptStyles } from "./adopt-styles.js";

// Two builds: the element as one file for any page, and the page of /player/ with hashed names, which loads hls.js when it is needed.
const builds = {
    element: {
        emptyOutDir: true,
        lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "reelspan-player.js" },
        rolldownOptions: { output: { codeSplitting: false, minify: true } },
    },
    page: {
        emptyOutDir: false,
        assetsInlineLimit: 0,
        rollupOptions: { input: "index.html" },
        modulePreload: { polyfill: false },
    },
};

export default defineConfig(({ mode }) => ({
    base: "./",
    plugins: [adoptStyles()],
    build: { outDir: "../dist/player", target: "es2022", minify: true, chunkSizeWarningLimit: 1000, ...builds[mode] },
}));
