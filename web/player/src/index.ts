/** `<reelspan-player>`: plays any content of a Reelspan server. */

import { ReelspanPlayer } from "./element.js";

export type { About, AboutChapter, AboutForm, AboutTrack } from "./about.js";
export type { FormName } from "./choice.js";
export { english, type SomeTexts, type Texts } from "./texts.js";
export { ReelspanPlayer };

if (customElements.get("reelspan-player") === undefined) customElements.define("reelspan-player", ReelspanPlayer);
