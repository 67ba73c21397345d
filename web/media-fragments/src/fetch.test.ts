import assert from "node:assert/strict";
import { test } from "node:test";

import { fetchFragment, FragmentError, toBlob } from "./fetch.js";
import { parseMapping } from "./mapping.js";

type Answer = (headers: Headers) => Response;

const URL = "https://media.example.org/media/demo/film.webm";
const MAPPING = "{ t:npt 8.007-20.007/0-40.008;include-setup } = { bytes 0-3,8-11/16 }";
const FILE = new TextEncoder().encode("0123456789abcdef");

const bytes = (text: string) => new TextEncoder().encode(text);

/** A server of one file, as far as these tests ask it; it notes the ranges. */
function server(answer: Answer): { fetch: typeof fetch; asked: (string | null)[] } {
    const asked: (string | null)[] = [];
    const fetch = (_: unknown, init?: RequestInit) => {
        const headers = new Headers(init?.headers);
        asked.push(headers.get("range"));
        return Promise.resolve(answer(headers));
    };
    return { fetch, asked };
}

const two: Answer = () =>
    new Response(
        bytes(
            ["--b", "Content-Type: video/webm", "Content-Range: bytes 0-3/16", "", "0123"].join("\r\n") +
                ["", "--b", "Content-Type: video/webm", "Content-Range: bytes 8-11/16", "", "89ab", "--b--", ""].join(
                    "\r\n",
                ),
        ),
        {
            status: 206,
            headers: {
                "content-type": "multipart/byteranges; boundary=b",
                "content-range-mapping": MAPPING,
                etag: '"1"',
            },
        },
    );

test("a fragment and its setup are fetched", async () => {
    const { fetch, asked } = server(two);
    const found = await fetchFragment(URL, "t=10,20", { includeSetup: true, fetch });
    assert.deepEqual(asked, ["t:npt=10-20;include-setup"]);
    assert.deepEqual(
        found.parts.map(({ start, end, bytes }) => [start, end, new TextDecoder().decode(bytes)]),
        [
            [0, 4, "0123"],
            [8, 12, "89ab"],
        ],
    );
    assert.deepEqual([found.type, found.length, found.etag, found.redirected], ["video/webm", 16, '"1"', false]);
    assert.deepEqual(found.mapping?.time, { unit: "npt", start: "8.007", end: "20.007", duration: "40.008" });
    assert.equal(await toBlob(found).text(), "012389ab");
});

test("a redirect leads to plain bytes", async () => {
    const { fetch, asked } = server((headers) => {
        if (headers.get("accept-range-redirect") === "bytes") {
            const fields = {
                location: "/media/demo/film.webm",
                "range-redirect": "bytes 8-11",
                "content-type": "video/webm",
            };
            return new Response(null, { status: 307, headers: fields });
        }
        const fields = { "content-range": "bytes 8-11/16", "content-type": "video/webm" };
        return new Response(FILE.slice(8, 12), { status: 206, headers: fields });
    });
    const found = await fetchFragment(URL, "t=10,20", { redirect: true, fetch });
    assert.deepEqual(asked, ["t:npt=10-20", "bytes=8-11"]);
    assert.deepEqual([found.redirected, await toBlob(found).text()], [true, "89ab"]);
});

test("a redirect that cannot be seen is not waited for", async () => {
    const opaque = Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" });
    const { fetch, asked } = server((headers) => (headers.has("accept-range-redirect") ? opaque : two(headers)));
    const found = await fetchFragment(URL, "t=10,20", { redirect: true, fetch });
    assert.deepEqual([asked.length, found.parts.length], [2, 2]);
});

test("any other answer is an error that has it", async () => {
    for (const status of [200, 404, 416]) {
        const { fetch } = server(() => new Response("", { status }));
        await assert.rejects(fetchFragment(URL, "t=50,60", { fetch }), (error) => {
            return error instanceof FragmentError && error.response.status === status;
        });
    }
    await assert.rejects(fetchFragment(URL, "t=banana"), TypeError);
});

test("a mapping says what the bytes are", () => {
    assert.deepEqual(parseMapping(MAPPING), {
        time: { unit: "npt", start: "8.007", end: "20.007", duration: "40.008" },
        tracks: [],
        includeSetup: true,
        ranges: [
            { start: 0, end: 4 },
            { start: 8, end: 12 },
        ],
        length: 16,
    });
    const clock =
        '{ t:clock "2010-10-22T07:33:55Z"-"2010-10-22T07:34:00Z"/"2010-10-22T07:33:53Z"-"2010-10-22T07:34:02Z" }';
    assert.equal(parseMapping(`${clock} = { bytes 1-2/9 }`)?.time?.duration, "2010-10-22T07:34:02Z");
    const cut = parseMapping("{ t:npt 10.0-15.2/15.2;track audio,n%40m3;id chapter%202 } = { bytes 1-2/9 }");
    assert.deepEqual([cut?.time?.duration, cut?.tracks, cut?.id], ["15.2", ["audio", "n@m3"], "chapter 2"]);
    for (const text of ["", "{ t:npt 1-2/0-3 }", "{ } = { bytes 3-1/9 }"]) assert.equal(parseMapping(text), undefined);
});
