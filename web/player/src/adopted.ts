/**
 * Shadow trees whose styles are adopted style sheets, which a content security policy without 'unsafe-inline' allows.
 * `adopt-styles.js` lets media-chrome use them.
 */

const sheets = new Map<string, CSSStyleSheet>();
const own = new WeakMap<ShadowRoot, { sheet: CSSStyleSheet; rules: Map<string, CSSRule> }>();

/** Fills a shadow tree from markup, whose `<style>` elements become style sheets that all trees share. */
export function adopt(root: ShadowRoot, html: string): void {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const style of template.content.querySelectorAll("style")) {
        root.adoptedStyleSheets.push(sheetOf(style.textContent, style.media));
        style.remove();
    }
    root.append(document.importNode(template.content, true));
}

/** The style sheet of a text. */
export function sheetOf(text: string, media = ""): CSSStyleSheet {
    const key = `${media}{${text}`;
    let sheet = sheets.get(key);
    if (sheet === undefined) {
        sheet = new CSSStyleSheet(media === "" ? {} : { media });
        sheet.replaceSync(text);
        sheets.set(key, sheet);
    }
    return sheet;
}

/** A rule of this tree alone, after all others. */
export function insert(root: ShadowRoot, selector: string): CSSRule | undefined {
    const { sheet, rules } = ownSheet(root);
    const rule = sheet.cssRules[sheet.insertRule(`${selector}{}`, sheet.cssRules.length)];
    if (rule !== undefined && !rules.has(selector)) rules.set(selector, rule);
    return rule;
}

/** The rule of this tree alone that has the selector. */
export function rule(root: ShadowRoot, selector: string): CSSRule | undefined {
    return ownSheet(root).rules.get(selector) ?? insert(root, selector);
}

function ownSheet(root: ShadowRoot): { sheet: CSSStyleSheet; rules: Map<string, CSSRule> } {
    let found = own.get(root);
    if (found === undefined) {
        found = { sheet: new CSSStyleSheet(), rules: new Map() };
        own.set(root, found);
        root.adoptedStyleSheets.push(found.sheet);
    }
    return found;
}
