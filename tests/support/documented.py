"""Tables in the documentation that name tests: their rows, and the tests that exist."""

import pathlib
import re
import subprocess


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table in a Markdown text, without the rulers."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\) \| ", line.strip().removeprefix("|").removesuffix("|"))] for line in lines]


def named_tests(cell: str) -> set[str]:
    """The functions that a cell names in code style, by path (`store::index::name`) or alone (`test_name`)."""
    return {name.rpartition("::")[2] for name in re.findall(r"`([\w:]+)`", cell)}


def defined_tests(root: pathlib.Path) -> set[str]:
    """The names of all functions of the repository's Rust and Python files."""
    listed = subprocess.run(["git", "ls-files", "*.rs", "*.py"], cwd=root, capture_output=True, text=True, check=True).stdout
    sources = (root / path for path in listed.split())
    return {name for path in sources for name in re.findall(r"^ *(?:pub )?(?:async )?(?:def|fn) (\w+)", path.read_text(), re.MULTILINE)}
