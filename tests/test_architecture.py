"""docs/ARCHITECTURE.md § Who may import whom, held against the manifests and the imports of every crate.

A crate or a room that imports what lies above it fails a test, which names the file and the line.
"""

import collections
import re
import tomllib

import pytest

from imports import Crate, Import

# The rooms of the engine and of what is shared, from the ground up. A room imports only those that stand before it.
ROOMS = {
    "reelspan-engine": ["media", "codec", "index", "container", "caption", "fragment", "package"],
    "reelspan": ["budget", "telemetry", "http", "user", "space", "store", "cloudfront", "streaming"],
}

# What the engine may not depend on, directly or through another crate.
NOT_IN_THE_ENGINE = ("aws", "axum", "lambda", "hyper", "http", "tokio", "tower", "reelspan")

# The rooms whose tests still import the room above them. Do not add to them.
TESTS_THAT_IMPORT = {("container", "fragment")}

# Crates outside the workspace's tree of arrows: fuzz targets may use everything.
APART = "fuzz"

# Names of types that say nothing of what the type is.
VAGUE = {"Lane", "Laid", "Part", "Pass", "Place", "Standing", "Stretch", "Way"}

# What tests share: it imports nothing of the workspace, and tests alone import it.
TESTKIT = "reelspan-testkit"


@pytest.fixture(scope="module")
def workspace(root) -> dict:
    return tomllib.loads((root / "Cargo.toml").read_text())["workspace"]


@pytest.fixture(scope="module")
def crates(root, workspace) -> dict[str, Crate]:
    crates = [Crate(root, folder) for folder in workspace["members"]]
    return {crate.package: crate for crate in crates}


def floor(crate: Crate) -> int:
    """How high a crate stands; a crate imports only those of lower floors, and a library of a function's kind its own floor."""
    if crate.package == TESTKIT:
        return -1
    if crate.folder == "engine":
        return 0
    if crate.folder == "shared":
        return 1
    if crate.folder.startswith("functions/"):
        return 3 if crate.has_program else 2
    return 4


def dependencies(crate: Crate, *kinds: str) -> set[str]:
    return {name for kind in kinds for name in crate.manifest.get(kind, {})}


def test_a_crate_depends_only_on_crates_below_it(crates):
    wrong = []
    for crate in crates.values():
        for name in dependencies(crate, "dependencies", "dev-dependencies", "build-dependencies") & set(crates):
            below = floor(crates[name]) < floor(crate) or floor(crate) == floor(crates[name]) == 2
            if not below and crate.folder != APART:
                wrong.append(f"{crate.folder}/Cargo.toml: {crate.package} depends on {name}")
        if TESTKIT in dependencies(crate, "dependencies", "build-dependencies"):
            wrong.append(f"{crate.folder}/Cargo.toml: {crate.package} is built with {TESTKIT}")
    assert not wrong, "\n".join(wrong)


def test_the_functions_libraries_depend_on_each_other_in_no_circle(crates):
    libraries = {name: crate for name, crate in crates.items() if floor(crate) == 2}
    arrows = {name: dependencies(crate, "dependencies") & set(libraries) for name, crate in libraries.items()}
    assert not circles(arrows)


def test_the_engine_depends_on_no_crate_of_http_aws_or_a_runtime(root, crates, workspace):
    lock = tomllib.loads((root / "Cargo.lock").read_text())
    needs = {}
    for package in lock["package"]:
        needs.setdefault(package["name"], set()).update(name.split()[0] for name in package.get("dependencies", []))
    found = dependencies(crates["reelspan-engine"], "dependencies")
    ahead = list(found)
    while ahead:
        new = needs[ahead.pop()] - found
        found |= new
        ahead += new
    wrong = sorted(name for name in found if name.startswith(NOT_IN_THE_ENGINE))
    assert not wrong, f"reelspan-engine is linked with {wrong}"
    assert len(found) > 10


def test_what_is_shared_depends_on_no_crate_of_lambda(crates):
    named = dependencies(crates["reelspan"], "dependencies")
    assert not [name for name in named if name.startswith("lambda") or name in ("axum", "aws-sdk-lambda")]


def inside(crate: Crate) -> list[Import]:
    """The imports of a crate's files from its own files."""
    return [found for file in crate.modules.values() for found in file.imports if found.crate == crate.name]


def test_a_room_imports_only_rooms_below_it(crates):
    wrong, needed = [], set()
    for package, rooms in ROOMS.items():
        for found in inside(crates[package]):
            room, target = found.file.module[:1], found.path[:1]
            if not room or room == target or not set(target) & set(rooms) or rooms.index(*target) < rooms.index(*room):
                continue
            if (*room, *target) in TESTS_THAT_IMPORT and (found.is_test or found.file.is_test):
                needed.add((*room, *target))
            else:
                wrong.append(f"{found}: {room[0]} imports {target[0]}")
    assert not wrong, "\n".join(wrong)
    assert needed >= TESTS_THAT_IMPORT, f"no longer needed as exceptions: {TESTS_THAT_IMPORT - needed}"


def test_neither_a_format_nor_what_formats_share_imports_a_format(crates):
    engine = crates["reelspan-engine"]
    text = re.compile(r"^impl (?:\w+::)*Format for ", re.MULTILINE)
    formats = {
        module[1]
        for module, file in engine.modules.items()
        if len(module) == 2 and module[0] == "container" and text.search(file.path.read_text())
    }
    assert len(formats) > 8
    wrong = []
    for found in inside(engine):
        module, target = found.file.module, engine.defines(found.path).module
        if module[:1] != ("container",) or target[:1] != ("container",) or len(module) < 2 or len(target) < 2:
            continue
        pair = module[1], target[1]
        if pair[1] not in formats or pair[0] == pair[1] or found.is_test or found.file.is_test:
            continue
        wrong.append(f"{found}: {pair[0]} imports {pair[1]}")
    assert not wrong, "\n".join(wrong)


def test_no_files_of_a_crate_import_each_other_in_a_circle(crates):
    wrong = []
    for crate in crates.values():
        arrows, because = {}, {}
        for found in inside(crate):
            source, target = found.file, crate.defines(found.path)
            if found.is_test or source.is_test or target.is_test:
                continue
            # A module may use the parts that it is made of, which know it too.
            if target.module[: len(source.module)] != source.module:
                arrows.setdefault(source.module, set()).add(target.module)
                because.setdefault((source.module, target.module), str(found))
        for circle in circles(arrows):
            wrong += [why for (source, target), why in because.items() if source in circle and target in circle] + [""]
    assert not wrong, "\n".join(["in a circle:", *wrong])


def circles(arrows: dict) -> list[set]:
    """The sets of two and more that can all be reached from each other."""
    reached = {start: reachable(arrows, start) for start in arrows}
    found = []
    for start, ends in reached.items():
        circle = {end for end in ends if start in reached.get(end, ())}
        if start in ends and circle not in found:
            found.append(circle)
    return found


def reachable(arrows: dict, start) -> set:
    found, ahead = set(), [start]
    while ahead:
        new = arrows.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def test_the_check_sees_circles_and_the_line_of_an_import(tmp_path):
    """The check itself: what it must see, and what it must not take for an import."""
    source = tmp_path / "crate" / "src"
    source.mkdir(parents=True)
    (tmp_path / "crate" / "Cargo.toml").write_text('[package]\nname = "a-crate"\n')
    (source / "lib.rs").write_text("mod one;\nmod two;\npub use two::Two;\n")
    (source / "one.rs").write_text("//! use crate::lost;\n\nuse crate::{\n    Two as Other,\n};\n")
    (source / "two.rs").write_text('pub struct Two;\nfn f() { super::one::g("crate::lost") }\n')
    crate = Crate(tmp_path, "crate")
    arrows = {file.module: {crate.defines(found.path).module for found in file.imports} for file in crate.modules.values()}
    assert arrows == {(): {("two",)}, ("one",): {("two",)}, ("two",): {("one",)}}
    assert circles(arrows) == [{("one",), ("two",)}]
    assert str(crate.modules["one",].imports[0]) == "crate/src/one.rs:4: a_crate::Two"


def test_a_name_stands_for_one_type_and_says_what_it_is(root, workspace):
    """Types in files of tests do not count, nor do associated types."""
    public = r"(?:pub(?:\([a-z: ]+\))? )?"
    declared = re.compile(rf"^(?:\s*{public}(?:struct|enum|trait|union)|{public}type) (\w+)", re.MULTILINE)
    types = collections.defaultdict(list)
    for folder in workspace["members"]:
        for file in sorted((root / folder).rglob("*.rs")):
            path = file.relative_to(root)
            if "tests" not in (*path.parts, path.stem):
                for name in declared.findall(file.read_text()):
                    types[name].append(str(path))
    assert len(types) > 1000
    assert not {name: files for name, files in types.items() if len(files) > 1}
    assert not {name: files for name, files in types.items() if name in VAGUE}
