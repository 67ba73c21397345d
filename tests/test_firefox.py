"""Firefox, as Debian has it: the player plays from one tag, its fragments, controls and menus work as in Chromium, and the console
signs in and plays."""

import base64
import json
import time

import pytest
import requests

import counter
import server as servers
from firefox import PLAYER, PLAYS, READY, Firefox
from pages import TAG, WIDTH, gray
from players import due
from waiting import becomes

ADMIN = "root", "the admin's own secret"


@pytest.fixture(scope="module")
def firefox(root):
    """One Firefox for all tests."""
    made = Firefox(root)
    yield made
    made.close()


@pytest.fixture(scope="module")
def captioned(built, samples):
    """A film with captions beside it."""
    text = b"WEBVTT\n\n00:10.000 --> 00:12.000\nFrom ten to twelve\n"
    for name, body in [("captioned.mp4", (samples / "counter.mp4").read_bytes()), ("captioned.en.vtt", text)]:
        built.s3().put_object(Bucket=servers.BUCKET, Key=f"demo/{name}", Body=body)

    def captions():
        answer = requests.get(f"{built.media('captioned.mp4')}/~/about.json", timeout=10)
        return len(answer.json()["captions"]) if answer.status_code == 200 else 0

    becomes(captions, 1)
    return "captioned.mp4"


def page(built, src: str) -> str:
    return f"{built.url}/player/?muted&src=/media/demo/{src.replace('#', '%23')}"


@pytest.mark.parametrize(
    ("name", "part", "start", "form"),
    [
        ("counter.mp4", "t=smpte-25:0:00:12:12,0:00:14", 12.48, "stored"),
        ("counter.webm", "t=12.5,14", 12.5, "stored"),
        ("counter.mkv", "t=12.52,14", 12.52, "hls"),
        ("chapters.mkv", "id=chapter-2", 3, "hls"),
        ("chapters.mkv", "t=clock:2010-10-22T07:33:57Z,2010-10-22T07:34:01Z", 4, "hls"),
        ("formats/picture.flv", "t=3.23,5", 3.23, "hls"),
    ],
)
def test_firefox_plays_from_the_very_picture(firefox, built, samples, name, part, start, form):
    found = firefox.player(page(built, f"{name}#{part}"))
    assert (found["form"], found["at"]) == (form, pytest.approx(start))
    firefox.shows(due(samples / name, start + 0.001))
    assert firefox(run=PLAYS) == form


def test_firefox_stops_at_the_last_picture_and_plays_again(firefox, built):
    firefox.player(page(built, "counter.mp4#t=12.5,13"))
    for _ in range(2):
        firefox(press="r")
        firefox.becomes("[player.paused, !shadow.getElementById('excerpt').hidden, player.seeking]", [True, True, False])
        firefox.shows(13 * counter.RATE - 1)
        firefox(run="document.querySelector('reelspan-player').currentTime = 20")
        firefox.becomes("shadow.getElementById('excerpt').hidden", True)


def test_firefox_selects_a_track(firefox, built):
    assert firefox.player(page(built, "two-audio.mp4#track=3"))["form"] == "hls"
    # The German tone rises from 4 kHz on.
    assert 3980 < firefox.hertz() < 4900
    firefox.player(page(built, "counter.mp4#t=12.2"))
    assert counter.frequency(12) - 8 < firefox.hertz() < counter.frequency(13) + 8


def test_firefox_has_a_menu_of_sounds(firefox, built):
    assert firefox.player(page(built, "two-audio.mp4#t=2"))["form"] == "hls"
    for place, hertz in [(2, range(3980, 4900)), (1, range(380, 1300))]:
        firefox(click="#audio-button")
        items = "Array.from(shadow.querySelectorAll('#audio-list [role=menuitemradio]'), one => one.textContent)"
        firefox.becomes(f"[shadow.getElementById('audio').hidden, {items}]", [False, ["English", "German"]])
        firefox(click=f"#audio-list button:nth-child({place})")
        firefox.becomes("shadow.getElementById('audio').hidden", True)
        becomes(lambda: round(firefox.hertz()), hertz)


def test_firefox_shows_pictures_where_one_points_at_the_bar(firefox, built):
    firefox.player(page(built, "counter.mp4"))
    for time_ in [25.5, 9]:
        firefox(point=["#range", time_ / 40])
        # The first picture of the segment: some seconds before.
        there = range(int((time_ - 8) * counter.RATE), int((time_ + 0.5) * counter.RATE))
        firefox.shows(there, "document.querySelector('reelspan-player').shadowRoot.getElementById('scrub')")


def test_firefox_shows_a_part_of_the_picture(firefox, built, elsewhere):
    # The lower right quarter: the eight lowest bits of the number 312.
    source = f'src="{built.media("counter.mp4")}#t=12.5&xywh=percent:50,50,50,50"'
    text = TAG.format(script=f"{built.url}/player/reelspan-player.js", width=WIDTH, attributes=source)
    elsewhere.files["/"] = ("text/html", text.encode())
    firefox.player(f"{elsewhere.url}/")
    firefox(run="document.querySelector('reelspan-player').areaView = 'enlarge'")
    becomes(lambda: counter.bits(gray(base64.b64decode(firefox(shot="#frame"))), 8), 312 & 0xFF)


@pytest.mark.parametrize(
    ("key", "expression", "expected"),
    [
        ("k", "player.paused", False),
        ("ArrowLeft", "player.currentTime", 15),
        ("l", "player.currentTime", 30),
        (".", "Math.round(player.currentTime * 100)", 2004),
        ("End", "player.currentTime === player.duration", True),
        ("7", "player.currentTime", 28),
        ("m", "player.muted", False),
        ("ArrowDown", "player.volume", 0.9),
        (">", "player.playbackRate", 1.25),
        ("i", "player.selection.start", 20),
        ("z", "player.areaView", "enlarge"),
        ("s", "!shadow.getElementById('share').hidden", True),
        ("Escape", "shadow.getElementById('share').hidden", True),
        ("?", "!shadow.getElementById('help').hidden", True),
        ("Escape", "shadow.getElementById('help').hidden", True),
        ("f", "document.fullscreenElement !== null", True),
        ("f", "document.fullscreenElement !== null", False),
    ],
)
def test_keys_work_in_firefox(firefox, built, key, expression, expected):
    if "xywh" not in firefox(run="return location.href"):
        firefox.player(page(built, "counter.mp4#xywh=160,90,160,90"))
    firefox(
        run=f"""{READY}
        Object.assign(player, {{currentTime: 20, muted: true, volume: 1, playbackRate: 1, selection: {{}}, areaView: "highlight"}});
        player.pause();
        await until(() => !player.seeking);"""
    )
    firefox(press=key)
    firefox.becomes(expression, expected)


def test_the_mouse_works_in_firefox(firefox, built):
    firefox.player(page(built, "chapters.mkv#xywh=percent:50,50,50,50"))
    for selector, expression, expected in [
        ("#big", "player.paused", False),
        ("media-play-button", "player.paused", True),
        ("media-mute-button", "player.muted", False),
        ("media-volume-range", "player.volume > 0.2 && player.volume < 0.8", True),
        ("media-time-range", "player.currentTime > 4.5 && player.currentTime < 6.5", True),
        ("media-playback-rate-button", "player.playbackRate", 1.25),
        ("#area-button", "player.areaView", "enlarge"),
        ("#share-button", "shadow.getElementById('share').hidden", False),
        ("#share [data-close]", "shadow.getElementById('share').hidden", True),
        ("#help-button", "shadow.getElementById('help').hidden", False),
        ("#help [data-close]", "shadow.getElementById('help').hidden", True),
        ("#chapters-button", "shadow.getElementById('chapters').hidden", False),
        ("#chapters-list button:nth-child(2)", "player.currentTime", 3),
        ("media-fullscreen-button", "document.fullscreenElement !== null", True),
        ("media-fullscreen-button", "document.fullscreenElement !== null", False),
    ]:
        firefox(click=selector)
        firefox.becomes(expression, expected)


def test_firefox_shares_what_plays_the_same_pictures(firefox, built):
    firefox.player(page(built, "counter.mp4"))
    firefox(click="#share-button")
    for time_, selector in [(12.5, "#set-start"), (14, "#set-end")]:
        firefox(run=f"{READY} player.currentTime = {time_}; await until(() => !player.seeking);")
        firefox(click=selector)
    firefox.becomes("player.selection", {"start": 12.5, "end": 14})
    firefox(click="#copy-excerpt")
    firefox.becomes("shadow.getElementById('copied').value.includes('t%3D12.5%2C14')", True)
    link = firefox.of("shadow.getElementById('copied').value")
    assert firefox.player(link)["excerpt"] == {"start": 12.5, "end": 14}
    firefox.shows(312)


def test_firefox_shows_captions_at_their_times(firefox, built, captioned):
    firefox.player(page(built, captioned))
    firefox.becomes("shadow.getElementById('captions-button').hidden", False)
    firefox(click="#captions-button")
    firefox(click="#captions-list button:nth-child(2)")
    shown = """Array.from(player.video.textTracks).filter(({mode, kind}) => mode === "showing" && kind !== "chapters")
      .flatMap(({activeCues}) => Array.from(activeCues ?? [], ({text}) => text))"""
    for time_, expected in [(11, ["From ten to twelve"]), (20, [])]:
        firefox(run=f"document.querySelector('reelspan-player').currentTime = {time_}")
        firefox.becomes(shown, expected)


def test_a_playlist_goes_on_in_firefox(firefox, bundle):
    firefox.player(f"{bundle.url}/playlistplayer.html")
    firefox(run="const player = document.querySelector('reelspan-player'); player.muted = true; player.play()")
    firefox.becomes("player.src.endsWith('/chapters.mkv') && player.currentTime > 0.2 && !player.paused", True)


def test_a_signature_is_renewed_behind_a_paused_player_in_firefox(firefox, streaming, signing, elsewhere):
    asked = []

    def signed():
        asked.append(time.time())
        return "application/json", json.dumps(signing(5) if len(asked) == 1 else signing(3600)).encode()

    elsewhere.files["/signed"] = signed
    text = '<reelspan-player controls muted crossorigin="anonymous" form="stored" renew="/signed" src="#t=5"></reelspan-player>'
    script = f'<script type="module" src="{streaming.running.url}/player/reelspan-player.js"></script>'
    elsewhere.files["/"] = ("text/html", f"<!doctype html><title>A page</title>{script}{text}".encode())
    assert firefox.player(f"{elsewhere.url}/")["at"] == 5
    first = firefox.of("player.currentSrc")
    becomes(lambda: (len(asked), requests.head(first, timeout=10).status_code), (2, 403))
    firefox.becomes(f"player.currentSrc === {json.dumps(first)}", False)
    firefox(run="document.querySelector('reelspan-player').currentTime = 30.02")
    firefox.shows(750)
    assert firefox(run=PLAYS) == "stored" and len(asked) == 2


def test_firefox_refuses_what_is_not_ours(firefox, built, elsewhere):
    title = "<img src=x onerror=document.title='out'>"
    firefox.player(f"{page(built, 'counter.mp4')}&title={requests.utils.quote(title)}")
    assert firefox.of("[document.title, shadow.getElementById('title').textContent]") == [title, title]
    blocked = firefox(
        run=f"""const blocked = [];
        document.addEventListener("securitypolicyviolation", event => blocked.push(event.effectiveDirective));
        document.body.append(Object.assign(document.createElement("script"), {{src: "{elsewhere.url}/evil.js"}}));
        {PLAYER}
        await until(() => blocked.length > 0);
        return blocked;"""
    )
    assert blocked == ["script-src-elem"]
    firefox(open=f"{built.url}/player/?src={elsewhere.url}/a.mp4")
    assert firefox.of("[player, document.querySelector('h1').textContent]") == [None, "Forbidden"]


def test_firefox_signs_in_to_the_console_and_plays_there(firefox, served_with_admin):
    firefox(open=f"{served_with_admin.url}/console/")
    firefox(type=["input[autocomplete=username]", ADMIN[0]])
    firefox(type=["input[type=password]", ADMIN[1]])
    firefox(press="Enter")
    firefox(run=f"{PLAYER} await until(() => document.querySelector('header'));")
    firefox(run="location.hash = '#/spaces/demo?content=counter.mp4'")
    assert firefox(run=PLAYS) == "stored"


@pytest.fixture(scope="module")
def served_with_admin(binary, samples, tmp_path_factory):
    running = servers.Server(binary, tmp_path_factory.mktemp("firefox") / "data", admin=":".join(ADMIN), demo=samples).start()
    if requests.get(f"{running.url}/player/", timeout=10).status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    yield running
    assert running.stop() == 0, "\n".join(running.output)
