// Puts players where elements with data attributes stand, for people who write no script:
//
//   <div data-reelspan-src="https://…/talk.mp4#t=620,655" data-reelspan-title="A talk"></div>
//   <div data-reelspan-playlist="playlist.xml"></div>

import "./reelspan-player.js";

function newPlayer({ src, title, poster }) {
    const player = document.createElement("reelspan-player");
    player.setAttribute("controls", "");
    player.setAttribute("playsinline", "");
    show(player, { src, title, poster });
    return player;
}

function show(player, { src, title, poster }) {
    if (title) player.setAttribute("content-title", title);
    else player.removeAttribute("content-title");
    if (poster) player.setAttribute("poster", poster);
    else player.removeAttribute("poster");
    player.setAttribute("src", src);
}

/** The most pages of a playlist that are read: more entries are too many to choose from. */
const PAGES = 5;

/** Reads all pages of a playlist. */
async function readPlaylist(url) {
    const found = [];
    for (let page = 0; url && page < PAGES; page += 1) {
        const { items, next } = await readPage(url);
        found.push(...items);
        url = next;
    }
    return found;
}

/** Reads Media RSS or JSON. URLs are relative to the playlist. */
async function readPage(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: the server answered ${answer.status}`);
    const text = await answer.text();
    const absolute = (item) => ({ ...item, src: new URL(item.src, answer.url).href });
    const pageAt = (next) => next && new URL(next, answer.url).href;
    if (text.trimStart().startsWith("{")) {
        const { items, next } = JSON.parse(text);
        return { items: items.map(absolute), next: pageAt(next) };
    }
    const [media, atom] = ["http://search.yahoo.com/mrss/", "http://www.w3.org/2005/Atom"];
    const list = new DOMParser().parseFromString(text, "application/xml");
    const links = Array.from(list.getElementsByTagNameNS(atom, "link"));
    const next = links.find((link) => link.getAttribute("rel") === "next")?.getAttribute("href");
    const items = Array.from(list.getElementsByTagName("item"), (item) => {
        const content = item.getElementsByTagNameNS(media, "content")[0];
        const poster = item.getElementsByTagNameNS(media, "thumbnail")[0]?.getAttribute("url");
        const title = item.getElementsByTagName("title")[0]?.textContent ?? "";
        const duration = Number(content?.getAttribute("duration"));
        return absolute({ src: content?.getAttribute("url") ?? "", title, poster, duration });
    });
    return { items, next: pageAt(next) };
}

/** Seconds as people read them: 0:12, 1:02:03. */
function clock(seconds) {
    const whole = Math.round(seconds);
    const two = (value) => String(value).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}

/** A player, and a list to choose from. At the end of an item the next one plays. */
async function showPlaylist(place) {
    const items = await readPlaylist(place.dataset.reelspanPlaylist);
    if (items.length === 0) return;
    const player = newPlayer(items[0]);
    const list = document.createElement("ol");
    place.classList.add("reelspan-playlist");
    let current = 0;
    const choose = async (at) => {
        current = at;
        buttons.forEach((button, index) => button.setAttribute("aria-current", String(index === at)));
        show(player, items[at]);
        await player.play().catch(() => undefined);
    };
    const buttons = items.map((item, at) => {
        const button = document.createElement("button");
        button.type = "button";
        const name = document.createElement("span");
        name.textContent = item.title || item.src;
        button.append(name);
        if (item.duration > 0) {
            const time = document.createElement("time");
            time.dateTime = `PT${item.duration}S`;
            time.textContent = clock(item.duration);
            button.append(" ", time);
        }
        button.setAttribute("aria-current", String(at === 0));
        button.addEventListener("click", () => choose(at));
        const entry = document.createElement("li");
        entry.append(button);
        list.append(entry);
        return button;
    });
    const next = () => {
        if (current + 1 < items.length) choose(current + 1);
    };
    player.addEventListener("ended", next);
    player.addEventListener("excerptended", () => {
        if (!player.ended) next();
    });
    place.replaceChildren(player, list);
}

await customElements.whenDefined("reelspan-player");
for (const place of document.querySelectorAll("[data-reelspan-src]")) {
    const { reelspanSrc: src, reelspanTitle: title, reelspanPoster: poster } = place.dataset;
    place.replaceChildren(newPlayer({ src, title, poster }));
}
for (const place of document.querySelectorAll("[data-reelspan-playlist]")) {
    showPlaylist(place).catch((error) => {
        place.role = "alert";
        place.replaceChildren(String(error));
    });
}
