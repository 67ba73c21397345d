"""What a signed excerpt discloses: files with one keyframe and with one a second, excerpts of them, and what the
service says when it signs their URLs. ffprobe counts the pictures that a client really gets."""

import itertools

import pytest
import requests

import media

RATE, SECONDS = 25, 40


@pytest.fixture(scope="module")
def films(streaming, tmp_path_factory):
    """A space with films that differ in where decoding can begin: only at the first picture, and every second."""
    folder = tmp_path_factory.mktemp("films")
    files = []
    for (name, group), extension in itertools.product({"once": RATE * SECONDS, "often": RATE}.items(), ("mp4", "webm")):
        file = folder / f"{name}.{extension}"
        pictures = ["-f", "lavfi", "-i", f"testsrc=s=64x48:r={RATE}:d={SECONDS}"]
        if extension == "mp4":
            codec = f"-f lavfi -i sine=d={SECONDS} -c:v libx264 -preset ultrafast -x264-params scenecut=0:bframes=2".split()
        else:
            # Without sound, whose delay would shift the pictures.
            codec = ["-c:v", "libvpx", "-deadline", "realtime"]
        media.output("ffmpeg", "-v", "error", *pictures, *codec, "-g", str(group), "-keyint_min", str(group), file)
        files.append(file)
    base = streaming.space("excerpts", *files, secure=True)
    for file in files:
        streaming.wait_for(streaming.media(f"{base}/{file.name}"))
        streaming.wait_for(streaming.media(streaming.signed("excerpts", file.name, fragment="track=video")))
    return streaming


def pictures(url: str, folder) -> int:
    """How many pictures the body of this URL contains, presented or not."""
    file = folder / "body"
    file.write_bytes(requests.get(url, timeout=30).content)
    asked = "-v error -select_streams v -count_packets -show_entries stream=nb_read_packets -of csv=p=0".split()
    return int(media.output("ffprobe", *asked, file))


@pytest.mark.parametrize("name, start, lead_in", [("once.mp4", 0, 30), ("once.webm", 0, 30), ("often.mp4", 30, 0), ("often.webm", 30, 0)])
def test_what_an_excerpt_discloses_is_said_when_it_is_signed(films, tmp_path, name, start, lead_in):
    answer = films.task("get-signed-url", spaceId="excerpts", contentId=name, fragment="t=30,35&track=video")
    times, _, tracks = answer["given"].removeprefix("t=npt:").partition("&")
    begins, ends = map(float, times.split(","))
    assert (begins, tracks) == (start, "track=video")
    # A picture after the end is included if one within the interval refers to it.
    assert 35 <= ends <= 35.2
    assert pictures(answer["signedUrl"], tmp_path) == pytest.approx((ends - begins) * RATE, abs=2)

    strict = {"spaceId": "excerpts", "contentId": name, "fragment": "t=30,35&track=video", "strict": True}
    for bound, status in (({}, 200 if lead_in <= 10 else 409), ({"maxLeadIn": 30}, 200), ({"maxLeadIn": 0}, 200 if not lead_in else 409)):
        answer = films.rest("POST", "task/get-signed-url", status, json=strict | bound)
        assert status == 200 or "30 seconds from before its start" in answer.text


def test_sound_alone_has_no_lead_in(films):
    strict = {"strict": True, "maxLeadIn": 0.1}
    answer = films.task("get-signed-url", spaceId="excerpts", contentId="once.mp4", fragment="t=30,35&track=audio", **strict)
    begins, ends = map(float, answer["given"].removeprefix("t=npt:").partition("&")[0].split(","))
    assert 29.9 <= begins <= 30 and 35 <= ends <= 35.1
