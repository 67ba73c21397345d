"""What other sites make of a link to a content: tags of the player's page, oEmbed, and which sites may frame it."""

import html.parser
import re
import urllib.parse
import xml.etree.ElementTree as tree

import pytest
import requests

from streaming import NAME

HOSTILE = "</title><script>alert(1)</script> \"'&"


class Tags(html.parser.HTMLParser):
    """The tags of a head: `meta` by name or property, `link` by type, and the title."""

    def __init__(self, text: str):
        super().__init__()
        self.meta, self.links, self.title, self.scripts, self.inside = {}, {}, "", [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.inside = tag == "title"
        if tag == "meta" and "content" in given:
            self.meta[given.get("property") or given.get("name")] = given["content"]
        if tag == "link" and given.get("rel") == "alternate":
            self.links[given["type"]] = given["href"]
        if tag == "script":
            self.scripts.append(given.get("src"))

    def handle_data(self, data):
        if self.inside:
            self.title += data

    def handle_endtag(self, tag):
        self.inside = False


@pytest.fixture(scope="module")
def embedded(streaming, samples):
    """A content with a hostile title in an open space that two sites may frame."""
    if requests.get(f"{streaming.running.url}/player/", timeout=10).status_code == 501:
        pytest.skip("the pages were not built: make web, then cargo build")
    sites = ["https://www.example.org", "https://*.example.edu"]
    base = streaming.space("framed", samples / NAME, secure=False, allowedOrigins=sites)
    described = {"x-dura-meta-title": HOSTILE, "x-dura-meta-description": "A <b>talk</b>", "x-dura-meta-creator": "Ada & Co"}
    streaming.rest("POST", f"framed/{NAME}", headers=described)
    streaming.wait_for(f"{base}/{NAME}?t=1,2")
    return f"{base}/{NAME}"


def page(streaming, src: str) -> requests.Response:
    return requests.get(f"{streaming.running.url}/player/", params={"src": src}, timeout=10)


def oembed(streaming, url: str, **more) -> requests.Response:
    return requests.get(f"{streaming.running.url}/oembed", params={"url": url} | more, timeout=10)


def test_a_link_shows_the_title_of_what_it_plays(streaming, embedded):
    answer = page(streaming, f"{embedded}#t=10,20")
    tags = Tags(answer.text)
    assert (answer.status_code, tags.title) == (200, HOSTILE)
    assert "alert(1)</script>" not in answer.text
    assert len(tags.scripts) == 1 and "unsafe" not in answer.headers["content-security-policy"]
    src = urllib.parse.urlencode({"src": f"{embedded}#t=10,20"}, quote_via=urllib.parse.quote, safe="")
    itself = f"{streaming.running.url}/player/?{src}"
    expected = {"og:title": HOSTILE, "twitter:title": HOSTILE, "og:description": "A <b>talk</b>", "og:type": "video.other"}
    expected |= {"og:url": itself, "og:video": itself, "twitter:player": itself, "twitter:card": "player"}
    expected |= {"og:video:width": "640", "og:video:height": "360", "og:video:type": "text/html"}
    assert expected.items() <= tags.meta.items()
    assert set(tags.links) == {"application/json+oembed", "text/xml+oembed"}
    # A link of the page leads back to the page.
    found = requests.get(tags.links["application/json+oembed"], timeout=10).json()
    assert f'src="{itself}"' in found["html"]
    assert tree.fromstring(requests.get(tags.links["text/xml+oembed"], timeout=10).content).findtext("title") == HOSTILE


def test_the_sites_that_may_read_a_space_may_frame_its_contents(streaming, embedded):
    def frames(src):
        return re.findall(r"frame-ancestors ([^;]*)", page(streaming, src).headers["content-security-policy"])

    assert frames(embedded) == ["'self' https://*.example.edu https://www.example.org"]
    assert frames(streaming.media(embedded)) == frames(embedded)
    lectures, films = streaming.bases("lectures", "films")
    assert frames(f"{lectures}/{NAME}") == frames(f"{films}/{NAME}") == []
    for unknown in [f"{lectures.replace('lectures', 'nosuch')}/{NAME}", "/durastore/films", "/media/films"]:
        assert frames(unknown) == ["'self'"], unknown


def test_oembed_gives_what_shows_a_content(streaming, embedded):
    answer = oembed(streaming, embedded, maxwidth=320)
    found = answer.json()
    assert answer.headers["content-type"] == "application/json" and answer.headers["access-control-allow-origin"] == "*"
    assert (found["version"], found["type"], found["title"], found["author_name"]) == ("1.0", "video", HOSTILE, "Ada & Co")
    assert (found["width"], found["height"]) == (320, 180)
    frame = Frame(found["html"]).given
    assert (frame["width"], frame["height"], frame["title"]) == ("320", "180", HOSTILE)
    assert frame["src"] == f"{streaming.running.url}/player/?src={urllib.parse.quote(embedded, safe='')}"
    assert requests.get(frame["src"], timeout=10).status_code == 200
    assert oembed(streaming, embedded, maxheight="90").json()["width"] == 160
    assert oembed(streaming, embedded, maxwidth="much").json()["width"] == 640
    xml = oembed(streaming, frame["src"], format="xml")
    read = {element.tag: element.text for element in tree.fromstring(xml.content)}
    whole = oembed(streaming, frame["src"]).json()
    assert read == {name: str(value) for name, value in whole.items()}
    # A part of it stays one.
    assert "%23t%3D10%2C20" in oembed(streaming, f"{embedded}#t=10,20").json()["html"]


def test_oembed_tells_nothing_of_what_is_not_open(streaming, embedded):
    films, lectures = streaming.bases("films", "lectures")
    for url, status in [
        (f"{films}/{NAME}", 401),
        (f"{lectures}/nosuch.mp4", 404),
        (f"{lectures}/~/playlist.json", 404),
        ("https://evil.example.org/a.mp4", 404),
        (f"{streaming.running.url}/player/?src=https://evil.example.org/a.mp4", 404),
        (f"{streaming.running.url}/player/", 404),
        ("", 404),
    ]:
        answer = oembed(streaming, url)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), url
    assert oembed(streaming, embedded, format="yaml").status_code == 501
    assert requests.get(f"{streaming.running.url}/oembed", timeout=10).status_code == 400
    # The page of a secure space has a name that its URL has already, and nothing else.
    streaming.rest("POST", f"films/{NAME}", headers={"x-dura-meta-title": "secret"})
    assert "secret" not in page(streaming, f"{films}/{NAME}").text


class Frame(html.parser.HTMLParser):
    """The attributes of the only element of a text."""

    def __init__(self, text: str):
        super().__init__()
        self.given = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        assert (tag, self.given) == ("iframe", None)
        self.given = dict(attributes)
