"""Documents with commands: each block of a document that begins with `$` is a command and its output. And `docs/forms.md`, which says of
every sample in which forms a server gives it out.

`python tools/document.py` runs them all and updates their output; `test_documents.py` checks that it does not change.
"""

import collections
import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import requests

import server as servers

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENTS = ["docs/protocol.md", "docs/rest.md", "docs/streaming.md"]
FORMS = "docs/forms.md"

BLOCK = re.compile(r"(?<=^```\n)\$ .*?(?=^```$)", re.MULTILINE | re.DOTALL)

# Fields of every answer, and those that change from day to day.
LEFT_OUT = re.compile(
    r"^(access-control-[\w-]+|date|last-modified|x-content-type-options|cross-origin-resource-policy"
    r"|content-security-policy|cache-control): .*\n",
    re.MULTILINE | re.IGNORECASE,
)


def run(block: str, server: servers.Server, folder: pathlib.Path) -> str:
    """The block with the current output of its commands. A backslash continues a command in the next line."""
    printed, url = [], server.url
    for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE):
        environment = os.environ | {
            "media": f"{url}/media/demo", "reelspan": url, "samples": str(ROOT / "samples"), "password": server.password(),
        }  # fmt: skip
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        text = LEFT_OUT.sub("", (done.stdout + done.stderr).replace("\r\n", "\n"))
        text = text.replace(url.removeprefix("http://"), "127.0.0.1:8080").strip()
        printed.append(f"$ {command}\n{text}\n" if text else f"$ {command}\n")
    return "".join(printed)


def renewed(text: str, server: servers.Server) -> str:
    """A document with its blocks run again, in order, in one folder: all of them, or in a document with commands of a user
    (`$rest`) those for everybody (`$reelspan`)."""
    is_run = (lambda block: "$reelspan/" in block) if "$rest/" in text else (lambda _: True)
    with tempfile.TemporaryDirectory() as folder:
        return BLOCK.sub(lambda block: run(block[0], server, pathlib.Path(folder)) if is_run(block[0]) else block[0], text)


# What a reason says of one track alone.
TRACK = re.compile(r"^its track \d+ (\([^)]*\): |is )")


def forms(server: servers.Server, samples: pathlib.Path) -> str:
    """A table of the samples: what each `about.json` says of it. Files with the same line share it, and the reasons are listed below."""
    files, reasons = collections.defaultdict(list), {}

    def cell(form: dict) -> str:
        if "url" in form:
            return "yes"
        reason = TRACK.sub("", form["unavailable"])
        return f"– ({reasons.setdefault(reason, len(reasons) + 1)})"

    for path in sorted([*samples.glob("*.*"), *samples.glob("formats/*")], key=lambda path: (path.suffix, path.name)):
        name = path.relative_to(samples).as_posix()
        found = requests.get(f"{server.media(name)}/~/about.json", timeout=30).json()["forms"]
        stored = found["file"]
        # The name of a codec in QuickTime may have any bytes.
        codecs = re.sub(r"[^ -~]", lambda byte: f"\\\\x{ord(byte[0]):02x}", stored["codecs"]).replace(",", ", ")
        line = " | ".join([stored["mime"], codecs, *(cell(found[form]) for form in ("hls", "dash", "mp4"))])
        files[line].append(f"`{path.name}`")
    rows = [f"| {', '.join(names)} | {line} |" for line, names in files.items()]
    numbered = [f"{number}. {reason}" for reason, number in reasons.items()]
    head = ["| samples | type | codecs | HLS | DASH | `media.mp4` |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join(itertools.chain(head, rows, ["", "Why not:", ""], numbered, [""]))


def with_forms(text: str, server: servers.Server) -> str:
    """The document of forms with its table made anew."""
    return text[: text.index("| samples |")] + forms(server, ROOT / "samples")


def main() -> int:
    with tempfile.TemporaryDirectory() as data:
        server = servers.Server(servers.built(ROOT, "reelspan"), pathlib.Path(data), demo=ROOT / "samples").start()
        for name in DOCUMENTS:
            path = ROOT / name
            path.write_text(renewed(path.read_text(), server))
        path = ROOT / FORMS
        path.write_text(with_forms(path.read_text(), server))
        return server.stop()


if __name__ == "__main__":
    sys.exit(main())
