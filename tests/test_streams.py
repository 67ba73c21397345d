"""HLS and DASH below a content's `~`, over HTTP: what the playlists name is there, players of other makers take it, and a signature
opens what it was made for and nothing else."""

import pathlib
import re
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree as xml

import m3u8
import pytest
import requests
from mpd_inspector.inspector import MPDInspector
from mpd_inspector.parser import MPDParser

from signatures import Signer, encoded, policy

PLAYED = ["counter.mkv", "counter.mp4", "counter-fragmented.mp4", "counter-open-gop.mp4", "two-audio.mp4", "tone.m4a"]
# What ffmpeg says of a part: a decoder misses the pictures of an open group that are left out, since they need the group before;
# and ffmpeg adds the greatest negative composition offset so far to all times, which jumps if a later segment has a greater one.
KNOWN = ["unref short failure", "non monotonically increasing dts", "repeated"]

NOT_PLAYED = {"formats/wave.wav": "PCM", "formats/vorbis.ogg": "orbis", "formats/layer-2.mp2": "layer"}


def master(server, name: str, part: str = "") -> str:
    return f"{server.url}/media/demo/{name}/~/{part}master.m3u8"


@pytest.mark.parametrize("name", PLAYED)
def test_what_the_playlists_name_is_there(server, name):
    url = master(server, name)
    variants = m3u8.load(url)
    assert variants.is_variant and variants.playlists
    sounds = [sound.absolute_uri for sound in variants.media if sound.type == "AUDIO" and sound.uri]
    playlists = [variants.playlists[0].absolute_uri, *sounds]
    durations = []
    for address in playlists:
        playlist = m3u8.load(address)
        assert playlist.is_endlist and playlist.playlist_type == "vod" and playlist.segments
        assert max(round(segment.duration) for segment in playlist.segments) <= playlist.target_duration
        durations.append(sum(segment.duration for segment in playlist.segments))
        for segment in [playlist.segment_map[0], *playlist.segments]:
            answer = requests.get(segment.absolute_uri)
            assert answer.status_code == 200, segment.absolute_uri
            assert answer.headers["content-type"] in ("video/mp4", "audio/mp4")
            assert "immutable" in answer.headers["cache-control"] and "private" not in answer.headers["cache-control"]
    # Sound and pictures last as long as each other, but for the delay of an encoder.
    assert max(durations) - min(durations) < 0.2


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("part", ["", "t=5.2,7.12/"])
def test_ffmpeg_plays_it(server, name, part):
    # The pictures before a part last one tick each of a timescale of 20 MHz.
    exact = "-fps_mode passthrough -enc_time_base 1:50000000 -f null -".split()
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", master(server, name, part), *exact], capture_output=True)
    complaints = [line for line in done.stderr.decode().splitlines() if not any(known in line for known in KNOWN)]
    assert (done.returncode, complaints) == (0, [])


def test_about_says_in_which_forms_a_content_plays_and_why_not_in_others(server):
    about = requests.get(f"{server.url}/media/demo/counter.mkv/~/about.json").json()
    assert about["forms"]["hls"] == {"url": "master.m3u8", "mime": "application/vnd.apple.mpegurl", "codecs": "avc1.640015,mp4a.40.2"}
    assert [track["kind"] for track in about["tracks"]] == ["video", "audio", "text"]
    stored = urllib.parse.urljoin(f"{server.url}/media/demo/counter.mkv/~/about.json", about["forms"]["file"]["url"])
    assert stored == f"{server.url}/media/demo/counter.mkv"
    for name, reason in NOT_PLAYED.items():
        about = requests.get(f"{server.url}/media/demo/{name}/~/about.json").json()
        assert reason in about["forms"]["hls"]["unavailable"], about
        refused = requests.get(master(server, name))
        assert refused.status_code == 415 and reason in refused.json()["detail"]


def test_chapters_are_webvtt_and_data(server):
    base = f"{server.url}/media/demo/chapters.mkv/~"
    whole = requests.get(f"{base}/chapters.vtt")
    assert whole.headers["content-type"] == "text/vtt" and whole.text.startswith("WEBVTT\n\n")
    listed = requests.get(f"{base}/chapters.json").json()["chapters"]
    assert whole.text.count(" --> ") == len(listed) > 1
    first = listed[0]
    part = requests.get(f"{base}/t={first['start']},{first['end'] - 0.5}/chapters.vtt").text
    assert part.count(" --> ") == 1 and "00:00:00.000 --> " in part
    assert requests.get(f"{server.url}/media/demo/counter.webm/~/chapters.vtt").text == "WEBVTT\n"


def test_any_content_is_given_out_as_one_mp4(server, samples):
    for name in ["counter.mkv", "formats/reordered.flv", "formats/wave.wav", "formats/layer-2.mp2", "counter.webm"]:
        about = requests.get(f"{server.url}/media/demo/{name}/~/about.json").json()
        form = about["forms"]["mp4"]
        url = urllib.parse.urljoin(f"{server.url}/media/demo/{name}/~/about.json", form["url"])
        whole = requests.get(url)
        assert (whole.status_code, whole.headers["content-type"]) == (200, form["mime"]), name
        assert requests.head(url).headers["content-length"] == str(len(whole.content))
        middle = requests.get(url, headers={"range": "bytes=1000-1999"})
        assert (middle.status_code, middle.content) == (206, whole.content[1000:2000])
        part = requests.get(f"{url}?t=0.5,1.5")
        assert part.headers["etag"] != whole.headers["etag"] and len(part.content) < len(whole.content)
        assert requests.get(url.replace("media.mp4", "t=0.5,1.5/media.mp4")).content == part.content
        probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", f"{url}?t=0.5,1.5"]
        assert float(subprocess.check_output(probe)) == pytest.approx(1, abs=0.05), name
    stored = requests.get(f"{server.url}/media/demo/counter.mp4/~/media.mp4")
    assert stored.content == (samples / "counter.mp4").read_bytes()
    for name in ("formats/h264.ts", "formats/system.mpg"):
        refused = requests.get(f"{server.url}/media/demo/{name}/~/media.mp4")
        assert refused.status_code == 415 and "packets" in refused.json()["detail"]
    assert requests.get(f"{server.url}/media/demo/counter.mkv/~/media.mp4?t=999").status_code in (404, 416)


def test_names_that_are_not_there_are_404(server):
    base = f"{server.url}/media/demo/counter.mkv/~"
    variants = m3u8.load(f"{base}/master.m3u8")
    playlist = m3u8.load(variants.playlists[0].absolute_uri)
    segment = playlist.segments[1].absolute_uri
    time = int(re.search(r"(\d+)\.m4s$", segment).group(1))
    version = re.search(r"/v-([^/]+)/", segment).group(1)
    for url in [
        segment.replace(f"{time}.m4s", f"{time + 1}.m4s"),
        segment.replace(version, "0" * len(version)),
        segment.replace("/1-1000/", "/3-1000/"),
        segment.replace("/1-1000/", "/1-1001/"),
        f"{base}/banana.m3u8",
        f"{base}/t=99,/master.m3u8",
        f"{base}/track=9/master.m3u8",
        f"{base}/t=banana/master.m3u8",
        f"{base}/",
    ]:
        answer = requests.get(url)
        assert answer.status_code == 404 and answer.headers["cache-control"] == "no-store", url
    assert requests.get(segment).status_code == 200


def test_playlists_are_compressed_and_segments_give_byte_ranges(server):
    url = master(server, "counter.mkv")
    plain = requests.get(url, headers={"accept-encoding": "identity"})
    packed = requests.get(url, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text and packed.headers["etag"] == f"W/{plain.headers['etag']}"
    assert requests.get(url, headers={"if-none-match": packed.headers["etag"]}).status_code == 304
    segment = m3u8.load(m3u8.load(url).playlists[0].absolute_uri).segments[0].absolute_uri
    whole = requests.get(segment)
    part = requests.get(segment, headers={"range": "bytes=10-99"})
    assert part.status_code == 206 and part.content == whole.content[10:100]
    head = requests.head(segment)
    assert head.headers["content-length"] == str(len(whole.content)) and head.headers["etag"] == whole.headers["etag"]


def test_a_manifest_is_xml_that_says_what_the_playlists_say(server):
    namespace = {"": "urn:mpeg:dash:schema:mpd:2011"}
    manifest = xml.fromstring(requests.get(f"{server.url}/media/demo/two-audio.mp4/~/manifest.mpd").content)
    sets = manifest.findall("Period/AdaptationSet", namespace)
    assert [found.get("contentType") for found in sets] == ["video", "audio", "audio", "video"]
    for found in sets:
        template = found.find("SegmentTemplate", namespace)
        time = int(template.find("SegmentTimeline/S", namespace).get("t"))
        address = template.get("media").replace("$Time$", str(time))
        assert requests.get(f"{server.url}/media/demo/two-audio.mp4/~/{address}").status_code == 200
        assert requests.get(f"{server.url}/media/demo/two-audio.mp4/~/{template.get('initialization')}").status_code == 200


def test_package_writes_the_same_streams_as_files(server, reelspan, samples, tmp_path):
    done = reelspan("package", samples / "counter.mkv", tmp_path / "out", "--fragment", "t=4.96,7.12")
    assert b"segments in 2 tracks" in done.stderr
    variants = m3u8.load(master(server, "counter.mkv", "t=4.96,7.12/"))
    served = requests.get(m3u8.load(variants.playlists[0].absolute_uri).segments[0].absolute_uri).content
    written = m3u8.load(str(tmp_path / "out" / "master.m3u8"))
    segment = m3u8.load(written.playlists[0].absolute_uri).segments[0].absolute_uri
    assert pathlib.Path(segment).read_bytes() == served
    reelspan("package", samples / "counter.mkv", tmp_path / "out", status=2)


@pytest.fixture(scope="module")
def packaged(binary, samples, tmp_path_factory):
    """The streams of every sample that has any, and of a part of each, as files."""
    folder = tmp_path_factory.mktemp("packaged")
    for sample in sorted([*samples.glob("*.*"), *samples.glob("formats/*")]):
        for name, part in [("whole", []), ("part", ["--fragment", "t=1.5,3.04"])]:
            subprocess.run([binary, "package", sample, folder / sample.name / name, *part], capture_output=True, timeout=60)
    return folder


def test_parsers_of_other_makers_find_no_fault(packaged, root):
    modules = root / "web/node_modules"
    if not (modules / "hls-parser").exists():
        pytest.skip("the parsers are not there: make web")
    assert len(list(packaged.glob("*/whole/master.m3u8"))) > 30
    done = subprocess.run(["node", root / "tests/support/judges.mjs", modules, packaged], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_manifest_names_is_there_and_lasts_as_long_as_it_says(packaged):
    manifests = list(packaged.glob("*/*/manifest.mpd"))
    assert len(manifests) > 50
    for path in manifests:
        inspected = MPDInspector(MPDParser.from_file(str(path)))
        inspected.base_uri = "file:///"
        (period,) = inspected.periods
        sets = period.adaptation_sets
        assert inspected.is_vod() and sets, path
        # Captions are one file.
        divided = [found for found in sets if found.mime_type != "text/vtt"]
        for representation in [one for found in divided for one in found.representations]:
            segments = list(representation.segment_information.segments)
            files = [url.removeprefix("file:///") for segment in segments for url in [*segment.urls, *segment.init_urls]]
            assert segments and all((path.parent / file).exists() for file in files), path
            lasts = sum(segment.duration for segment in segments)
            # A track may be shorter than the others; sound begins with what its decoder needs before a part.
            assert 0.5 < lasts <= inspected.media_presentation_duration.total_seconds() + 0.8, path


def test_a_content_cannot_be_called_by_the_reserved_segment(rest):
    space = rest.space()
    for name, status in [("a/~/b.mp4", 400), ("~", 400), ("a/~", 400), ("~user/a~.mp4", 201), ("a~/b", 201)]:
        answer = rest("PUT", f"{space}/{name}", data=b"media")
        assert answer.status_code == status, name
        assert status == 201 or "'~' alone" in answer.text


def test_one_signature_opens_a_stream_and_its_playlists_carry_it(streaming):
    """A player that sends no cookies and changes no URLs plays from the signed address alone."""
    whole = streaming.signed("films", "counter.mp4", form="hls")
    for address in (whole, streaming.media(whole)):
        assert requests.get(address.partition("?")[0]).status_code == 403
        variants = m3u8.load(address)
        playlist = m3u8.load(variants.playlists[0].absolute_uri)
        segment = playlist.segments[1].absolute_uri
        assert "Signature=" in segment
        answer = requests.get(segment)
        assert answer.status_code == 200 and "private" in answer.headers["cache-control"]
        assert requests.get(segment.partition("?")[0]).status_code == 403
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", address, "-f", "null", "-"], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_signed_excerpt_opens_its_own_stream_and_nothing_else(streaming):
    address = streaming.signed("films", "counter.mp4", form="hls", fragment="t=12.48,20")
    url, _, signature = address.partition("?")
    base = url.removesuffix("master.m3u8")
    content = base.partition("/~/")[0]
    variants = m3u8.load(address)
    inside = m3u8.load(variants.playlists[0].absolute_uri).segments
    assert all(requests.get(segment.absolute_uri).status_code == 200 for segment in inside)
    times = {int(re.search(r"(\d+)\.m4s", segment.absolute_uri).group(1)) for segment in inside}
    folder = inside[0].absolute_uri.partition("?")[0].rpartition("/")[0]
    refused = [
        content,
        f"{content}?t=12.48,20",
        f"{content}/~/master.m3u8",
        f"{content}/~/about.json",
        f"{content}/~/t=12.48,21/master.m3u8",
        f"{content}/~/t=12.48,20%26t=0,40/master.m3u8",
        f"{content}/~/t%3D12.48,20/master.m3u8",
        f"{base}../master.m3u8",
        f"{base}%2e%2e/master.m3u8",
        f"{base}..%2Fmaster.m3u8",
        f"{base}t=0,40/master.m3u8",
        f"{base}about.json",
        *(f"{folder}/{time}.m4s" for time in {*range(0, 400_000_000, 20_480_000)} - times),
    ]
    for there in refused:
        joined = f"{there}{'&' if '?' in there else '?'}{signature}"
        request = requests.Request("GET", joined).prepare()
        request.url = joined
        answer = requests.Session().send(request)
        assert answer.status_code in (400, 403, 404), there


def test_a_playlist_carries_no_copy_of_a_signature_that_does_not_open_it(streaming):
    """The signature itself is right each time: CloudFront would let the request through."""
    signer, now = streaming.signer(), int(time.time())
    address = streaming.signed("films", "counter.mp4", form="hls")
    url, _, signature = address.partition("?")
    signature = signature.partition("&s=")[0]
    prefix = url.removesuffix("master.m3u8")
    other = streaming.signed("films", "two-audio.mp4", form="hls").partition("?")[0].removesuffix("master.m3u8")
    excerpt = streaming.signed("films", "counter.mp4", form="hls", fragment="t=12.48,20").partition("?")[0].removesuffix("master.m3u8")

    def copy(parts: dict[str, str]) -> str:
        return f"s={parts['Policy']}.{parts['Signature']}.{parts['Key-Pair-Id']}"

    good = signer.custom(f"{prefix}*")
    copies = {
        "of the same": (copy(good), 200),
        "for this address": (copy(signer.custom(f"{prefix}*", address="127.0.0.0/8")), 200),
        "that is empty": ("s=", 403),
        "that is none": ("s=banana", 403),
        "that goes on": (copy(good) + ".x", 403),
        "that comes twice": (f"{copy(good)}&{copy(good)}", 403),
        "with a line break": (copy(good) + "%0A#EXT", 403),
        "with another signature": (copy(good | {"Signature": signer.custom(f"{other}*")["Signature"]}), 403),
        "with another policy": (copy(good | {"Policy": encoded(policy(f"{prefix}*", now + 9).encode())}), 403),
        "by another key": (copy(Signer.made("K0STRANGER0000").custom(f"{prefix}*")), 403),
        "by another key under the name of ours": (copy(Signer.made(signer.key_id).custom(f"{prefix}*")), 403),
        "that has expired": (copy(signer.custom(f"{prefix}*", until=now - 1)), 403),
        "that is not valid yet": (copy(signer.custom(f"{prefix}*", since=now + 900)), 403),
        "for another address": (copy(signer.custom(f"{prefix}*", address="203.0.113.9/32")), 403),
        "for another content": (copy(signer.custom(f"{other}*")), 403),
        "for an excerpt": (copy(signer.custom(f"{excerpt}*")), 403),
    }
    for about, (given, status) in copies.items():
        for host in (url, streaming.media(url)):
            # On the HTTP API, the signature is for the whole query; a wildcard covers it.
            answer = requests.get(f"{host}?{signature}&{given}")
            assert answer.status_code == status, (about, host, answer.text)
            carried = given if status == 200 else "Signature="
            assert (carried in answer.text) == (status == 200), about
