"""Secure spaces in the player: addresses are renewed before they expire, and the sites of `examples/` show how."""

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
import requests
from selenium.webdriver.common.by import By

from pages import PLAYED, READY, assert_nothing_is_violated, prefers, shows
from streaming import ADMIN, NAME
from waiting import becomes

LIFE = 6
"""Seconds for which the first signatures count."""

PAGE = """<!doctype html><meta charset="utf-8"><title>Reelspan</title>
<script type="module" src="{script}"></script><style>reelspan-player {{ width: 320px }}</style>
{players}
<script>
  // Counts the frames in which a player that has had a picture has none.
  window.gaps = {{}};
  const look = () => {{
    for (const player of document.querySelectorAll("reelspan-player")) {{
      const {{video, shadowRoot, form}} = player;
      if (form === undefined) continue;
      const visible = video.readyState >= 2 && !video.seeking || !shadowRoot.getElementById("still").hidden;
      if (!(player.id in gaps) && (!visible || video.currentTime !== (player.id === "told" ? 0 : 5))) continue;
      gaps[player.id] = (gaps[player.id] ?? 0) + (visible ? 0 : 1);
    }}
    requestAnimationFrame(look);
  }};
  look();
  const told = document.getElementById("told");
  const answer = async name => (await fetch(`/signed-${{name}}`)).json();
  document.getElementById("given").source = () => answer("given");
  told.addEventListener("renew", async () => {{ told.src = (await answer("told")).signedUrl; }});
</script>"""


def built(streaming):
    if requests.get(f"{streaming.running.url}/player/", timeout=10).status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    return streaming.running.url


def test_signatures_are_renewed_behind_paused_players(streaming, signing, elsewhere, chromium):
    url, forms = built(streaming), ["stored", "hls", "cut"]
    asked = {form: [] for form in [*forms, "given", "told"]}
    first = signing(LIFE)
    asked["told"].append(time.time())

    def signed(form: str):
        asked[form].append(time.time())
        return "application/json", json.dumps(signing(LIFE) if len(asked[form]) == 1 else signing(3600)).encode()

    for form in asked:
        elsewhere.files[f"/signed-{form}"] = functools.partial(signed, form)
    tag = '<reelspan-player id="{}" controls muted crossorigin="anonymous" preload="metadata" {}></reelspan-player>'
    players = [tag.format(form, f'form="{form}" renew="/signed-{form}" src="#t=5"') for form in forms]
    players.append(tag.format("given", 'form="stored" src="#t=5"'))
    players.append(tag.format("told", f'form="stored" src="{first["signedUrl"]}"'))
    page = PAGE.format(script=f"{url}/player/reelspan-player.js", players="\n".join(players))
    elsewhere.files["/"] = ("text/html", page.encode())
    chromium.get(f"{elsewhere.url}/")
    ready, played = ((text.replace('document.querySelector("reelspan-player")', "window.one")) for text in (READY, PLAYED))

    def each(form):
        chromium.execute_script("window.one = document.getElementById(arguments[0])", form)

    loads = "(window.loads ??= []).push(arguments[0]); window.one.addEventListener('formchange', () => loads.push(arguments[0]))"
    for form in asked:
        each(form)
        found = chromium.execute_async_script(ready)
        assert found["form"]["name"] == (form if form in forms else "stored"), found
        assert found["currentTime"] == (5 if form != "told" else 0)
        chromium.execute_script(loads, form)
    # Each of them asked once more; the first signatures count no longer.
    becomes(lambda: {form: len(times) for form, times in asked.items()}, dict.fromkeys(asked, 2))
    time.sleep(max(0, max(times[0] for times in asked.values()) + LIFE - time.time()))
    becomes(lambda: requests.head(first["signedUrl"], timeout=10).status_code, 403)
    for form in asked:
        each(form)
        chromium.execute_script("performance.clearResourceTimings()")
        before = chromium.execute_async_script(ready)
        assert before["currentTime"] == (5 if form != "told" else 0)
        assert chromium.execute_script("return gaps[arguments[0]]", form) == 0, form
        chromium.execute_script("window.one.currentTime = 30.02")
        assert chromium.execute_async_script(ready)["currentTime"] == pytest.approx(30.02)
        chromium.execute_script("document.querySelectorAll('reelspan-player').forEach(one => one.hidden = one !== window.one)")
        shows(chromium, 750, "window.one.video")
        assert chromium.execute_async_script(played) > 30
        chromium.execute_script("window.one.pause(); for (const one of document.querySelectorAll('reelspan-player')) one.hidden = false")
        addresses = chromium.execute_script(
            "return [window.one.currentSrc, ...performance.getEntriesByType('resource').map(entry => entry.name)]"
            ".filter(name => /counter/.test(name))"
        )
        assert addresses
        for address in addresses:
            if not address.startswith("blob:"):
                assert requests.get(address, headers={"Range": "bytes=0-0"}, timeout=10).status_code in (200, 206), form
    assert chromium.execute_script("return loads.length") == 5
    assert all(len(times) == 2 for times in asked.values()), asked


def test_a_page_that_may_not_have_addresses_says_so(streaming, elsewhere, chromium):
    url = built(streaming)
    script = f'<script type="module" src="{url}/player/reelspan-player.js"></script>'
    elsewhere.files["/"] = ("text/html", f'<!doctype html>{script}<reelspan-player controls renew="/refused"></reelspan-player>'.encode())
    elsewhere.files["/refused"] = (403, b"")
    chromium.get(f"{elsewhere.url}/")
    assert chromium.execute_async_script(READY) == {"problem": "This media needs a permission that the link does not have."}


@contextlib.contextmanager
def site(command, folder, streaming):
    """An example's server, and its address."""
    more = {"REELSPAN": streaming.running.url, "REELSPAN_SPACE": "films", "PORT": "0"}
    user, password = ADMIN
    environment = {**os.environ, **more, "REELSPAN_USER": user, "REELSPAN_PASSWORD": password, "PYTHONUNBUFFERED": "1"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=folder, env=environment, text=True, **streams) as process:
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield found[0]
                    return
            raise RuntimeError("".join(lines))
        finally:
            process.kill()


@pytest.mark.parametrize("example", ["python", "node"])
def test_an_example_plays_from_a_secure_space(streaming, chromium, root, example):
    built(streaming)
    flask = [sys.executable, "-m", "flask", "--app", "app", "run", "--port", "0"]
    command = {"python": flask, "node": [shutil.which("node"), "server.mjs"]}[example]
    with site(command, root / "examples" / example, streaming) as url:
        chromium.get(f"{url}/talks/{NAME}")
        found = chromium.execute_async_script(READY)
        assert found["form"]["name"] == "stored"
        assert chromium.execute_async_script(PLAYED) > 0.3
        for scheme in ("light", "dark"):
            prefers(chromium, scheme)
            assert_nothing_is_violated(chromium, root, scheme, found)
        assert "Expires=" in chromium.execute_script("return document.querySelector('reelspan-player').currentSrc")
        answer = requests.get(f"{url}/addresses/{NAME}", timeout=10)
        assert set(answer.json()) == {"signedUrl", "signedStreamUrl", "signedCutUrl"}
        for address in answer.json().values():
            assert requests.get(address, timeout=10).status_code == 200
        assert requests.get(f"{url}/addresses/nosuch.mp4", timeout=10).status_code == 404
        hostile = "<img src=x onerror=document.title='out'>"
        chromium.get(f"{url}/talks/{hostile}")
        assert chromium.title == hostile
        assert not chromium.find_elements(By.TAG_NAME, "img")
