"""Documents with commands: each block of a document that begins with `$` is a command and its output.

`python tools/document.py` runs them all and updates their output; `test_documents.py` checks that it does not change.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import server as servers

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENTS = ["docs/protocol.md", "docs/rest.md", "docs/streaming.md"]

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


def main() -> int:
    with tempfile.TemporaryDirectory() as data:
        server = servers.Server(servers.built(ROOT, "reelspan"), pathlib.Path(data), demo=ROOT / "samples").start()
        for name in DOCUMENTS:
            path = ROOT / name
            path.write_text(renewed(path.read_text(), server))
        return server.stop()


if __name__ == "__main__":
    sys.exit(main())
