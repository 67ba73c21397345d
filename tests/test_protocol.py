"""The media fragment protocol beyond time in seconds: every unit, tracks, setup, redirects, ranges of cuts, the validator."""

import pathlib
import re

import pytest

import media
from answers import is_problem, mapping, parts

CONTAINERS = ["counter.mp4", "counter-fragmented.mp4", "counter.webm", "counter.mkv"]


def ask(get, name, value, query="", **fields):
    return get(name, query, Range=value, **fields)


def laid(answer, whole: bytes) -> list[tuple[int, int]]:
    """The byte ranges of an answer, which must be those of the whole, and those that its header fields promise."""
    found = parts(answer)
    for part in found:
        assert part.length == len(whole)
        assert part.content == whole[part.first : part.last + 1]
    ranges = [(part.first, part.last) for part in found]
    promised = re.search(r"= \{ bytes ([\d,-]+)/(\d+) \}$", answer.headers["Content-Range-Mapping"])
    assert promised[1] == ",".join(f"{first}-{last}" for first, last in ranges)
    assert int(promised[2]) == len(whole)
    assert answer.headers["Vary"] == "Range, Accept-Range-Redirect"
    return ranges


# The working group's server test cases, with a file of ours.


def test_the_working_groups_requests_get_the_working_groups_answers(get, samples):
    whole = (samples / "counter.webm").read_bytes()
    answer = get("counter.webm")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "video/webm")
    for empty in ("t:npt=3-3", "t:npt=7-3"):
        is_problem(ask(get, "counter.webm", empty), 416)
    answer = ask(get, "counter.webm", "t:npt=0-40.008")
    start, end, duration, _, _ = mapping(answer)
    # The clusters are the whole file except what precedes them, and the cues after them.
    [(first, last)] = laid(answer, whole)
    setup = parts(ask(get, "counter.webm", "include-setup"))[-1].last
    assert first == setup + 1 and whole[last + 1 :].startswith(b"\x1c\x53\xbb\x6b")
    assert (start, end, duration) == pytest.approx((0, 40.008, 40.008), abs=0.01)
    answer = ask(get, "counter.webm", "t:npt=3-7")
    start, end, duration, _, _ = mapping(answer)
    assert start <= 3 and end >= 7 and laid(answer, whole)


# Units.


@pytest.mark.parametrize(
    ("value", "same", "unit"),
    [
        ("t:smpte-25=0:00:12:12-0:00:20", "t:npt=12.48-20", "smpte-25"),
        ("t:smpte-25=0:00:12:12-", "t:npt=12.48-", "smpte-25"),
        ('t:clock="2010-10-22T07:33:57Z"-"2010-10-22T07:33:59.5Z"', "t:npt=4-6.5", "clock"),
        ('t:clock="2010-10-22T09:33:57+02:00"-', "t:npt=4-", "clock"),
    ],
)
def test_a_range_in_any_unit_is_that_range_in_seconds(get, samples, value, same, unit):
    name = "chapters.mkv" if unit == "clock" else "counter.mp4"
    whole = (samples / name).read_bytes()
    answer, in_seconds = ask(get, name, value), ask(get, name, same)
    assert laid(answer, whole) == laid(in_seconds, whole)
    assert answer.headers["Content-Range-Mapping"].startswith(f"{{ t:{unit} ")


@pytest.mark.parametrize(
    "value", ["t:smpte=0:00:12-", "t:smpte-30=0:00:12-", "t:smpte-30-drop=0:00:12-", 't:clock="2010-10-22T07:33:57Z"-']
)
def test_a_unit_that_means_nothing_for_the_file_is_not_there(get, samples, value):
    answer = ask(get, "counter.webm", value)
    assert (answer.status_code, answer.content) == (200, (samples / "counter.webm").read_bytes())


@pytest.mark.parametrize(
    ("query", "same"),
    [
        ("t=smpte-25:0:00:12:12,0:00:20", "t=12.48,20"),
        ("t=smpte-25:,0:00:02", "t=0,2"),
        ("t=smpte-30:0:00:12&t=npt:12.48,20&t=banana", "t=12.48,20"),
    ],
)
def test_a_query_in_any_unit_is_that_query_in_seconds(get, query, same):
    answer, in_seconds = get("counter.mp4", query), get("counter.mp4", same)
    assert answer.status_code == 200
    assert (answer.content, answer.headers["ETag"]) == (in_seconds.content, in_seconds.headers["ETag"])


def test_drop_frame_time_codes_are_for_videos_of_29_97_frames_a_second(reelspan, new_server, tmp_path):
    folder = tmp_path / "ntsc"
    folder.mkdir()
    source = "testsrc=size=64x48:rate=30000/1001:duration=70"
    media.output("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-g", "30", "-pix_fmt", "yuv420p", folder / "ntsc.mp4")
    new_server.imports = {"demo": folder}
    url = new_server.start().media("ntsc.mp4")

    def duration(query: str) -> float:
        path = tmp_path / "cut.mp4"
        path.write_bytes(media.output("curl", "-sf", f"{url}?{query}"))
        return media.duration(path)

    # 0:01:00:02 is the frame after 0:00:59:29, the 1800th, and so is shown at 60.06 s.
    assert duration("t=smpte-30-drop:0:00:59:29,0:01:00:02") == pytest.approx(1001 / 30000, abs=0.001)
    assert duration("t=smpte-30-drop:0:01:00:02") == pytest.approx(70 - 60.06, abs=0.1)
    assert duration("t=smpte-30:0:00:59:29,0:01:00:02") == pytest.approx(70, abs=0.1)
    assert new_server.stop() == 0


# Chapters.


@pytest.mark.parametrize("name", ["chapters.m4a", "chapters.mkv"])
def test_a_chapter_is_the_same_as_its_time(get, samples, name):
    whole = (samples / name).read_bytes()
    by_name, by_time = get(name, "id=song1"), get(name, "t=3,7")
    assert by_name.status_code == 200 and by_name.content == by_time.content != whole
    chapter, time = ask(get, name, "id=song1"), ask(get, name, "t:npt=3-7")
    assert laid(chapter, whole) == laid(time, whole)
    assert ";id song1 }" in chapter.headers["Content-Range-Mapping"]
    assert get(name, "id=nosuch").content == whole
    is_problem(ask(get, name, "id=nosuch"), 416)
    part, same = get(name, "id=song1&t=5,9"), get(name, "t=5,7")
    assert part.content == same.content
    is_problem(get(name, "id=song1&t=8,9"), 404)


# Tracks and setup.


def sample_bytes(path: pathlib.Path, kind: str, place: int = 0) -> list[tuple[int, int]]:
    """Where ffprobe sees the samples of a track."""
    found = media.probe(path, "-select_streams", f"{kind[0]}:{place}", "-show_packets", *media.raw(path))["packets"]
    return [(int(packet["pos"]), int(packet["pos"]) + int(packet["size"]) - 1) for packet in found]


@pytest.mark.parametrize(("value", "kind", "place"), [("track=video", "video", 0), ("track=2", "audio", 0), ("track=3", "audio", 1)])
def test_a_track_of_a_range_is_every_byte_of_its_samples(get, samples, value, kind, place):
    path = samples / "two-audio.mp4"
    answer = ask(get, "two-audio.mp4", value)
    assert f";{value.replace('=', ' ')} }}" in answer.headers["Content-Range-Mapping"]
    ranges = laid(answer, path.read_bytes())
    assert answer.headers["Content-Type"].startswith("multipart/byteranges")
    assert len(ranges) <= 64 and ranges == sorted(ranges)
    for first, last in sample_bytes(path, kind, place):
        assert any(start <= first and last <= end for start, end in ranges), (first, last)
    given = sum(last - first + 1 for first, last in ranges)
    assert given < path.stat().st_size * 0.9, "the other tracks came too"


@pytest.mark.parametrize("query", ["track=audio", "track=2&track=3", "track=3"])
def test_a_track_of_a_query_has_no_byte_of_the_others(get, samples, tmp_path, query):
    path, original = tmp_path / "cut.mp4", samples / "two-audio.mp4"
    path.write_bytes(get("two-audio.mp4", query).content)
    found = media.packets(path)
    wanted = [("audio", 1)] if query == "track=3" else [("audio", 0), ("audio", 1)]
    assert [[packet.digest for packet in packets] for packets in found.values()] == [
        [packet.digest for packet in media.packets(original)[track]] for track in wanted
    ]
    samples_of_cut = sum(int(packet["size"]) for packet in media.probe(path, "-show_packets")["packets"])
    moov = path.read_bytes().index(b"mdat") + 4
    assert path.stat().st_size == moov + samples_of_cut


@pytest.mark.parametrize("name", CONTAINERS)
def test_setup_comes_with_a_fragment_or_alone(get, samples, name):
    whole = (samples / name).read_bytes()
    setup = laid(ask(get, name, "include-setup"), whole)
    fragment = laid(ask(get, name, "t:npt=13-15"), whole)
    answer = ask(get, name, "t:npt=13-15;include-setup")
    both = laid(answer, whole)
    assert both[: len(setup)] == setup and ";include-setup }" in answer.headers["Content-Range-Mapping"]
    assert answer.headers["Content-Type"].startswith("multipart/byteranges")
    assert {byte for first, last in both for byte in range(first, last + 1)} == {
        byte for first, last in setup + fragment for byte in range(first, last + 1)
    }


@pytest.mark.parametrize("name", ["counter-fragmented.mp4", "counter.webm", "counter.mkv"])
def test_setup_and_a_fragment_of_whole_elements_play(get, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"".join(part.content for part in parts(ask(get, name, "t:npt=13-15;include-setup"))))
    assert media.pictures(path)[0] == 300, "it begins with the group of pictures that 13 s is in"
    # The segment's size is the original's.
    assert media.complaints(path) <= {"File ended prematurely at pos.  (x)"}


def test_one_track_of_an_interleaved_hour_passes_through_gateways(new_server, samples, tmp_path):
    folder = tmp_path / "long"
    folder.mkdir()
    loop = ["ffmpeg", "-v", "error", "-stream_loop", "90", "-i", samples / "counter.mp4", "-c", "copy"]
    media.output(*loop, folder / "hour.mp4")
    new_server.imports = {"demo": folder}
    url = new_server.start().media("hour.mp4")
    assert media.duration(folder / "hour.mp4") > 3600
    for value in ("track=audio", "track=video;include-setup", "t:npt=1800-;track=2"):
        head = media.output("curl", "-sf", "-D", "-", "-o", "/dev/null", "-H", f"Range: {value}", url)
        assert b"multipart/byteranges" in head and b"Content-Range-Mapping" in head.title()
        assert head.lower().count(b"-") >= 60 and len(head) < 10_000
    assert new_server.stop() == 0


# Redirects.


@pytest.mark.parametrize("query", ["", "t=5,30"])
@pytest.mark.parametrize("value", ["t:npt=10-20", "t:npt=10-20;include-setup", "track=audio;t:npt=3-4"])
def test_a_redirect_to_bytes_leads_to_the_same_bytes(get, query, value):
    direct = ask(get, "counter.mp4", value, query)
    answer = ask(get, "counter.mp4", value, query, Accept_Range_Redirect="bytes")
    assert (answer.status_code, answer.content) == (307, b"")
    assert answer.headers["Content-Range-Mapping"] == direct.headers["Content-Range-Mapping"]
    assert "Accept-Range-Redirect" in answer.headers["Vary"]
    assert answer.request.url.endswith(answer.headers["Location"])
    unit, ranges = answer.headers["Range-Redirect"].split(" ")
    followed = get("counter.mp4", query, Range=f"{unit}={ranges}", Accept_Range_Redirect="bytes")
    # Byte ranges that touch become one.
    assert b"".join(part.content for part in parts(followed)) == b"".join(part.content for part in parts(direct))


def test_only_fragments_are_redirected(get):
    for value, status in [("bytes=0-1", 206), ("t:npt=7-3", 416), ("lines=1-2", 200), ("t:smpte-30=0:00:01-", 200)]:
        assert ask(get, "counter.mp4", value, Accept_Range_Redirect="bytes").status_code == status
    assert ask(get, "counter.mp4", "t:npt=3-7", Accept_Range_Redirect="lines").status_code == 206


# Query and Range together.


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_range_of_a_cut_is_in_the_cuts_own_time_and_bytes(get, name):
    cut = get(name, "t=12.48,27")
    form = r"\{ t:npt ([\d.]+)-([\d.]+)/([\d.]+) \} = \{ bytes (\d+)-(\d+)/(\d+) \}"
    answer = ask(get, name, "t:npt=10-20", "t=12.48,27")
    assert laid(answer, cut.content)
    start, end, duration, *_ = map(float, re.fullmatch(form, answer.headers["Content-Range-Mapping"]).groups())
    # If the format begins at the previous sync point, the cut is longer by that.
    lead = 0.0 if name.endswith(".mp4") and "fragmented" not in name else duration - 14.52
    assert 0 <= lead < 1 and duration == pytest.approx(14.52 + lead, abs=0.03)
    assert start <= 10 and end == pytest.approx(duration, abs=0.03)
    assert answer.headers["ETag"] == cut.headers["ETag"]
    is_problem(ask(get, name, "t:npt=20-30", "t=12.48,27"), 416)
    is_problem(ask(get, name, "track=nosuch", "t=12.48,27"), 416)
    is_problem(ask(get, name, "track=video", "t=12.48,27&track=audio"), 416)
    setup = laid(ask(get, name, "include-setup", "t=12.48,27"), cut.content)
    pieces = [laid(ask(get, name, f"t:npt={at}-{at + 5}", "t=12.48,27"), cut.content) for at in (0, 5, 10)]
    covered = {byte for piece in [setup, *pieces] for first, last in piece for byte in range(first, last + 1)}
    left = len(cut.content) - len(covered)
    assert left == 0 or not name.endswith("mp4"), f"{left} bytes of the cut are in no part of it"


# Other clients.


def test_curl_and_a_library_read_multipart_as_it_is_meant(server, samples):
    whole = (samples / "counter.mp4").read_bytes()
    url = server.media("counter.mp4")
    body = media.output("curl", "-sf", "--range", "0-99,500-599,-7", "-D", "/dev/stderr", url)
    assert all(piece in body for piece in (whole[:100], whole[500:600], whole[-7:]))
    assert media.output("curl", "-sf", "--range", "100-299", url) == whole[100:300]
    joined = b"".join(media.output("curl", "-sf", "--range", f"{at}-{at + 49_999}", url) for at in range(0, len(whole), 50_000))
    assert joined == whole


def test_other_sites_may_ask_for_fragments(server):
    fields = ["-H", "Origin: https://library.example", "-H", "Access-Control-Request-Method: GET"]
    fields += ["-H", "Access-Control-Request-Headers: range,accept-range-redirect"]
    for path in ("/media/demo/counter.mp4", "/validate"):
        head = media.output("curl", "-sf", "-X", "OPTIONS", "-D", "-", *fields, server.url + path).decode().lower()
        assert "access-control-allow-origin: *" in head
        assert "accept-range-redirect" in re.search(r"access-control-allow-headers: (.*)", head)[1]


# The validator.


@pytest.fixture
def validate(client, server):
    def report(uri: str, status: int = 200):
        answer = client.get(f"{server.url}/validate", params={"uri": uri}, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    return report


@pytest.mark.parametrize(
    ("fragment", "valid", "normalised", "why"),
    [
        ("t=3,7", True, "t=npt:3,7", []),
        ("t=npt:,0:00:07.5&track=n%40m3%20%26%3D", True, "t=npt:,7.5&track=n%40m3%20%26%3D", []),
        ("xywh=percent:25,25,50,50", True, "xywh=percent:25,25,50,50", []),
        ("t=7,3", False, "", ["not in the grammar: the start is not before the end (at 1)"]),
        ("t=3&t=banana", True, "t=npt:3", ["not in the grammar: a digit is expected (at 0)"]),
        ("T=3&t=%zz", False, "", ["no dimension has this name", "not a name and a value: '%' stands before two hexadecimal digits (at 2)"]),
        ("", False, "", []),
    ],
)
def test_the_validator_says_what_a_uri_means_and_what_is_ignored(validate, fragment, valid, normalised, why):
    for mark, member in (("#", "hash"), ("?", "query")):
        report = validate(f"https://elsewhere.example/a.mp4{mark}{fragment}")
        assert report["mediaFragment"] is valid and report[member]["normalised"] == normalised
        assert [ignored["why"] for ignored in report[member]["ignored"]] == why
        assert "media" not in report


def test_the_validator_resolves_what_is_here(validate, server, get):
    report = validate(server.media("two-audio.mp4") + "?t=3,7&track=audio&track=nosuch#t=smpte-30:0:00:01")
    assert report["media"]["content"] == "two-audio.mp4" and len(report["media"]["tracks"]) == 3
    query, answer = report["query"], ask(get, "two-audio.mp4", report["query"]["range"])
    assert query["range"] == "track=audio;track=nosuch;t:npt=3-7"
    partial = query["resolved"]["range"]["partial"]
    assert partial["contentRangeMapping"] == answer.headers["Content-Range-Mapping"]
    assert [tuple(pair) for pair in partial["bytes"]] == [(part.first, part.last) for part in parts(answer)]
    assert query["resolved"]["ignored"] == [{"dimension": "track=nosuch", "why": "the file has no such track"}]
    cut = query["resolved"]["query"]["cut"]
    whole = get("two-audio.mp4", "t=3,7&track=audio")
    assert (cut["bytes"], cut["type"]) == (len(whole.content), whole.headers["Content-Type"])
    [ignored] = report["hash"]["resolved"]["ignored"]
    assert ignored["why"] == "the video has 25.000 frames a second"
    assert report["hash"]["resolved"]["range"] == "ignored"


def test_the_validator_refuses_what_is_no_question(client, server, validate):
    for query in ("", "?uri=", "?uri=%ff", "?uri=" + "a" * 9000):
        is_problem(client.get(f"{server.url}/validate{query}", timeout=30), 400)
    is_problem(client.get(f"{server.url}/validate?uri=/media/demo/nosuch.mp4", timeout=30), 404)
    assert "media" not in validate("/elsewhere/a.mp4?t=1")
