"""Which file of a Rust crate imports which: read from its `use` lines and from the paths in its code.

A path is resolved as Rust 2018 does (`crate`, `super`, `self`, a child module, another crate), and a name that a module only
re-exports leads on to the file that defines it. Macros are not expanded, and names inside strings and comments do not count.
"""

import functools
import pathlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

USE = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))? +)?use +([^;]+);", re.MULTILINE)
PATH = re.compile(r"(?<![\w:])((?:crate|super|self|reelspan(?:_\w+)?)(?:::\w+)+)")
TESTS = re.compile(r"^#\[cfg\(test\)\]\n(?:#\[[^\n]*\]\n)*mod \w+ \{$", re.MULTILINE)
TEST_MODULE = re.compile(r"#\[cfg\((?:test|all\(test[^\n]*|any\(test[^\n]*)\)\]\s*(?:pub(?:\([^)]*\))? )?mod (\w+);")
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|b?"(?:\\.|[^"\\])*"', re.DOTALL)


@dataclass(frozen=True)
class Import:
    """A path of a file, resolved as far as its crate knows."""

    file: "Source"
    line: int
    crate: str
    path: tuple[str, ...]
    is_test: bool

    def __str__(self) -> str:
        return f"{self.file.shown}:{self.line}: {'::'.join((self.crate, *self.path))}"


@dataclass(eq=False)
class Source:
    """A file of a crate."""

    path: pathlib.Path
    shown: str
    module: tuple[str, ...]
    is_test: bool
    imports: list[Import] = field(default_factory=list)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Crate:
    """The library of a package, or its program if it has no library."""

    def __init__(self, root: pathlib.Path, folder: str):
        self.folder = folder
        self.manifest = tomllib.loads((root / folder / "Cargo.toml").read_text())
        self.package = self.manifest["package"]["name"]
        self.name = self.package.replace("-", "_")
        sources = root / folder / "src"
        self.is_library = (sources / "lib.rs").exists()
        self.has_program = (sources / "main.rs").exists()
        self.modules: dict[tuple[str, ...], Source] = {}
        entry = "lib" if self.is_library else "main"
        for path in sorted(sources.rglob("*.rs")):
            module = path.relative_to(sources).with_suffix("").parts
            if module in ((entry,), ("mod",)):
                module = ()
            elif module[-1] == "mod":
                module = module[:-1]
            elif module == ("main",):
                continue
            self.modules[module] = Source(path, str(path.relative_to(root)), module, is_test=False)
        for source in self.modules.values():
            read(self, source)
        for source in self.modules.values():
            source.is_test = any(source.module[: len(test)] == test for test in self.tests)

    @functools.cached_property
    def tests(self) -> set[tuple[str, ...]]:
        """The modules that are compiled for tests only."""
        found = set()
        for source in self.modules.values():
            found |= {(*source.module, name) for name in TEST_MODULE.findall(source.path.read_text())}
        return found

    def defines(self, path: tuple[str, ...], seen: frozenset = frozenset()) -> Source:
        """The file that defines what a path within the crate names."""
        length = next(length for length in range(len(path), -1, -1) if path[:length] in self.modules)
        source = self.modules[path[:length]]
        rest = path[length:]
        if rest and rest[0] in source.names and (source.module, rest) not in seen:
            return self.defines((*source.names[rest[0]], *rest[1:]), seen | {(source.module, rest)})
        return source


def read(crate: Crate, source: Source):
    """Notes the imports of a file, and the names that it has from other modules of its crate."""
    text = source.path.read_text()
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])  # noqa: E731
    text = NOT_CODE.sub(blank, text)
    tests = TESTS.search(text)
    tests_from = tests.start() if tests else len(text)
    uses = []
    for use in USE.finditer(text):
        uses += [(use.start(1) + at, parts, name) for at, parts, name in tree(use[1])]
    rest = USE.sub(blank, text)
    found = uses + [(path.start(), tuple(path[1].split("::")), None) for path in PATH.finditer(rest)]
    for at, parts, name in found:
        # The module of the tests stands in this file, so its `super` is the file itself.
        within = (*source.module, "tests") if at >= tests_from else source.module
        inside, path = resolved(crate, within, parts)
        line = text.count("\n", 0, at) + 1
        source.imports.append(Import(source, line, inside, path, at >= tests_from))
        if name and inside == crate.name and at < tests_from:
            source.names[name] = path


def resolved(crate: Crate, module: tuple[str, ...], parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The crate that a path leads to, and the path in it."""
    first, *rest = parts
    if first == "crate":
        return crate.name, tuple(rest)
    if first == "self":
        return crate.name, (*module, *rest)
    if first == "super":
        while rest and rest[0] == "super":
            module, rest = module[:-1], rest[1:]
        return crate.name, (*module[:-1], *rest)
    if (*module, first) in crate.modules:
        return crate.name, (*module, *parts)
    return first, tuple(rest)


def tree(text: str, prefix: tuple[str, ...] = (), start: int = 0) -> Iterator[tuple[int, tuple[str, ...], str | None]]:
    """The paths of a `use`: where each begins in the text, its parts, and the name that it is imported by."""
    depth, begin = 0, 0
    for at, letter in enumerate(f"{text},"):
        depth += (letter == "{") - (letter == "}")
        if letter != "," or depth:
            continue
        item = text[begin:at]
        where = start + begin + len(item) - len(item.lstrip())
        item, begin = item.strip(), at + 1
        head, brace, inner = item.partition("{")
        parts = tuple(part for part in head.replace(" ", "").split("::") if part) if brace else ()
        if brace:
            yield from tree(inner.rpartition("}")[0], prefix + parts, where + len(head) + 1)
        elif item:
            path, _, alias = item.partition(" as ")
            parts = tuple(path.strip().split("::"))
            if parts[-1] == "self" and len(prefix + parts) > 1:
                parts = parts[:-1]
            if parts and parts[-1] == "*":
                yield where, prefix + parts[:-1], None
            else:
                yield where, prefix + parts, alias.strip() or (prefix + parts)[-1]
