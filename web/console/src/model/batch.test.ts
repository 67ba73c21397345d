import assert from "node:assert/strict";
import { test } from "node:test";

import { doEach, folderOf, inFolder, type Progress } from "./batch.ts";

test("what fails does not keep the others from being done", async () => {
    const said: Progress<string>[] = [];
    const one = (item: string) => (item === "b" ? Promise.reject(new Error("no")) : Promise.resolve());
    const options = {
        width: 2,
        isStopped: () => false,
        onProgress: (progress: Progress<string>) => said.push(progress),
    };
    const { done, failed } = await doEach(["a", "b", "c", "d"], one, options);
    assert.deepEqual([...done].sort(), ["a", "c", "d"]);
    assert.deepEqual(
        failed.map(({ item, why }) => [item, String(why)]),
        [["b", "Error: no"]],
    );
    assert.deepEqual(
        said.map((progress) => progress.done.length + progress.failed.length),
        [1, 2, 3, 4],
    );
});

test("a few are under way at a time, and none is begun after a stop", async () => {
    const [begun, ended] = [new Set<number>(), new Set<number>()];
    let most = 0;
    const one = async (item: number) => {
        begun.add(item);
        most = Math.max(most, begun.size - ended.size);
        await new Promise((resolve) => setImmediate(resolve));
        ended.add(item);
    };
    const items = Array.from({ length: 20 }, (_, at) => at);
    const options = { width: 3, isStopped: () => ended.size >= 6, onProgress: () => undefined };
    const { done } = await doEach(items, one, options);
    assert.equal(most, 3);
    assert.deepEqual(new Set(done), begun);
    assert.deepEqual(ended, begun);
    assert.ok(done.length < 10, `${done.length} were done`);
});

test("a content keeps its place below the folder", () => {
    assert.deepEqual(["", "a", "a/", "a/b"].map(folderOf), ["", "a/", "a/", "a/b/"]);
    assert.equal(inFolder("a/b/c.mp4", "a/", "x/"), "x/b/c.mp4");
    assert.equal(inFolder("a/b/c.mp4", "a/b/", ""), "c.mp4");
    assert.equal(inFolder("c.mp4", "", "x/y/"), "x/y/c.mp4");
});
