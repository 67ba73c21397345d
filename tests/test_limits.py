"""Every test that docs/limits.md names is there, and every row names one."""

import re
import subprocess


def test_every_limit_names_tests_that_exist(root):
    text = (root / "docs" / "limits.md").read_text()
    listed = subprocess.run(["git", "ls-files", "*.rs", "*.py"], cwd=root, capture_output=True, text=True, check=True).stdout
    defined = set()
    for path in listed.split():
        defined |= set(re.findall(r"^ *(?:async )?(?:def|fn) (\w+)", (root / path).read_text(), re.MULTILINE))
    rows = [row for row in text.partition("## Faults")[0].splitlines() if row.startswith("| ")][2:]
    assert len(rows) > 12
    for row in rows:
        shown = row.rstrip(" |").rpartition(" | ")[2]
        named = [name.rpartition("::")[2] for name in re.findall(r"`([\w:]+)`", shown)]
        assert named and set(named) <= defined, (row, set(named) - defined)
    for name in re.findall(r"`[a-z]+::(?:[a-z]+::)?(\w+)`", text):
        assert name in defined, name
