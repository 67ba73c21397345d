"""Firefox as Debian has it, driven by `firefox.mjs`."""

import base64
import json
import pathlib
import shutil
import subprocess
import threading

import counter
from pages import SHOWN
from waiting import becomes

PLAYER = """
const until = async found => {
  for (let left = 500; left > 0; left -= 1) {
    const it = found();
    if (it) return it;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const problem = document.querySelector("reelspan-player")?.shadowRoot?.getElementById("problem");
  throw new Error(`it did not come: ${found} ${problem?.textContent}`);
};
"""
"""The beginning of scripts that wait."""

READY = f"""{PLAYER}
const player = await until(() => document.querySelector("reelspan-player"));
await until(() => player.form && player.readyState >= 2 && !player.seeking);
"""
"""The beginning of scripts that need a player that can play."""

PLAYS = f"""{READY}
player.muted = true;
const from = player.currentTime;
await player.play();
await until(() => player.currentTime > from + 0.2);
player.pause();
return player.form.name;
"""

RECORDED = f"""{READY}
player.video.muted = false;
const stream = player.video.mozCaptureStream();
await player.play();
await until(() => stream.getAudioTracks().length > 0);
const recorder = new MediaRecorder(new MediaStream(stream.getAudioTracks())), parts = [], from = player.currentTime;
recorder.ondataavailable = ({{data}}) => parts.push(data);
recorder.start();
await until(() => player.currentTime > from + 0.6);
await new Promise(resolve => {{
  recorder.onstop = resolve;
  recorder.stop();
}});
player.pause();
let text = "";
for (const byte of new Uint8Array(await new Blob(parts).arrayBuffer())) text += String.fromCharCode(byte);
return btoa(text);
"""
"""Records what is heard: an AudioContext needs a device here, and a recorder does not."""

LONGEST = 60
"""Seconds that a step may take."""


class Firefox:
    """A running browser with one page."""

    def __init__(self, root: pathlib.Path):
        browser = shutil.which("firefox-esr")
        assert browser, "Firefox is missing: make tools"
        command = ["node", root / "tests" / "support" / "firefox.mjs", root / "web" / "package.json", browser]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, **step):
        """Does one step, and returns what it gave."""
        # Node ends the browser with itself.
        watch = threading.Timer(LONGEST, self.process.terminate)
        watch.start()
        try:
            self.process.stdin.write(json.dumps(step) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            watch.cancel()
        assert line, f"Firefox ended at {step}"
        told = json.loads(line)
        assert "error" not in told, f"{told} at {step}"
        return told["result"]

    def player(self, url: str):
        """Opens a page with a player, and returns where that is once it can play."""
        self(open=url)
        return self(run=f"{READY} return {{form: player.form.name, at: player.currentTime, excerpt: player.excerpt ?? null}};")

    def of(self, expression: str):
        """What an expression gives; `player` is the player, and `shadow` its shadow tree."""
        begin = "const player = document.querySelector('reelspan-player'), shadow = player?.shadowRoot;"
        return self(run=f"{begin} return {expression};")

    def becomes(self, expression: str, expected) -> None:
        becomes(lambda: self.of(expression), expected)

    def shows(self, number: int | range, video: str = "document.querySelector('reelspan-player').video") -> None:
        """Waits until the picture of a video, the player's if none is named, shows this number, or one of these."""
        # The script of Chromium's tests, as the body of a function.
        script = SHOWN.replace("arguments", f"[{counter.WIDTH}, {counter.HEIGHT}]") % video
        becomes(lambda: counter.number(base64.b64decode(self(run=script))), number)

    def hertz(self) -> float:
        """The frequency of what the player plays."""
        raw = ["-f", "s16le", "-ac", "1", "-ar", str(counter.SAMPLE_RATE), "-"]
        recorded = base64.b64decode(self(run=RECORDED))
        sound = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", *raw], input=recorded, capture_output=True, check=True).stdout
        # From the middle on, a tenth of a second.
        middle = len(sound) // 4 * 2
        return counter.frequency(counter.second(sound[middle : middle + counter.SAMPLE_RATE // 5]))

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.terminate()
