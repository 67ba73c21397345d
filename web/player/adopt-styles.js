// media-chrome writes <style> elements into its shadow trees, which a content security policy without 'unsafe-inline' refuses.
// This plugin makes it use adopted style sheets instead (src/adopted.ts), and fails if a new version writes them in another way.

import { fileURLToPath } from "node:url";

const ADOPTED = fileURLToPath(new URL("src/adopted.ts", import.meta.url));

const WRITES = [
    /this\.shadowRoot\.setHTMLUnsafe \? this\.shadowRoot\.setHTMLUnsafe\(html\) : this\.shadowRoot\.innerHTML = html;/g,
    /this\.shadowRoot\.innerHTML = (this\.constructor\.getTemplateHTML\(attrs\));/g,
];

export function adoptStyles() {
    return {
        name: "adopt-styles",
        enforce: "pre",
        transform(code, id) {
            if (!id.includes("/media-chrome/dist/")) return null;
            let changed = code
                .replace(WRITES[0], "__adopt(this.shadowRoot, html);")
                .replace(WRITES[1], "__adopt(this.shadowRoot, $1);");
            if (id.endsWith("/utils/element-utils.js")) {
                changed = changed.replace(
                    /function (getOrInsertCSSRule|insertCSSRule)\(styleParent, selectorText\) \{/g,
                    (head, name) =>
                        `${head} return ${name === "insertCSSRule" ? "__insert" : "__rule"}(styleParent, selectorText);`,
                );
            }
            if (/shadowRoot\.(setHTMLUnsafe|innerHTML) *[=(]/.test(changed) || /createElement\(.style/.test(changed)) {
                this.error(`${id} writes its shadow tree in a way that adopt-styles.js does not know`);
            }
            if (changed === code) return null;
            const names = "{ adopt as __adopt, insert as __insert, rule as __rule }";
            return { code: `import ${names} from ${JSON.stringify(ADOPTED)};\n${changed}`, map: null };
        },
    };
}
