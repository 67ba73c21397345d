"""A content that names variants of itself, which are stored as other contents: players choose among all whose segments begin at the
same instants, one signature opens them, and nothing else of the space."""

import pathlib
import re
import subprocess
import xml.etree.ElementTree as xml

import m3u8
import pytest
import requests
from mpd_inspector.parser import MPDParser
from selenium.webdriver.support.wait import WebDriverWait

from players import Stage
from streaming import signature

PART = "t=3.52,9"
NAMED = "large.mp4, folder/odd.mp4,tone.m4a,missing.mp4"
"""What `small.mp4` names: the second has its sync samples elsewhere, the third has no pictures, the last is not there."""

NAMING = {"small.mp4": NAMED, "large.mp4": "long.mp4"}

ENCODED = {
    "small.mp4": "scale=160:90 -bf 2 -g 50",
    "large.mp4": "scale=320:180:flags=neighbor -bf 0 -g 50",
    "folder/odd.mp4": "scale=240:134 -bf 0 -g 35",
    "secret.mp4": "scale=320:180 -bf 0 -g 50",
    "long.mp4": "scale=320:180 -bf 2 -g 150",
}


@pytest.fixture(scope="module")
def films(samples, tmp_path_factory):
    """Films of 14 s, by their names."""
    folder, made = tmp_path_factory.mktemp("ladder"), {}
    for name, options in ENCODED.items():
        scale, *group = options.split(" ")
        path = folder / name.replace("/", "-")
        codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-sc_threshold", "0", *group, "-c:a", "copy"]
        subprocess.run(["ffmpeg", "-v", "error", "-t", "14", "-i", samples / "counter.mp4", "-vf", scale, *codecs, path], check=True)
        made[name] = path.read_bytes()
    return made


@pytest.fixture(scope="module")
def ladder(streaming, films, samples):
    """The same in an open space and in a secure one; returns the beginnings of their URLs."""
    bases = []
    for space, secure in (("steps", False), ("stairs", True)):
        bases.append(streaming.space(space, samples / "tone.m4a", secure=str(secure).lower()))
        for name, body in films.items():
            fields = {"x-dura-meta-renditions": NAMING[name]} if name in NAMING else {}
            streaming.rest("PUT", f"{space}/{name}", 201, data=body, headers={"content-type": "video/mp4"} | fields)
        for name in films:
            url = f"{bases[-1]}/{name}/~/about.json"
            signed = f"{url}?{signature(streaming.signed(space, name, form='hls'))}" if secure else url
            streaming.wait_for(signed)
    return bases


def loaded(address: str) -> tuple[m3u8.M3U8, list[m3u8.M3U8]]:
    variants = m3u8.load(address)
    return variants, [m3u8.load(variant.absolute_uri) for variant in variants.playlists]


@pytest.mark.parametrize("part", ["", f"{PART}/"])
def test_a_playlist_has_the_variants_whose_segments_are_aligned(ladder, part):
    base = f"{ladder[0]}/small.mp4/~/{part}"
    variants, playlists = loaded(f"{base}master.m3u8")
    assert [variant.stream_info.resolution for variant in variants.playlists] == [(160, 90), (320, 180)]
    assert all(variant.stream_info.audio == "sound1" for variant in variants.playlists)
    assert [images.iframe_stream_info.resolution for images in variants.iframe_playlists] == [(160, 90), (320, 180)]
    assert len({playlist.target_duration for playlist in playlists}) == 1
    assert len({len(playlist.segments) for playlist in playlists}) == 1
    for playlist in playlists:
        for segment in [playlist.segment_map[0], *playlist.segments]:
            answer = requests.get(segment.absolute_uri)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4"), segment.absolute_uri
    assert answer.headers["cache-control"] == "max-age=3600"
    images = m3u8.load(variants.iframe_playlists[1].absolute_uri)
    assert [requests.get(segment.absolute_uri).status_code for segment in images.segments] == [200] * len(images.segments)
    text = requests.get(f"{base}master.m3u8").text
    for name in ("folder/odd.mp4", "tone.m4a", "missing.mp4"):
        assert re.search(f"^# {name} is left out: .+", text, re.MULTILINE), text
    manifest = requests.get(f"{base}manifest.mpd").text
    assert manifest.count("is left out: ") == 3 and MPDParser.from_string(manifest.partition("?>")[2].strip())
    namespace = {"": "urn:mpeg:dash:schema:mpd:2011"}
    pictures, *_, trick = xml.fromstring(manifest.encode()).findall("Period/AdaptationSet", namespace)
    for found in (pictures, trick):
        assert [one.get("height") for one in found.findall("Representation", namespace)] == ["90", "180"]
        for template in found.findall("Representation/SegmentTemplate", namespace):
            first = template.find("SegmentTimeline/S", namespace).get("t")
            for address in (template.get("initialization"), template.get("media").replace("$Time$", first)):
                assert requests.get(base + address).status_code == 200, address


def test_about_says_which_variants_there_are(ladder):
    about = requests.get(f"{ladder[0]}/small.mp4/~/about.json").json()["renditions"]
    assert about[0] == {"name": "large.mp4", "width": 320, "height": 180, "codec": about[0]["codec"]}
    assert [one["name"] for one in about[1:]] == ["folder/odd.mp4", "tone.m4a", "missing.mp4"]
    assert "begin" in about[1]["unavailable"] and "not stored" in about[3]["unavailable"], about
    assert requests.get(f"{ladder[0]}/secret.mp4/~/about.json").json()["renditions"] == []


@pytest.mark.parametrize("playlist", ["master.m3u8", "manifest.mpd", f"{PART}/master.m3u8"])
def test_verify_finds_every_variant_as_it_is_stored(reelspan, ladder, playlist):
    reelspan("verify", "--strict", f"{ladder[0]}/small.mp4/~/{playlist}")


def test_ffmpeg_plays_each_variant(ladder):
    variants = m3u8.load(f"{ladder[0]}/small.mp4/~/master.m3u8")
    for variant in variants.playlists:
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", variant.absolute_uri, "-f", "null", "-"], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("part", ["", PART])
def test_package_writes_the_variants_that_the_server_gives_out(reelspan, films, ladder, tmp_path, part):
    for name, body in films.items():
        (tmp_path / name.replace("/", "-")).write_bytes(body)
    others = [option for name in ("large.mp4", "folder-odd.mp4") for option in ("--rendition", tmp_path / name)]
    fragment = ["--fragment", part] if part else []
    done = reelspan("package", tmp_path / "small.mp4", tmp_path / "out", *fragment, *others)
    assert b"folder-odd.mp4 is left out: " in done.stderr
    base = f"{ladder[0]}/small.mp4/~/{part}{'/' if part else ''}"
    served, served_playlists = loaded(f"{base}master.m3u8")
    variants, playlists = loaded(str(tmp_path / "out/master.m3u8"))
    resolutions = [(160, 90), (320, 180)]
    assert [variant.stream_info.resolution for variant in variants.playlists] == resolutions
    assert [variant.stream_info.bandwidth for variant in variants.playlists] == [v.stream_info.bandwidth for v in served.playlists]
    for written, given in zip(playlists, served_playlists, strict=True):
        for mine, other in zip([written.segment_map[0], *written.segments], [given.segment_map[0], *given.segments], strict=True):
            assert pathlib.Path(mine.absolute_uri).read_bytes() == requests.get(other.absolute_uri).content, mine.uri
    manifest = (tmp_path / "out/manifest.mpd").read_text()
    assert 'height="180"' in manifest and "folder-odd.mp4 is left out: " in manifest


def test_one_signature_opens_the_variants_and_nothing_else_of_the_space(streaming, ladder):
    address = streaming.signed("stairs", "small.mp4", form="hls")
    for host in (address, streaming.media(address)):
        _, playlists = loaded(host)
        assert len(playlists) == 2
        for playlist in playlists:
            segment = playlist.segments[1].absolute_uri
            answer = requests.get(segment)
            assert answer.status_code == 200 and "private" in answer.headers["cache-control"]
            assert requests.get(segment.partition("?")[0]).status_code == 403
    sign = signature(address)
    content, below = f"{ladder[1]}/small.mp4", f"{ladder[1]}/small.mp4/~"
    segment = playlists[1].segments[0].absolute_uri.partition("?")[0]
    inner = segment.partition("/~/r1/large.mp4/")[2]
    secret = m3u8.load(m3u8.load(streaming.signed("stairs", "secret.mp4", form="hls")).playlists[0].absolute_uri).segments[0].absolute_uri
    of_secret = secret.partition("?")[0].partition("/~/")[2]
    sound = m3u8.load(m3u8.load(streaming.signed("stairs", "large.mp4", form="hls")).media[0].absolute_uri)
    of_sound = sound.segments[0].absolute_uri.partition("?")[0].partition("/~/")[2]
    assert inner and of_secret and of_sound
    refused = [
        f"{ladder[1]}/large.mp4",
        f"{ladder[1]}/large.mp4/~/master.m3u8",
        secret.partition("?")[0],
        *(f"{below}/r{number}/secret.mp4/{of_secret}" for number in range(6)),
        f"{below}/r1/../stairs/secret.mp4/{of_secret}",
        f"{below}/r1/%2e%2e/secret.mp4/{of_secret}",
        f"{below}/r1/..%2fsecret.mp4/{of_secret}",
        f"{below}/r1/large.mp4/../secret.mp4/{of_secret}",
        f"{below}/r2/large.mp4/{inner}",
        f"{below}/r0/large.mp4/{inner}",
        f"{below}/r01/large.mp4/{inner}",
        f"{below}/r1/LARGE.mp4/{inner}",
        f"{below}/r1/large.mp4,secret.mp4/{of_secret}",
        f"{below}/r1/large.mp4/~/{inner}",
        f"{below}/r1/large.mp4/~/master.m3u8",
        f"{below}/r1/large.mp4/master.m3u8",
        f"{below}/r1/large.mp4",
        f"{below}/r1/large.mp4/{of_sound}",
        f"{below}/r1/large.mp4/r1/large.mp4/{inner}",
        f"{ladder[1]}/large.mp4/~/r1/small.mp4/{inner}",
        # A space of the same names, which names nothing.
        f"{ladder[1]}/secret.mp4/~/r1/large.mp4/{inner}",
        f"{content}?t=1,2",
    ]
    for there in refused:
        joined = f"{there}{'&' if '?' in there else '?'}{sign}"
        request = requests.Request("GET", joined).prepare()
        request.url = joined
        assert requests.Session().send(request).status_code in (400, 403, 404), there
    # The same with a signature for the whole space: the list of names decides.
    signer = streaming.signer()
    parts = signer.custom(f"{ladder[1]}/*")
    whole = "&".join(f"{name}={value}" for name, value in parts.items())
    assert requests.get(f"{segment}?{whole}").status_code == 200
    for there in (there for there in refused if "/r" in there and ".." not in there and "%2" not in there):
        assert requests.get(f"{there}?{whole}").status_code == 404, there


def test_a_signed_excerpt_opens_no_more_of_a_variant(streaming, ladder):
    answer = streaming.task("get-signed-url", spaceId="stairs", contentId="small.mp4", form="hls", fragment=PART)
    address = answer["signedUrl"]
    _, playlists = loaded(address)
    inside = playlists[1].segments
    assert len(playlists) == 2 and all(requests.get(one.absolute_uri).status_code == 200 for one in inside)
    times = {int(re.search(r"(\d+)\.m4s", one.absolute_uri).group(1)) for one in inside}
    folder = inside[0].absolute_uri.partition("?")[0].rpartition("/")[0]
    whole = m3u8.load(m3u8.load(streaming.signed("stairs", "small.mp4", form="hls")).playlists[1].absolute_uri).segments
    base = f"{ladder[1]}/small.mp4/~"
    beside = [one.absolute_uri.partition("?")[0] for one in whole]
    refused = [
        *beside,
        *(one.replace("/~/r1", f"/~/{PART}/r1") for one in beside),
        *(f"{folder}/{time}.m4s" for time in {*range(0, 400_000_000, 20_480_000)} - times),
        folder.replace(PART, "t=0,14") + "/0.m4s",
        folder.replace(PART, f"{PART}%26t=0,14") + "/0.m4s",
        f"{base}/{PART}/r1/large.mp4/{PART.replace('3', '0')}/{inside[0].uri.partition('?')[0]}",
    ]
    for there in refused:
        assert requests.get(f"{there}?{signature(address)}").status_code in (403, 404), there


def test_a_strict_signature_counts_the_lead_in_of_variants(streaming, ladder):
    """`long.mp4` has longer groups than `large.mp4`, which names it, but segments that begin at the same instants."""
    part = {"spaceId": "stairs", "form": "hls", "fragment": "t=11.52,13"}
    assert streaming.task("get-signed-url", contentId="secret.mp4", **part, strict=True, maxLeadIn=2)["given"].startswith("t=npt:10,")
    opened = streaming.task("get-signed-url", contentId="large.mp4", **part)
    assert opened["given"].startswith("t=npt:6,")
    assert len(m3u8.load(opened["signedUrl"]).playlists) == 2
    refused = streaming.task("get-signed-url", 409, contentId="large.mp4", **part, strict=True, maxLeadIn=2)
    assert "long.mp4" in refused and "maxLeadIn is 2" in refused
    # The stored file has no variants.
    streaming.task("get-signed-url", contentId="large.mp4", **part | {"form": "file"}, strict=True, maxLeadIn=2)


@pytest.fixture(scope="module")
def stage(chromium, root):
    if not (root / "web/node_modules/shaka-player").exists():
        pytest.skip("the players are not there: make web")
    made = Stage(chromium, root)
    yield made
    made.serving.shutdown()


@pytest.mark.parametrize(
    ("player", "playlist"), [("hls.js", "master.m3u8"), ("shaka", "master.m3u8"), ("shaka", "manifest.mpd"), ("dash.js", "manifest.mpd")]
)
def test_a_player_changes_between_variants(ladder, stage, player, playlist):
    found = stage.call("start", player, f"{ladder[0]}/small.mp4/~/{playlist}")
    assert "error" not in found, found
    assert sorted(stage.call("heights")) == [90, 180]
    for height, time in [(180, 8.02), (90, 2.02), (180, 12.02)]:
        steps = [lambda: stage.call("change", height), lambda: stage.driver.execute_script("video.currentTime = arguments[0]", time)]  # noqa: B023
        # Shaka Player takes what it has when it begins to seek.
        for step in reversed(steps) if player == "shaka" else steps:
            step()
        WebDriverWait(stage.driver, 25).until(lambda driver: driver.execute_script("return video.videoHeight") == height)  # noqa: B023
        if height == 180:
            # The numbers of a smaller picture cannot be read.
            WebDriverWait(stage.driver, 25).until(lambda _: stage.number() == int(time * 25))  # noqa: B023
