/** The page of `/player/`: one player for the content that `?src=` names. */

import "./index.js";
import "./page.css";

import type { ReelspanPlayer } from "./element.js";
import { withoutFragment } from "./links.js";

const parameters = new URLSearchParams(location.search);
const player = document.querySelector<ReelspanPlayer>("reelspan-player");
const src = parameters.get("src");

if (player !== null && src !== null) {
    // What the server knows of the content.
    const known = document.querySelector<HTMLMetaElement>('meta[property="og:title"]')?.content;
    const title = parameters.get("title") ?? known;
    if (title !== undefined) player.contentTitle = title;
    const poster = parameters.get("poster");
    if (poster !== null) player.setAttribute("poster", poster);
    for (const name of ["autoplay", "loop", "muted"]) player.toggleAttribute(name, parameters.has(name));
    player.page = new URL(location.pathname, location.origin).href;
    // A fragment of the page's own drives the player, too.
    const show = () => {
        player.src = location.hash === "" ? src : withoutFragment(src) + location.hash;
    };
    addEventListener("hashchange", show);
    show();
    player.hidden = false;
    document.title = player.contentTitle;
    const heading = document.querySelector("#heading");
    if (heading !== null) {
        heading.textContent = player.contentTitle;
        heading.className = "unseen";
    }
    player.focus();
} else {
    document.querySelector("#nothing")?.removeAttribute("hidden");
}
