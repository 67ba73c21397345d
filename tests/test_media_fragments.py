"""The package `media-fragments` as `npm pack` makes it: somebody installs it, compiles against its types, and fetches fragments from the
real server in all ways of the protocol."""

import json
import shutil
import subprocess
import tarfile

import pytest
import requests

CONSUMER = """
import { areaIn, fetchFragment, type FetchedFragment, normalize, parse, resolve, toBlob } from "media-fragments";

const url = process.argv[2] ?? "";
const { area, time } = parse("t=smpte-25:0:00:10:12&xywh=percent:25,25,50,50");
const told = (found: FetchedFragment) => ({
    parts: found.parts.map(({ start, end }) => [start, end]),
    time: found.mapping?.time,
    length: found.length,
    redirected: found.redirected,
    bytes: toBlob(found).size,
});
console.log(JSON.stringify({
    normalised: normalize("t=0:00:20&t=banana"),
    area: area && areaIn(area, { width: 320, height: 180 }),
    start: resolve({ time, tracks: [] }, { duration: 40, framesPerSecond: 25 }).interval?.start,
    plain: told(await fetchFragment(url, "t=10,20")),
    setup: told(await fetchFragment(url, "t=10,20", { includeSetup: true })),
    redirected: told(await fetchFragment(url, "t=10,20", { redirect: true })),
    nothing: await fetchFragment(url, "t=90,99").catch((error: unknown) => String(error)),
}));
"""

SETTINGS = {"target": "ES2022", "module": "NodeNext", "moduleResolution": "NodeNext", "strict": True, "skipLibCheck": False}
SETTINGS |= {"exactOptionalPropertyTypes": False, "lib": ["ES2022", "DOM", "DOM.Iterable"], "types": ["node"], "outDir": "out"}


@pytest.fixture(scope="module")
def packed(root, tmp_path_factory):
    """The package, unpacked where a project of somebody else finds it, and the names of its files."""
    project = tmp_path_factory.mktemp("project")
    source = root / "web/media-fragments"
    if not (source / "dist/index.js").exists():
        pytest.skip("the package was not built: make web")
    command = [shutil.which("npm"), "pack", "--json", "--ignore-scripts", "--pack-destination", project]
    [made] = json.loads(subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60).stdout)
    into = project / "node_modules/media-fragments"
    with tarfile.open(project / made["filename"]) as archive:
        archive.extractall(project, filter="data")
    into.parent.mkdir()
    (project / "package").rename(into)
    # The types of Node, which the project has by itself.
    for name in ("@types/node", "undici-types"):
        (project / "node_modules" / name).parent.mkdir(exist_ok=True)
        (project / "node_modules" / name).symlink_to(root / "web/node_modules" / name)
    (project / "package.json").write_text('{"type": "module"}')
    (project / "main.ts").write_text(CONSUMER)
    (project / "tsconfig.json").write_text(json.dumps({"compilerOptions": SETTINGS, "files": ["main.ts"]}))
    return project, {file["path"] for file in made["files"]}


def test_the_package_has_what_one_publishes(packed):
    project, files = packed
    assert {"README.md", "LICENSE", "package.json", "dist/index.js", "dist/index.d.ts"} <= files
    modules = {name for name in files if name.startswith("dist/")}
    assert modules == {name for name in modules if name.endswith((".js", ".d.ts")) and ".test." not in name}
    about = json.loads((project / "node_modules/media-fragments/package.json").read_text())
    assert "dependencies" not in about and "private" not in about
    assert {"name", "version", "description", "license", "exports", "types", "keywords"} <= about.keys()


def test_somebody_compiles_against_it_and_fetches_fragments_in_every_way(packed, root, server):
    project, _ = packed
    subprocess.run([root / "web/node_modules/.bin/tsc"], cwd=project, check=True, timeout=120)
    url = server.media("counter.webm")
    done = subprocess.run(["node", "out/main.js", url], cwd=project, check=True, capture_output=True, timeout=60)
    found = json.loads(done.stdout)
    assert found["normalised"] == "t=npt:20"
    assert found["area"] == {"x": 80, "y": 45, "width": 160, "height": 90}
    assert found["start"] == 10.48
    whole = requests.get(url, timeout=10).content
    for way, is_redirected in (("plain", False), ("setup", False), ("redirected", True)):
        told = found[way]
        assert (told["length"], told["redirected"]) == (len(whole), is_redirected), way
        assert told["bytes"] == sum(end - start for start, end in told["parts"]) < len(whole), way
    # A fragment begins at the sync point before; with its setup it begins with the head of the file; a redirect leads to its bytes.
    assert float(found["plain"]["time"]["start"]) <= 10 and float(found["plain"]["time"]["end"]) >= 20
    assert found["setup"]["parts"][0][0] == 0 and found["setup"]["parts"][-1] == found["plain"]["parts"][-1]
    assert found["redirected"]["parts"][-1] == found["plain"]["parts"][-1]
    assert found["nothing"].startswith("FragmentError")
