// A site that shows talks of a secure space. Its visitors get addresses that work for some minutes, and never the password.
//
//   REELSPAN=https://media.example.org REELSPAN_USER=site REELSPAN_PASSWORD=… node server.mjs

import { createServer } from "node:http";

const { REELSPAN, REELSPAN_SPACE: SPACE = "lectures", REELSPAN_USER, REELSPAN_PASSWORD, PORT = "5000" } = process.env;
const MINUTES = 10;
const authorization = `Basic ${Buffer.from(`${REELSPAN_USER}:${REELSPAN_PASSWORD}`).toString("base64")}`;

const escape = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

const page = (talk) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(talk)}</title>
<script type="module" src="${escape(REELSPAN)}/player/reelspan-player.js"></script>
<main>
<h1>${escape(talk)}</h1>
<reelspan-player controls content-title="${escape(talk)}" renew="/addresses/${encodeURIComponent(talk)}"></reelspan-player>
</main>
</html>`;

/** The player asks for these when it begins, and again before they expire. */
async function addresses(talk) {
    const body = JSON.stringify({ spaceId: SPACE, contentId: talk, form: "player", minutesToExpire: MINUTES });
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${REELSPAN}/durastore/task/get-signed-url`, { method: "POST", headers, body });
    if (!answer.ok) return [answer.status === 404 ? 404 : 502, "text/plain", "there is no such talk"];
    return [200, "application/json", await answer.text()];
}

async function answer(path) {
    // The place for the site's own rule: who has signed in, and which talks they may see.
    const [, kind, ...rest] = path.split("/");
    const talk = decodeURIComponent(rest.join("/"));
    if (kind === "talks") return [200, "text/html; charset=utf-8", page(talk)];
    return kind === "addresses" ? addresses(talk) : [404, "text/plain", "there is no such page"];
}

const server = createServer(async (request, response) => {
    const failed = (error) => [500, "text/plain", String(error.message)];
    const [status, type, body] = await answer(new URL(request.url, "http://localhost").pathname).catch(failed);
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
