"""Captions: those of text tracks and those of files beside a content become WebVTT, whole and in parts, in HLS and DASH, and are
shown at their times in a browser."""

import json
import pathlib
import re
import subprocess
import time
import xml.etree.ElementTree as xml

import m3u8
import pytest
import requests
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

import server as servers
from players import Stage, due
from waiting import becomes

SECONDS = 40
ENGLISH = "".join(f"{at + 1}\n00:00:{at:02d},000 --> 00:00:{at:02d},900\n<i>Second</i> {at} & more\n\n" for at in range(SECONDS))
GERMAN = "".join(f"{at}\n00:00:{at:02d},500 --> 00:00:{at + 1:02d},500\nSekunde {at}\n\n" for at in range(0, SECONDS - 1, 2))
BESIDE = (
    "WEBVTT\n\nNOTE nothing\n\nlong\n00:00.000 --> 00:40.000 line:0\n<v Ann>All the time\n\n00:10.000 --> 00:12.000\nFrom ten to twelve\n"
)
HOSTILE = (
    "\ufeffWEBVTT\r\n\r\nSTYLE\r\n::cue{color:red}\r\n\r\n"
    "a\r\n00:01.000 --> 00:02.000 align:nowhere region:x\r\n"
    "<script>x</script><b><i>a</b>\0 & &nope; -- > <00:09.000>\u2028b\r\n\r\n"
    "00:03.000 --> 00:02.000\r\nbackwards\r\n\r\na\r\n00:04.000 --> 00:05.000\r\n<v>x<rt>y"
)
DASH = {"": "urn:mpeg:dash:schema:mpd:2011"}

JUDGE = """
import webvtt from "webvtt-parser";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const { cues, errors } = new webvtt.WebVTTParser().parse(text, "captions");
console.log(JSON.stringify({ cues: cues.map(({ startTime, endTime, text }) => [startTime, endTime, text]), errors }));
"""


@pytest.fixture(scope="module")
def captioned(binary, samples, tmp_path_factory):
    """A server with one film in three containers, with text tracks and with files beside it."""
    folder = tmp_path_factory.mktemp("captioned")
    english, german = folder.parent / "english.srt", folder.parent / "german.srt"
    english.write_text(ENGLISH)
    german.write_text(GERMAN)
    inputs = ["-i", samples / "counter.mp4", "-i", english, "-i", german]
    tracks = "-map 0 -map 1 -map 2 -c copy -metadata:s:s:0 language=eng -metadata:s:s:1 language=deu".split()
    for name, options in {
        "film.mp4": ["-c:s", "mov_text"],
        "film.mkv": ["-c:s:0", "srt", "-c:s:1", "webvtt", "-disposition:s:0", "default", "-disposition:s:1", "hearing_impaired"],
    }.items():
        subprocess.run(["ffmpeg", "-v", "error", *inputs, *tracks, *options, folder / name], check=True)
    subprocess.run(["ffmpeg", "-v", "error", *inputs[:2], "-c", "copy", folder / "film.ts"], check=True)
    (folder / "film.fr.vtt").write_text(BESIDE)
    (folder / "film.en.sdh.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\n[a tone]\n")
    (folder / "film.xx.vtt").write_bytes(HOSTILE.encode())
    running = servers.Server(binary, tmp_path_factory.mktemp("server") / "data", demo=folder).start()
    yield running
    assert running.stop() == 0, "\n".join(running.output)


def below(server, name: str, what: str) -> str:
    return f"{server.url}/media/demo/{name}/~/{what}"


def listed(server, name: str, part: str = "") -> dict[str, dict]:
    """The captions by their names."""
    found = requests.get(below(server, name, f"{part}captions.json"))
    assert found.status_code == 200, found.text
    return {caption["name"]: caption for caption in found.json()["captions"]}


def text(server, name: str, what: str) -> str:
    answer = requests.get(below(server, name, what))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/vtt"), answer.text
    answer.encoding = "utf-8"
    return answer.text


def cues(text: str, root: pathlib.Path) -> list[list]:
    """Start, end and text of each cue, by a parser of another maker, which has nothing to complain of."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", JUDGE], input=text.encode(), capture_output=True, cwd=root / "web", check=True
    )
    found = json.loads(done.stdout)
    assert found["errors"] == [], text
    return found["cues"]


def test_captions_are_listed_with_what_they_are(captioned):
    of_film = listed(captioned, "film.mp4")
    assert list(of_film) == ["track-3", "track-4", "en.sdh", "fr", "xx"]
    kinds = {name: (one["language"], one["label"], one["kind"]) for name, one in of_film.items()}
    assert kinds["track-4"][0] == "deu" and kinds["en.sdh"] == ("en", "en (SDH)", "captions")
    assert kinds["fr"] == ("fr", "fr", "subtitles")
    matroska = listed(captioned, "film.mkv")
    assert [(one["default"], one["kind"]) for one in list(matroska.values())[:2]] == [(True, "subtitles"), (False, "captions")]
    assert list(listed(captioned, "film.ts")) == ["en.sdh", "fr", "xx"]
    about = requests.get(below(captioned, "film.ts", "about.json")).json()
    assert [one["name"] for one in about["captions"]] == ["en.sdh", "fr", "xx"]
    for name in ["film.mp4/~/captions/track-1.vtt", "film.mp4/~/captions/de.vtt", "film.mp4/~/captions/track-99.vtt"]:
        assert requests.get(f"{captioned.url}/media/demo/{name}").status_code == 404, name


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_text_tracks_are_webvtt_whole_and_in_parts(captioned, root, name):
    # In Matroska, everything is later by the delay of the encoder of the sound.
    late = lambda time: pytest.approx(time, abs=0.022 if name == "film.mkv" else 0)  # noqa: E731
    whole = cues(text(captioned, name, "captions/track-3.vtt"), root)
    assert whole == [[late(at), late(at + 0.9), f"<i>Second</i> {at} &amp; more"] for at in range(SECONDS)]
    german = cues(text(captioned, name, "captions/track-4.vtt"), root)
    assert german == [[late(at + 0.5), late(at + 1.5), f"Sekunde {at}"] for at in range(0, SECONDS - 1, 2)]
    part = text(captioned, name, "captions/track-4.vtt?t=21,25")
    expected = [[0, 0.5, "Sekunde 20"], [1.5, 2.5, "Sekunde 22"], [3.5, 4, "Sekunde 24"]]
    assert cues(part, root) == [[late(start), late(end), said] for start, end, said in expected]
    assert text(captioned, name, "t=21,25/captions/track-4.vtt") == part
    assert listed(captioned, name, "t=21,25/")["track-4"]["url"] == "captions/track-4.vtt"
    # The query goes along with the addresses, and what means nothing is no excuse for more.
    found = requests.get(below(captioned, name, "captions.json?t=21,25&x=y")).json()["captions"][1]
    assert text(captioned, name, found["url"]) == part
    for query in ["t=99,100", "t=5,3", "t=x"]:
        assert requests.get(below(captioned, name, f"captions/track-4.vtt?{query}")).status_code == 404, query


def test_files_beside_a_content_are_its_captions(captioned, root):
    for name in ["film.mp4", "film.ts"]:
        assert cues(text(captioned, name, "captions/fr.vtt"), root) == [
            [0, 40, "<v Ann>All the time</v>"], [10, 12, "From ten to twelve"],
        ]  # fmt: skip
        assert cues(text(captioned, name, "captions/en.sdh.vtt"), root) == [[1, 3, "[a tone]"]]
    part = text(captioned, "film.mp4", "captions/fr.vtt?t=11,20")
    assert cues(part, root) == [[0, 9, "<v Ann>All the time</v>"], [0, 1, "From ten to twelve"]]
    assert "long\n00:00:00.000 --> 00:00:09.000 line:0" in part


def test_hostile_captions_are_nothing_but_captions(captioned, root):
    found = text(captioned, "film.mp4", "captions/xx.vtt")
    assert cues(found, root) == [
        [1, 2, "x<b><i>a</i></b>\ufffd &amp; &amp;nope; -- &gt; \nb"], [4, 5, "xy"],
    ]  # fmt: skip
    assert found.count("-->") == 2 and "script" not in found and "STYLE" not in found and "region" not in found


def test_files_are_found_whichever_was_stored_first_and_until_they_are_deleted(captioned, samples):
    s3 = captioned.s3()

    def put(name, body):
        s3.put_object(Bucket=servers.BUCKET, Key=f"demo/{name}", Body=body)

    def has(names):
        there = requests.get(below(captioned, "later/talk.mp4", "captions.json")).status_code == 200
        return there and list(listed(captioned, "later/talk.mp4")) == names

    def until(condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    put("later/talk.en.vtt", BESIDE)
    put("later/talk.mp4", (samples / "tone.m4a").read_bytes())
    until(lambda: has(["en"]))
    put("later/talk.de.srt", "1\n00:00:01,000 --> 00:00:02,000\neins\n")
    until(lambda: has(["de", "en"]))
    # Of two with one name, WebVTT counts.
    put("later/talk.de.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nzwei\n")
    until(lambda: "zwei" in text(captioned, "later/talk.mp4", "captions/de.vtt"))
    playlist = requests.get(below(captioned, "later/talk.mp4", "master.m3u8")).text
    put("later/talk.de.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\ndrei\n")
    until(lambda: requests.get(below(captioned, "later/talk.mp4", "captions/de.vtt")).text.endswith("drei\n"))
    # Another version has other names in the playlist, and the old ones are gone.
    until(lambda: requests.get(below(captioned, "later/talk.mp4", "master.m3u8")).text != playlist)
    before = m3u8.loads(playlist, uri=below(captioned, "later/talk.mp4", "master.m3u8"))
    german = next(one for one in before.media if one.language == "de")
    assert requests.get(german.absolute_uri).status_code == 404
    put("later/talk.big.vtt", b"WEBVTT\n" + b"\n" * (8 << 20))
    until(lambda: has(["big", "de", "en"]))
    assert requests.get(below(captioned, "later/talk.mp4", "captions/big.vtt")).status_code == 413
    put("later/talk.bad.vtt", "1\n00:00:01,000 --> 00:00:02,000\nno WebVTT\n")
    until(lambda: has(["bad", "big", "de", "en"]))
    assert requests.get(below(captioned, "later/talk.mp4", "captions/bad.vtt")).status_code == 415
    for name in ["bad.vtt", "big.vtt", "de.vtt", "de.srt"]:
        s3.delete_object(Bucket=servers.BUCKET, Key=f"demo/later/talk.{name}")
    until(lambda: has(["en"]))


@pytest.mark.parametrize("part", ["", "t=7.24,38.5/"])
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_hls_and_dash_have_captions(captioned, root, tmp_path, name, part):
    start, end = (7.24, 38.5) if part else (0, 40)
    url = below(captioned, name, f"{part}master.m3u8")
    variants = m3u8.load(url)
    group = [one for one in variants.media if one.type == "SUBTITLES"]
    assert len({one.name for one in group}) == len(group) == len(listed(captioned, name))
    assert {playlist.stream_info.subtitles for playlist in variants.playlists} == {"text"}
    sdh = next(one for one in group if one.language == "en")
    assert "transcribes-spoken-dialog" in sdh.characteristics and sdh.forced == "NO"
    assert [one.default for one in group].count("YES") == (1 if name == "film.mkv" else 0)
    french = m3u8.load(next(one for one in group if one.language == "fr").absolute_uri)
    pictures = m3u8.load(variants.playlists[0].absolute_uri)
    length = sum(segment.duration for segment in french.segments)
    assert length == pytest.approx(sum(segment.duration for segment in pictures.segments), abs=0.1)
    for segment in french.segments:
        answer = requests.get(segment.absolute_uri)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        assert "X-TIMESTAMP-MAP=MPEGTS:" in answer.text and "All the time" in answer.text
    texts = [requests.get(segment.absolute_uri).text for segment in french.segments]
    assert ["From ten" in found for found in texts] == [True, *[False] * (len(texts) - 1)]
    # ffmpeg takes the captions from the stream, at the times that they have in it.
    made = tmp_path / "captions.vtt"
    address = next(one for one in group if one.language == "fr").absolute_uri
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", address, "-c:s", "webvtt", made], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    seen = [cue for cue in cues(made.read_text(), root) if "ten" in cue[2]]
    assert seen == [[pytest.approx(10 - start, abs=0.001), pytest.approx(12 - start, abs=0.001), "From ten to twelve"]]
    manifest = xml.fromstring(requests.get(below(captioned, name, f"{part}manifest.mpd")).content)
    sets = manifest.findall(".//AdaptationSet[@contentType='text']", DASH)
    roles = {found.get("lang"): found.find("Role", DASH).get("value") for found in sets}
    assert roles["fr"] == "subtitle" and roles["en"] == "caption"
    address = next(found for found in sets if found.get("lang") == "fr").find("Representation/BaseURL", DASH).text
    whole = cues(text(captioned, name, f"{part}{address}"), root)
    assert whole[0][:2] == [0, pytest.approx(end - start, abs=0.001)]
    assert requests.get(below(captioned, name, part + re.sub(r"v-\w+", "v-0", address))).status_code == 404


def packets_begin(path: pathlib.Path) -> int:
    """The first time stamp of a transport stream."""
    shown = ["-show_entries", "packet=pts", "-read_intervals", "%+1", "-of", "csv=p=0", path]
    done = subprocess.run(["ffprobe", "-v", "error", *shown], capture_output=True, check=True)
    return min(int(line.strip(b",")) for line in done.stdout.split())


@pytest.mark.parametrize("part", ["", "t=7.24,38.5/"])
def test_the_hls_of_a_transport_stream_has_captions_at_its_time_stamps(captioned, part):
    start = 7.24 if part else 0
    variants = m3u8.load(below(captioned, "film.ts", f"{part}master.m3u8"))
    group = {one.language: one for one in variants.media if one.type == "SUBTITLES"}
    assert list(group) == ["en", "fr", "xx"]
    assert [playlist.stream_info.subtitles for playlist in variants.playlists] == ["text"]
    french, pictures = m3u8.load(group["fr"].absolute_uri), m3u8.load(variants.playlists[0].absolute_uri)
    # The pictures of a part begin with the sync sample before it, and so do its captions.
    length = sum(segment.duration for segment in french.segments)
    assert length == pytest.approx(sum(segment.duration for segment in pictures.segments), abs=0.1)
    assert max(segment.duration for segment in french.segments) < french.target_duration + 0.5
    begins = packets_begin(captioned.imports["demo"] / "film.ts") + round(start * 90_000)
    for at, segment in enumerate(french.segments):
        answer = requests.get(segment.absolute_uri)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        assert answer.text.startswith(f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{begins},LOCAL:00:00:00.000\n"), answer.text
        assert "All the time" in answer.text and ("From ten" in answer.text) == (at == 0)


@pytest.fixture(scope="module")
def stage(chromium, root):
    if not (root / "web/node_modules/hls.js").exists():
        pytest.skip("the players are not there: make web")
    made = Stage(chromium, root)
    yield made
    made.serving.shutdown()


@pytest.mark.parametrize("part", ["", "t=7.24,38.5/"])
def test_hls_js_shows_captions_beside_a_transport_stream_with_their_pictures(captioned, stage, part):
    url = below(captioned, "film.ts", f"{part}master.m3u8")
    pictures = requests.get(m3u8.load(url).playlists[0].absolute_uri).text
    lead = re.search(r"TIME-OFFSET=([\d.]+)", pictures)
    begins = 7.24 - float(lead[1]) if lead else 0
    assert "error" not in stage.call("start", "hls.js", url)
    stage.call("caption", "fr")
    # hls.js begins with the first decode time, so pictures and captions are two pictures later.
    for moment, expected in [(9.8, 1), (10.2, 2), (11.8, 2), (12.2, 1), (35, 1)]:
        stage.call("seek", moment - begins)
        number = due(captioned.imports["demo"] / "film.ts", moment)
        stage.shows(range(number - 3, number + 1))
        becomes(lambda: len(stage.captions()), expected)
    stage.call("seek", 11 - begins)
    becomes(lambda: len(stage.captions()), 2)
    cue = next(cue for cue in stage.captions() if "ten" in cue[2])
    assert cue == [pytest.approx(10 - begins, abs=0.09), pytest.approx(12 - begins, abs=0.09), "From ten to twelve"]


def test_package_writes_the_same_captions_as_files(captioned, reelspan, tmp_path):
    folder, part = captioned.imports["demo"], "t=7.24,38.5"
    reelspan("package", folder / "film.mkv", tmp_path / "out", "--fragment", part)
    variants = m3u8.load(str(tmp_path / "out" / "master.m3u8"))
    served = m3u8.load(below(captioned, "film.mkv", f"{part}/master.m3u8"))
    assert [one.name for one in variants.media] == [one.name for one in served.media]
    for mine, other in zip(variants.media, served.media, strict=True):
        if mine.type != "SUBTITLES":
            continue
        segments = m3u8.load(mine.absolute_uri).segments, m3u8.load(other.absolute_uri).segments
        for written, named in zip(*segments, strict=True):
            assert pathlib.Path(written.absolute_uri).read_bytes() == requests.get(named.absolute_uri).content
        assert pathlib.Path(mine.absolute_uri).with_name("all.vtt").read_text().startswith("WEBVTT\n")


TAG = """document.body.innerHTML = `<reelspan-player style="width: 640px" muted controls crossorigin="anonymous" preload="auto"
  src="${arguments[0]}" ${arguments[1]}></reelspan-player>`"""

READY = """
const [done] = arguments, player = document.querySelector("reelspan-player");
const state = () => player.form && player.readyState >= 2 && !player.seeking ? done(player.form.name) : setTimeout(state, 20);
state();
"""

ACTIVE = """
const {video} = document.querySelector("reelspan-player");
const shown = Array.from(video.textTracks).filter(({mode, kind}) => mode === "showing" && kind !== "chapters");
return shown.flatMap(({activeCues}) => Array.from(activeCues ?? [], ({startTime, endTime, text}) => [startTime, endTime, text]));
"""


def inside(driver, identifier: str):
    return driver.find_element(By.TAG_NAME, "reelspan-player").shadow_root.find_element(By.ID, identifier)


@pytest.mark.parametrize(
    ("name", "form"), [("film.mp4", "stored"), ("film.mp4", "hls"), ("film.mkv", "hls"), ("film.ts", "hls"), ("film.mp4", "cut")]
)
def test_the_player_shows_captions_at_their_times(chromium, captioned, name, form, request):
    if requests.get(f"{captioned.url}/player/").status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    chromium.get(f"{captioned.url}/player/?src={captioned.media(name)}")
    chromium.execute_script("localStorage.clear()")
    chromium.execute_script(TAG, captioned.media(name), f'form="{form}"')
    assert chromium.execute_async_script(READY) == form
    chromium.execute_script("document.querySelector('reelspan-player').video.focus()")
    wait = WebDriverWait(chromium, 20)
    wait.until(lambda driver: inside(driver, "captions-button").is_displayed())
    inside(chromium, "captions-button").click()
    items = lambda: inside(chromium, "captions-list").find_elements(By.CSS_SELECTOR, "[role=menuitemradio]")  # noqa: E731
    labels = lambda: [item.text for item in items()]  # noqa: E731
    becomes(lambda: labels()[-3:], ["English (SDH)", "French", "xx"])
    assert labels()[0] == "Off"
    items()[-2].click()

    def at(moment: float, expected: list) -> None:
        chromium.execute_script("document.querySelector('reelspan-player').currentTime = arguments[0]", moment)
        wait.until(lambda driver: driver.execute_script(ACTIVE) == expected)

    long = [0, 40, "<v Ann>All the time</v>"]
    for moment, expected in [(5, [long]), (11, [long, [10, 12, "From ten to twelve"]]), (35, [long])]:
        at(moment, [[pytest.approx(start, abs=0.07), pytest.approx(end, abs=0.07), said] for start, end, said in expected])
        if directory := request.config.getoption("--basetemp"):
            chromium.save_screenshot(f"{directory}-{name}-{form}-{moment}.png")
    # The key hides and shows them, and the choice is kept.
    ActionChains(chromium).send_keys("c").perform()
    wait.until(lambda driver: driver.execute_script(ACTIVE) == [])
    ActionChains(chromium).send_keys("c").perform()
    wait.until(lambda driver: len(driver.execute_script(ACTIVE)) == 1)
    chromium.execute_script(TAG, captioned.media(name), f'form="{form}"')
    chromium.execute_async_script(READY)
    at(20, [[pytest.approx(0, abs=0.07), pytest.approx(40, abs=0.07), long[2]]])
