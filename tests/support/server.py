"""`reelspan serve` as a separate process, on free ports."""

import functools
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading
import time

import boto3
import botocore.config

READY_SECONDS = 60
STOP_SECONDS = 15
BUCKET = "media"

OURS = """reelspan reelspan_local reelspan_fragments reelspan_spaces reelspan_indexer reelspan_authorizer reelspan_gateway
reelspan_rest reelspan_signing reelspan_streaming reelspan_accounts""".split()
CHATTY = ",".join(["info", *(f"{name}=debug" for name in OURS)])
"""RUST_LOG for everything that the programs log."""


class Server:
    """A server with one data folder; `start` and `stop` may alternate, as in a restart."""

    def __init__(
        self,
        binary: pathlib.Path,
        data: pathlib.Path,
        admin: str | None = None,
        public: str | None = None,
        before: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
        **imports: pathlib.Path,
    ):
        """`before` is a program that starts it, such as `prlimit`; `options` are further options of the server."""
        self.binary, self.data, self.admin, self.public, self.imports = binary, data, admin, public, imports
        self.before, self.options = before, options
        self.process: subprocess.Popen | None = None
        self.output: list[str] = []
        self.url = ""

    def command(self) -> list[str]:
        folders = [part for space, folder in self.imports.items() for part in ("--import", f"{space}={folder}")]
        ports = [part for option in ("--listen", "--s3-listen") if option not in self.options for part in (option, "127.0.0.1:0")]
        admin = ["--admin", self.admin] if self.admin else []
        public = ["--url", self.public] if self.public else []
        return [*self.before, str(self.binary), "serve", *ports, "--data", str(self.data), *admin, *public, *folders, *self.options]

    def start(self) -> "Server":
        """Returns when the server says that it is ready."""
        self.output = []
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines: queue.Queue[str | None] = queue.Queue()
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                line = lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise TimeoutError(f"not ready in {READY_SECONDS} s:\n" + "\n".join(self.output)) from None
            if line is None:
                raise RuntimeError(f"ended with {self.process.wait()}:\n" + "\n".join(self.output))
            if ready := re.fullmatch(r"ready (http://[\d.]+:\d+)", line):
                self.url = ready[1]
                return self

    def _read(self, stream, lines) -> None:
        for line in stream:
            self.output.append(line.rstrip("\n"))
            lines.put(self.output[-1])
        if stream is self.process.stdout:
            lines.put(None)

    def stop(self, how: int = signal.SIGINT) -> int:
        """Stops it as Ctrl-C does, and returns its exit status."""
        self.process.send_signal(how)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Stops it as a power cut does."""
        self.process.kill()
        self.process.wait()

    def media(self, content: str, space: str = "demo") -> str:
        """The URL of a content."""
        return f"{self.url}/media/{space}/{content}"

    def password(self) -> str:
        """The admin's password, as printed at the first start."""
        return re.search(r"admin: user admin, password (\S+),", "\n".join(self.output))[1]

    def environment(self) -> dict[str, str]:
        """The environment of clients of its S3 API: the server prints it at its first start, and `reelspan credentials`
        later."""
        variables, printed = r"\b(AWS_\w+)=(\S+)", "\n".join(self.output)
        if found := dict(re.findall(variables, printed)):
            return found
        endpoint = re.search(r"S3 API (http://\S+),", printed)[1]
        command = [self.binary, "credentials", "--data", self.data, "--s3", endpoint]
        return dict(re.findall(variables, subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout))

    def s3(self):
        """A client of its S3 API, configured from what it printed."""
        printed = self.environment()
        return boto3.client(
            "s3",
            endpoint_url=printed["AWS_ENDPOINT_URL_S3"],
            region_name=printed["AWS_REGION"],
            aws_access_key_id=printed["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=printed["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )


def peak(pid: int) -> float:
    """The peak memory of a process, in megabytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM:"))


@functools.cache
def target_folder(root: pathlib.Path) -> pathlib.Path:
    """Cargo's target folder, however it is configured."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"]
    metadata = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    return pathlib.Path(json.loads(metadata)["target_directory"])


def built(root: pathlib.Path, name: str) -> pathlib.Path:
    """A program of the workspace, as `cargo build` left it in the profile that REELSPAN_PROFILE names, or one of the
    folder REELSPAN_BIN."""
    folder, profile = os.environ.get("REELSPAN_BIN"), os.environ.get("REELSPAN_PROFILE", "dev")
    return (pathlib.Path(folder) if folder else target_folder(root) / {"dev": "debug"}.get(profile, profile)) / name
