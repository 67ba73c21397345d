"""Firefox, as Debian has it: the player plays from one tag and knows its parts exactly, and the console signs in and plays."""

import base64
import json
import shutil
import subprocess

import pytest
import requests

import counter
import server as servers
from pages import SHOWN

ADMIN = "root", "the admin's own secret"

WAIT = """
const until = async found => {
  for (let left = 400; left > 0; left -= 1) {
    const it = found();
    if (it) return it;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const problem = document.querySelector("reelspan-player")?.shadowRoot?.getElementById("problem");
  throw new Error(`it did not come: ${found} ${problem?.textContent}`);
};
const player = await until(() => document.querySelector("reelspan-player"));
await until(() => player.form && player.readyState >= 2 && !player.seeking);
await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
"""

PLAYS = f"""{WAIT}
player.muted = true;
const from = player.currentTime;
await player.play();
await until(() => player.currentTime > from + 0.2);
player.pause();
return player.form.name;
"""


@pytest.fixture(scope="module")
def firefox(root):
    """Runs steps of `firefox.mjs` in a new Firefox, and returns what their scripts gave."""
    browser = shutil.which("firefox-esr")
    assert browser, "Firefox is missing: make tools"

    def run(*steps: dict) -> list:
        command = ["node", root / "tests" / "support" / "firefox.mjs", root / "web" / "package.json", browser]
        done = subprocess.run(command, input=json.dumps(steps), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def served(binary, samples, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("firefox") / "data", admin=":".join(ADMIN), demo=samples).start()
    if requests.get(f"{running.url}/player/", timeout=10).status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    yield running
    assert running.stop() == 0, "\n".join(running.output)


PARTS = [
    ("counter.mp4", "t=smpte-25:0:00:12:12,0:00:14", 12.48, "stored"),
    ("counter.webm", "t=12.5,14", 12.5, "stored"),
    ("formats/picture.flv", "t=3.23,5", 3.23, "hls"),
]


def test_firefox_plays_and_signs_in(firefox, served):
    # The script of Chromium's tests, as the body of a function.
    script = SHOWN.replace("arguments", f"[{counter.WIDTH}, {counter.HEIGHT}]") % "player.video"
    pixels = WAIT + script.replace("return btoa(text)", "return [player.form.name, player.currentTime, btoa(text)]")
    steps = []
    for name, part, *_ in PARTS:
        address = f"{served.url}/player/?muted&src=/media/demo/{name}%23{part}"
        steps += [{"open": address}, {"run": pixels}, {"run": PLAYS}]
    signed_in = WAIT.split("const player")[0] + "await until(() => document.querySelector('header'));"
    *found, played = firefox(
        *steps,
        {"open": f"{served.url}/console/"},
        {"type": ["input[autocomplete=username]", ADMIN[0]]},
        {"type": ["input[type=password]", ADMIN[1]]},
        {"press": "Enter"},
        {"run": f"{signed_in} location.hash = '#/spaces/demo?content=counter.mp4'"},
        {"run": PLAYS},
    )
    assert played == "stored"
    for (name, _, start, form), (shown_by, time, picture), played_by in zip(PARTS, found[0:6:2], found[1:6:2], strict=True):
        assert shown_by == played_by == form, name
        assert time == pytest.approx(start), name
        assert counter.number(base64.b64decode(picture)) == int(start * counter.RATE + 0.001), name
