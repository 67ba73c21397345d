import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["**/node_modules/", "**/dist/", "**/build/"] },
    js.configs.recommended,
    tseslint.configs.strictTypeChecked,
    tseslint.configs.stylisticTypeChecked,
    {
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            // Numbers in texts are what times and URLs are made of.
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
        },
    },
    {
        // The runner of node:test awaits its tests by itself.
        files: ["**/*.test.ts"],
        rules: { "@typescript-eslint/no-floating-promises": "off" },
    },
    {
        files: ["**/*.js"],
        extends: [tseslint.configs.disableTypeChecked],
        languageOptions: {
            globals: {
                URL: "readonly",
                console: "readonly",
                document: "readonly",
                fetch: "readonly",
                Buffer: "readonly",
                customElements: "readonly",
                DOMParser: "readonly",
            },
        },
    },
);
