"""The answers of `/media/{space}/{content}`, row by row; and all ways to request bytes return the same ones."""

import email.utils
import hashlib
import random
import re

import pytest
import requests

import media
from answers import content_range, is_problem, mapping

CUT = "t=12.48,20"
MP4, WEBM = "counter.mp4", "counter.webm"
CONTAINERS = ["counter.mp4", "counter-fragmented.mp4", "counter.webm", "counter.mkv"]


# The original.


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("counter.mp4", "video/mp4"),
        ("counter-fragmented.mp4", "video/mp4"),
        ("counter.mov", "video/quicktime"),
        ("counter.webm", "video/webm"),
        ("counter.mkv", "video/x-matroska"),
        ("tone.m4a", "audio/mp4"),
    ],
)
def test_the_original_is_given_as_it_is_stored(get, samples, name, media_type):
    answer = get(name)
    assert answer.status_code == 200
    assert answer.content == (samples / name).read_bytes()
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Accept-Ranges"] == "bytes, t, track, id"
    assert re.fullmatch(r'"[^"]+"', answer.headers["ETag"])
    assert email.utils.parsedate_to_datetime(answer.headers["Last-Modified"])


@pytest.mark.parametrize(
    "query",
    ["t=3,3", "t=7,3", "t=banana", "t=", "t=npt:", "t=1:2:3", "t=-1,2", "t=3s,4s", "t=1,2,3", "T=1,2", "track=nosuch", "track=",
     "id=nosuch", "xywh=0,0,10,10", "other=1", "t=3,3&track=nosuch", "%74%3D1,2"],
)  # fmt: skip
def test_a_dimension_that_means_nothing_is_as_if_it_were_not_there(get, samples, query):
    answer = get(MP4, query)
    assert answer.status_code == 200
    assert answer.content == (samples / MP4).read_bytes()
    assert answer.headers["ETag"] == get(MP4).headers["ETag"]


# Cuts.


@pytest.mark.parametrize(
    ("same", "as_that"),
    [
        ("t=npt:12.48,20", CUT),
        ("t=12.480,20.0", CUT),
        ("t=0:12.48,0:20", None),
        ("t=00:12.48,00:20", CUT),
        ("t=0:00:12.48,0:00:20", CUT),
        ("t=npt:00:00:12.48,20", CUT),
        ("%74=%31%32.48%2C20", CUT),
        ("t=npt%3A12.48,20", CUT),
        ("t=1,2&t=12.48,20", CUT),
        ("t=12.48,20&t=banana", CUT),
        ("t=12.48,20&track=nosuch", CUT),
        ("xywh=0,0,1,1&t=12.48,20", CUT),
        ("t=,10", "t=0,10"),
        ("t=30", "t=30,40"),
        ("t=30,99", "t=30,40"),
        ("track=1", "track=video"),
        ("track=2&t=5,6", "t=5,6&track=audio"),
    ],
)
def test_one_thing_said_in_other_words_has_the_same_bytes(get, samples, same, as_that):
    answer = get(MP4, same)
    assert answer.status_code == 200
    if as_that is None:
        # Minutes have two digits.
        assert answer.content == (samples / MP4).read_bytes()
    else:
        assert answer.content == get(MP4, as_that).content
        assert answer.content != (samples / MP4).read_bytes()


def test_a_cut_says_what_it_is(get):
    answer = get(MP4, CUT)
    assert answer.status_code == 200
    assert answer.headers["X-Media-Fragment"] == "t=npt:12.48,20"
    assert answer.headers["Accept-Ranges"] == "bytes, t, track, id"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert re.fullmatch(r'"[^"]+"', answer.headers["ETag"])
    assert get(WEBM, CUT).headers["X-Media-Fragment"] == "t=npt:12.007,20"


def test_a_time_behind_the_end_is_not_there(get):
    problem = is_problem(get(MP4, "t=50,60"), 404)
    assert problem["duration"] == 40
    is_problem(get(MP4, "t=40"), 404)


@pytest.mark.parametrize("name", CONTAINERS)
def test_byte_ranges_of_a_cut_joined_are_the_cut(get, name):
    whole = get(name, CUT)
    length, chance, at = len(whole.content), random.Random(name), 0
    joined = []
    while at < length:
        step = min(length - at, chance.choice([1, 2, 7, 100, 1000, 9999, 50_000]))
        answer = get(name, CUT, Range=f"bytes={at}-{at + step - 1}")
        assert answer.status_code == 206
        assert content_range(answer) == (at, at + step - 1, length)
        assert answer.headers["ETag"] == whole.headers["ETag"]
        assert answer.headers["Vary"].split(", ")[0] == "Range"
        joined.append(answer.content)
        at += step
    assert b"".join(joined) == whole.content


@pytest.mark.parametrize("query", ["", CUT, "track=audio"])
@pytest.mark.parametrize(
    ("range_", "bounds"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=100-199", (100, 200)),
        ("bytes=100-", (100, None)),
        ("bytes=-100", (-100, None)),
        ("bytes=0-999999999", (0, None)),
        ("bytes=-999999999", (0, None)),
        ("bytes=5-5 ", (5, 6)),
    ],
)
def test_a_byte_range_is_a_slice(get, query, range_, bounds):
    whole = get(MP4, query).content
    answer = get(MP4, query, Range=range_)
    assert answer.status_code == 206
    assert answer.content == whole[slice(*bounds)]


@pytest.mark.parametrize("query", ["", CUT])
def test_several_byte_ranges_are_parts_of_one_message(get, query):
    whole = get(MP4, query)
    answer = get(MP4, query, Range="bytes=0-9,100-109,-10")
    assert answer.status_code == 206
    boundary = re.fullmatch(r"multipart/byteranges; boundary=\"?([^\"]+)\"?", answer.headers["Content-Type"])[1]
    parts = answer.content.split(f"--{boundary}".encode())
    assert parts[-1].strip() == b"--"
    bodies = [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in parts[1:-1]]
    assert bodies == [whole.content[0:10], whole.content[100:110], whole.content[-10:]]
    assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("range_", ["bytes=9-3", "bytes=", "bytes=a-b", "lines=1-2", "bytes 0-1", "t:npt=banana", "t:npt=10"])
def test_a_range_in_no_grammar_is_ignored(get, range_):
    assert get(MP4, Range=range_).status_code == 200


@pytest.mark.parametrize("query", ["", CUT])
def test_a_byte_range_behind_the_end_cannot_be_given(get, query):
    length = len(get(MP4, query).content)
    answer = get(MP4, query, Range=f"bytes={length}-")
    is_problem(answer, 416)
    assert answer.headers["Content-Range"] == f"bytes */{length}"


# Time ranges of the original.


@pytest.mark.parametrize("name", CONTAINERS + ["tone.m4a", "two-audio.mp4"])
@pytest.mark.parametrize(("range_", "start", "end"), [("10-15", 10, 15), ("0:00:10-", 10, None), ("0-", 0, None)])
def test_a_time_range_is_verbatim_bytes_and_says_which_time_they_hold(get, samples, name, range_, start, end):
    original = (samples / name).read_bytes()
    answer = get(name, Range=f"t:npt={range_}")
    assert answer.status_code == 206
    given_start, given_end, duration, pairs, length = mapping(answer)
    assert length == len(original)
    assert given_start <= start + 0.1
    assert start - given_start <= 4.1, "more than one group of pictures before"
    assert given_end >= min(end or duration, duration) - 0.001
    assert answer.headers["Vary"].split(", ")[0] == "Range"
    if len(pairs) == 1:
        first, last = pairs[0]
        assert content_range(answer) == (first, last, length)
        assert answer.content == original[first : last + 1]
    else:
        assert answer.headers["Content-Type"].startswith("multipart/byteranges")
        for first, last in pairs:
            assert original[first : last + 1] in answer.content


@pytest.mark.parametrize("name", CONTAINERS)
def test_consecutive_time_ranges_laid_at_their_offsets_are_the_media(get, samples, name):
    length = (samples / name).stat().st_size
    covered = bytearray(length)
    for start in range(0, 40, 5):
        answer = get(name, Range=f"t:npt={start}-{start + 5}")
        for first, last in mapping(answer)[3]:
            covered[first : last + 1] = b"\1" * (last + 1 - first)
    packets = media.probe(samples / name, *media.raw(samples / name), "-show_packets")["packets"]
    missing = [at for at, size in ((int(p["pos"]), int(p["size"])) for p in packets) if not all(covered[at : at + size])]
    assert not missing, f"{len(missing)} of {len(packets)} samples are in no range, the first at byte {missing[0]}"


@pytest.mark.parametrize("range_", ["t:npt=3-3", "t:npt=7-3", "t:npt=50-60", "t:npt=40-"])
def test_a_time_range_that_holds_nothing_cannot_be_given(get, samples, range_):
    answer = get(MP4, Range=range_)
    is_problem(answer, 416)
    assert answer.headers["Content-Range"] == f"bytes */{(samples / MP4).stat().st_size}"


# Conditions.


@pytest.mark.parametrize("query", ["", CUT])
def test_what_a_client_has_is_not_sent_again(get, query):
    whole = get(MP4, query)
    tag, date = whole.headers["ETag"], whole.headers["Last-Modified"]
    for fields in ({"If_None_Match": tag}, {"If_None_Match": f'"x", W/{tag}'}, {"If_None_Match": "*"}, {"If_Modified_Since": date}):
        answer = get(MP4, query, **fields)
        assert answer.status_code == 304, fields
        assert answer.content == b""
        assert answer.headers["ETag"] == tag
        assert answer.headers["Content-Type"] == whole.headers["Content-Type"]
    old = "Thu, 01 Jan 2015 00:00:00 GMT"
    for fields in ({"If_None_Match": '"x"'}, {"If_Modified_Since": old}, {"If_None_Match": '"x"', "If_Modified_Since": date}):
        assert get(MP4, query, **fields).status_code == 200, fields


@pytest.mark.parametrize("query", ["", CUT])
def test_what_a_client_takes_it_for_it_has_to_be(get, query):
    whole = get(MP4, query)
    tag = whole.headers["ETag"]
    assert get(MP4, query, If_Match=tag).status_code == 200
    assert get(MP4, query, If_Match="*").status_code == 200
    is_problem(get(MP4, query, If_Match='"x"'), 412)
    is_problem(get(MP4, query, If_Match=f"W/{tag}"), 412)
    is_problem(get(MP4, query, If_Unmodified_Since="Thu, 01 Jan 2015 00:00:00 GMT"), 412)


@pytest.mark.parametrize("query", ["", CUT])
def test_a_range_of_what_has_changed_is_all_of_it(get, query):
    whole = get(MP4, query)
    same = get(MP4, query, Range="bytes=0-9", If_Range=whole.headers["ETag"])
    assert (same.status_code, same.content) == (206, whole.content[:10])
    other = get(MP4, query, Range="bytes=0-9", If_Range='"x"')
    assert (other.status_code, other.content) == (200, whole.content)


def test_every_resource_has_its_own_validator_and_keeps_it(get):
    queries = ["", CUT, "t=12.48,20.001", "t=12.48,20&track=audio", "track=audio", "track=video", "t=0,1"]
    tags = [get(MP4, query).headers["ETag"] for query in queries]
    assert len(set(tags)) == len(queries)
    assert tags == [get(MP4, query).headers["ETag"] for query in queries]
    digests = {hashlib.sha256(get(MP4, CUT).content).hexdigest() for _ in range(5)}
    assert len(digests) == 1


# Methods, CORS, names.


@pytest.mark.parametrize(
    ("name", "query", "fields"),
    [
        (MP4, "", {}),
        (MP4, CUT, {}),
        (MP4, CUT, {"Range": "bytes=5-9"}),
        (MP4, "", {"Range": "t:npt=10-20"}),
        (WEBM, CUT, {}),
        (MP4, "", {"Range": "bytes=999999999-"}),
        (MP4, "t=50,60", {}),
        ("nosuch.mp4", "", {}),
        (MP4, CUT, {"If_None_Match": "*"}),
        (MP4, CUT, {"If_Match": '"x"'}),
    ],
)
def test_head_is_get_without_the_body(get, name, query, fields):
    with_body, without = (get(name, query, method, **fields) for method in ("GET", "HEAD"))
    assert without.content == b""
    assert without.status_code == with_body.status_code
    differ = {"date"}
    fields_of = [
        {key.lower(): value for key, value in answer.headers.items() if key.lower() not in differ} for answer in (with_body, without)
    ]
    assert fields_of[0] == fields_of[1]


def test_pages_of_any_origin_may_read_all_of_it(get):
    answer = get(MP4, CUT, Origin="https://archive.example.org")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {"accept-ranges", "content-length", "content-range", "content-range-mapping", "etag", "x-media-fragment"}

    preflight = get(
        MP4, method="OPTIONS", Origin="https://archive.example.org",
        Access_Control_Request_Method="GET", Access_Control_Request_Headers="range",
    )  # fmt: skip
    assert preflight.status_code in (200, 204)
    allowed = {name.strip().lower() for name in preflight.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {"range", "accept-range-redirect", "if-none-match", "if-range"}
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(get, method):
    answer = get(MP4, method=method)
    is_problem(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    ["/media/demo/nosuch.mp4", "/media/demo", "/media/demo/", "/nothing", "/media/demo/%2e%2e/x",
     "/media/../../etc/passwd", "/media/demo/..%2f..%2fFORMAT", "/media/D%00mo/x", "/media/demo/" + "a" * 2000],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client, server, path):
    prepared = requests.Request("GET", server.url).prepare()
    prepared.url = server.url + path
    is_problem(client.send(prepared, timeout=10), 404)


def test_a_space_that_does_not_stream_is_nobodys(client, server):
    answer = client.get(f"{server.url}/media/nosuch/counter.mp4", timeout=10)
    is_problem(answer, 403)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_path_that_is_no_text_is_a_bad_request(client, server):
    is_problem(client.get(f"{server.url}/media/demo/%FF%FE", timeout=10), 400)
