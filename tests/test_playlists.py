"""The playlist of an open space, in JSON and in Media RSS, and the bundle's player of playlists on it."""

import concurrent.futures
import io
import urllib.parse
import xml.etree.ElementTree as tree
import zipfile

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from pages import READY
from streaming import NAME
from waiting import becomes

MEDIA, DC = "{http://search.yahoo.com/mrss/}", "{http://purl.org/dc/elements/1.1/}"
HOSTILE = "]]></title><script>alert(1)</script>"
MOST = 200
"""How many contents a page of a playlist has at most."""

CONTENTS = {
    "b.mp4": {"order": "2", "title": "Second"},
    "a b/ä#.mp4": {"order": "10", "title": HOSTILE, "description": "A & B", "date": "1999-12-31", "creator": "Ada", "language": "en"},
    "c.mp4": {"order": "1", "title": "First"},
    "untitled.mp4": {},
    "notes.txt": {"title": "No media"},
    "b.en.vtt": {"title": "Captions"},
}


@pytest.fixture(scope="module")
def series(streaming, samples):
    """The beginning of the URLs of an open space with some contents."""
    base, film = streaming.space("series", secure=False), (samples / NAME).read_bytes()
    for name, properties in CONTENTS.items():
        kind = {"mp4": "video/mp4", "txt": "text/plain", "vtt": "text/vtt"}[name.rpartition(".")[2]]
        fields = {"Content-Type": kind} | {f"x-dura-meta-{key}": value for key, value in properties.items()}
        streaming.rest("PUT", f"series/{urllib.parse.quote(name)}", 201, data=film if kind == "video/mp4" else b"x", headers=fields)
    # A list is a second behind what is stored, and has durations of what is indexed.
    films = [name for name in CONTENTS if name.endswith(".mp4")]
    items = lambda: requests.get(f"{base}/~/playlist.json", timeout=10).json()["items"]  # noqa: E731
    becomes(lambda: sum("duration" in item for item in items()), len(films))
    return base


def test_a_playlist_is_in_order_and_says_what_the_properties_say(streaming, series):
    # The function behind the streaming host does not know its name: addresses are relative to the playlist there.
    for playlist in (f"{series}/~/playlist.json", streaming.media(f"{series}/~/playlist.json")):
        answer = requests.get(playlist, headers={"Origin": "https://www.example.org"}, timeout=10)
        found = answer.json()
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "max-age=60")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (found["title"], found["more"]) == ("series", False)
        assert [item["title"] for item in found["items"]] == ["First", "Second", HOSTILE, "untitled.mp4"]
        item = found["items"][2]
        assert urllib.parse.urljoin(playlist, item.pop("src")) == f"{series}/a%20b/%C3%A4%23.mp4"
        expected = {"description": "A & B", "date": "1999-12-31", "creator": "Ada", "language": "en", "type": "video/mp4", "duration": 40}
        assert item == expected | {"title": HOSTILE}
        rss = requests.get(playlist.replace("json", "xml"), timeout=10)
        channel = tree.fromstring(rss.content).find("channel")
        assert channel.findtext("title") == "series"
        titles = [entry.findtext("title") for entry in channel.findall("item")]
        assert titles == [one["title"] for one in found["items"]]
        entry = channel.findall("item")[2]
        content = entry.find(f"{MEDIA}content").attrib
        assert urllib.parse.urljoin(playlist, content["url"]) == f"{series}/a%20b/%C3%A4%23.mp4"
        assert content["duration"] == "40"
        assert (content["type"], content["fileSize"], entry.findtext("description")) == ("video/mp4", "248183", "A & B")
        assert [entry.findtext(f"{DC}{term}") for term in ("date", "creator", "language")] == ["1999-12-31", "Ada", "en"]
    part = requests.get(f"{series}/~/playlist.json", params={"prefix": "a b/"}, timeout=10).json()
    assert [item["title"] for item in part["items"]] == [HOSTILE]


def test_only_open_spaces_have_a_playlist(streaming, series):
    films = streaming.bases("films")[0]
    for url in [
        f"{films}/~/playlist.json",
        streaming.media(f"{films}/~/playlist.json"),
        streaming.media(series).replace("series", "nosuch"),
    ]:
        answer = requests.get(url if "playlist" in url else f"{url}/~/playlist.xml", timeout=10)
        assert answer.status_code == 403, url
    for name in ["playlist.txt", "about.json", "playlist.json/x"]:
        assert requests.get(f"{series}/~/{name}", timeout=10).status_code == 404, name
    assert requests.get(f"{series}/b.mp4/~/playlist.json", timeout=10).status_code == 404
    streaming.task("disable-streaming", spaceId="series")
    assert requests.get(streaming.media(f"{series}/~/playlist.json"), timeout=10).status_code == 403
    streaming.streams("series", secure=False)
    assert requests.get(f"{series}/~/playlist.json", timeout=10).status_code == 200


def test_a_playlist_of_a_large_space_is_bounded(streaming):
    base = streaming.space("many", secure=False)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        store = lambda number: streaming.rest("PUT", f"many/{number:03}.mp4", 201, data=b"x", headers={"Content-Type": "video/mp4"})  # noqa: E731
        list(threads.map(store, range(MOST + 5)))
    found = requests.get(f"{base}/~/playlist.json", timeout=10).json()
    assert ([item["title"] for item in found["items"]], found["more"]) == ([f"{number:03}.mp4" for number in range(MOST)], True)
    # The rest is on the next page, in either form.
    rest = requests.get(urllib.parse.urljoin(f"{base}/~/playlist.json", found["next"]), timeout=10).json()
    assert [item["title"] for item in rest["items"]] == [f"{number:03}.mp4" for number in range(MOST, MOST + 5)]
    assert (rest["more"], "next" in rest) == (False, False)
    channel = tree.fromstring(requests.get(f"{base}/~/playlist.xml", timeout=10).content).find("channel")
    [link] = channel.findall("{http://www.w3.org/2005/Atom}link")
    following = requests.get(urllib.parse.urljoin(f"{base}/~/playlist.xml", link.get("href")), timeout=10)
    assert (link.get("rel"), len(tree.fromstring(following.content).findall("channel/item"))) == ("next", 5)


def test_the_bundle_plays_the_playlist_of_a_space(streaming, series, elsewhere, chromium):
    answer = requests.get(f"{streaming.running.url}/player/bundle.zip", timeout=10)
    if answer.status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    bundle = zipfile.ZipFile(io.BytesIO(answer.content))
    for name in bundle.namelist():
        kind = "text/javascript" if name.endswith(".js") else "text/html"
        elsewhere.files["/" + name.split("/", 1)[1]] = (kind, bundle.read(name))
    for playlist in [f"{series}/~/playlist.xml", streaming.media(f"{series}/~/playlist.json")]:
        text = f'<script type="module" src="viewer.js"></script><div data-reelspan-playlist="{playlist}"></div>'
        elsewhere.files["/list.html"] = ("text/html", b"<!doctype html>" + text.encode())
        chromium.get(f"{elsewhere.url}/list.html")
        wait = WebDriverWait(chromium, 20)
        buttons = wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "ol button"))
        assert [button.text for button in buttons] == [f"{title} 0:40" for title in ("First", "Second", HOSTILE, "untitled.mp4")]
        buttons[2].click()
        assert chromium.execute_async_script(READY)["duration"] == pytest.approx(40)
        assert buttons[2].get_attribute("aria-current") == "true"
