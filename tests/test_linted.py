"""tools/linted: CI builds with it in place of clippy and rustdoc, so it has to fail where they would."""

import os
import subprocess

import pytest

DOCUMENTED = "//! A crate.\n\n/// One.\n#[must_use]\npub const fn one() -> u8 {\n    1\n}\n"


def built(root, folder, file: str, source: str) -> subprocess.CompletedProcess:
    """What cargo says of a package with this file."""
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text('[package]\nname = "linted"\nedition = "2024"\n')
    (folder / "src" / file).write_text(source)
    given = {"RUSTC_WORKSPACE_WRAPPER": str(root / "tools" / "linted"), "CARGO_TARGET_DIR": str(folder / "target")}
    command = ["cargo", "build", "--quiet", "--offline", "--all-targets"]
    return subprocess.run(command, cwd=folder, env=os.environ | given, capture_output=True, text=True)


def test_what_is_sound_is_built_and_documented(root, tmp_path):
    done = built(root, tmp_path, "lib.rs", DOCUMENTED)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "target" / "doc" / "linted" / "fn.one.html").exists()


@pytest.mark.parametrize(
    ("file", "source", "said"),
    [
        ("lib.rs", DOCUMENTED + "/// Two.\npub fn two() -> u8 {\n    return 2;\n}\n", "needless_return"),
        ("lib.rs", DOCUMENTED + "#[cfg(test)]\nmod tests {\n    fn unused() {}\n}\n", "never used"),
        ("lib.rs", DOCUMENTED.replace("One.", "As [`two`]."), "unresolved link"),
        ("main.rs", "//! A program.\n\n/// As [`two`].\nfn main() {}\n", "unresolved link"),
    ],
)
def test_a_lint_or_a_broken_link_fails_the_build(root, tmp_path, file, source, said):
    done = built(root, tmp_path, file, source)
    assert done.returncode != 0
    assert said in done.stderr
