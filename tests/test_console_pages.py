"""The console in Chromium, as a new user goes through it."""

import urllib.parse

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from console import ADMIN, Console, api, serving
from many import fill

READER = ("reader", "the reader's own secret")


@pytest.fixture(scope="module")
def served(binary, tmp_path_factory):
    with serving(binary, tmp_path_factory.mktemp("console") / "data", READER, "user") as running:
        yield running


@pytest.fixture(scope="module")
def console(chromium, served, root):
    return Console.in_chromium(chromium, served, root)


def test_a_new_user_comes_from_the_first_visit_to_an_excerpt(console, samples):
    console.sign_in(*ADMIN)
    console.text("There is nothing here yet")
    assert console.violations() == []
    console.button("New space").click()
    name = console.field("Name")
    name.send_keys("Films")
    console.text("Capital letters and spaces are not allowed")
    name.send_keys(Keys.CONTROL, "a")
    name.send_keys("films")
    console.text("This name can be used")
    assert console.violations() == []
    name.send_keys(Keys.ENTER)
    console.text("This space is empty")
    chooser = console.driver.find_element(By.XPATH, "//input[@type='file']")
    chooser.send_keys(str(samples / "counter.mp4"))
    console.text("Stored")
    console.button("Clear the list").click()
    # Its state follows by itself.
    row = "//*[@role='row'][.//bdi[.='counter.mp4']]"
    console.find(f"{row}//*[@class='cell-status']/*[.='Ready']")
    assert console.shows(f"{row}//*[@class='cell-duration'][.='0:40']")
    assert console.violations() == []
    console.find("//*[@role='row']//bdi[.='counter.mp4']").click()
    assert console.plays()
    console.text("the space has to stream")
    assert console.violations() == []

    console.open("#/spaces/films/streaming")
    console.find("//input[@value='OPEN']").click()
    console.text("without signing in")
    assert console.violations() == []
    console.button("Set to “Open”").click()
    address = console.field("Streaming address").get_attribute("value")
    assert address == f"{console.server.url}/stream/films"
    assert console.violations() == []

    console.open("#/spaces/films?content=counter.mp4")
    start = console.find("//*[@role='slider'][@aria-label='Start of the excerpt']")
    start.send_keys(Keys.PAGE_UP, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    end = console.field("To")
    end.send_keys(Keys.CONTROL, "a")
    end.send_keys("0:20")
    link = console.field("Link").get_attribute("value")
    assert link == f"{console.server.url}/stream/films/counter.mp4?t=10.2,20"
    page = urllib.parse.quote(f"{console.server.url}/stream/films/counter.mp4#t=10.2,20", safe="")
    assert f'src="{console.server.url}/player/?src={page}"' in console.field("Embed code").get_attribute("value")
    assert link in console.field("Citation").get_attribute("value")
    stream = console.find("//dt[.='HLS']/following-sibling::dd[1]/a").get_attribute("href")
    assert stream == f"{console.server.url}/stream/films/counter.mp4/~/master.m3u8"
    assert requests.get(stream, timeout=30).text.startswith("#EXTM3U")
    assert console.violations() == []
    answer = requests.get(link, timeout=30)
    whole = (samples / "counter.mp4").stat().st_size
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "video/mp4" and 0 < len(answer.content) < whole


def test_a_secure_space_has_signed_links(console, samples):
    console.sign_in(*ADMIN)
    api(console.server, "PUT", "/durastore/vault")
    api(
        console.server,
        "PUT",
        "/durastore/vault/counter.mp4",
        data=(samples / "counter.mp4").read_bytes(),
        headers={"Content-Type": "video/mp4"},
    )
    console.open("#/spaces/vault/streaming")
    console.find("//input[@value='SECURE']").click()
    console.button("Set to “Secure”").click()
    console.text("Ready")
    console.open("#/spaces/vault?content=counter.mp4")
    assert console.plays()
    start = console.find("//*[@role='slider'][@aria-label='Start of the excerpt']")
    start.send_keys(Keys.PAGE_UP)
    console.button("Sign a link").click()
    link = console.field("Link").get_attribute("value")
    assert "t=10&" in link and requests.get(link, timeout=30).status_code == 200
    assert requests.get(link.replace("t=10&", "t=0&"), timeout=30).status_code == 403
    assert console.violations() == []


def test_who_may_read_is_offered_nothing_more(console):
    api(console.server, "PUT", "/durastore/shared")
    api(console.server, "PUT", "/durastore/shared/a.txt", data=b"hello", headers={"Content-Type": "text/plain"})
    api(console.server, "POST", "/durastore/acl/shared", headers={"x-dura-meta-acl-reader": "READ"})
    console.sign_in(*READER)
    console.find("//a[normalize-space(.)='shared']")
    for words in ("New space", "Users"):
        assert not console.shows(f"//*[self::a or self::button][normalize-space(.)='{words}']")
    console.open("#/spaces/shared?content=a.txt")
    console.text("text/plain")
    for words in ("Upload files", "Delete", "Edit"):
        assert not console.shows(f"//button[normalize-space(.)='{words}']"), words
    assert not console.shows("//input[@type='checkbox']")
    for tab, hint in (("streaming", "Only the owner and admins"), ("access", "Those who may write"), ("properties", "Read")):
        console.open(f"#/spaces/shared/{tab}")
        console.text(hint)
        enabled = "//main//*[self::button or self::input[not(@readonly)]][not(@disabled) and not(ancestor::fieldset[@disabled])]"
        assert not console.shows(enabled), tab
        assert console.violations() == []
    console.open("#/users")
    console.text("There is no such page")
    for method, path, more in (
        ("PUT", "/durastore/another", {}),
        ("PUT", "/durastore/shared/b.txt", {"data": b"b"}),
        ("DELETE", "/durastore/shared/a.txt", {}),
        ("POST", "/durastore/acl/shared", {"headers": {"x-dura-meta-acl-reader": "WRITE"}}),
        ("POST", "/durastore/task/enable-streaming", {"json": {"spaceId": "shared"}}),
        ("DELETE", "/durastore/shared", {}),
        ("GET", "/users", {}),
        ("PUT", "/users/reader", {"json": {"role": "admin", "groups": []}}),
        ("DELETE", "/users/root", {}),
    ):
        assert api(console.server, method, path, READER, **more).status_code == 403, (method, path)


def test_an_admin_manages_users(console):
    console.sign_in(*ADMIN)
    console.open("#/users")
    console.button("New user").click()
    console.field("Name").send_keys("newcomer")
    password = console.field("Password")
    password.send_keys("too short")
    console.text("6 more characters needed")
    assert console.violations() == []
    password.send_keys(", now it is not")
    console.button("Save").click()
    console.find("//th[normalize-space(.)='newcomer']")
    assert console.violations() == []
    newcomer = ("newcomer", "too short, now it is not")
    assert api(console.server, "GET", "/session", newcomer).json() == {"name": "newcomer", "role": "user", "groups": []}
    console.button("Remove newcomer").click()
    console.button("Remove").click()
    console.wait.until(lambda _: not console.shows("//th[normalize-space(.)='newcomer']"))
    for page in ("#/account", "#/spaces", "#/nowhere"):
        console.open(page)
        console.find("//h1")
        assert console.violations() == [], page


def test_a_content_is_renamed_and_its_title_reaches_the_list(console):
    api(console.server, "PUT", "/durastore/moving")
    api(console.server, "PUT", "/durastore/moving/a.txt", data=b"hello", headers={"Content-Type": "text/plain"})
    api(console.server, "PUT", "/durastore/moving/b.txt", data=b"other", headers={"Content-Type": "text/plain"})
    console.sign_in(*ADMIN)
    console.open("#/spaces/moving?content=a.txt")
    console.button("Copy or move").click()
    name = console.field("Name, with its folders")
    name.send_keys(Keys.CONTROL, "a")
    name.send_keys("b.txt")
    console.button("Move").click()
    console.text("There is a content b.txt already")
    assert console.violations() == []
    name.send_keys(Keys.CONTROL, "a")
    name.send_keys("c.txt")
    console.button("Move").click()
    console.find("//*[@role='row']//bdi[.='c.txt']")
    console.wait.until(lambda _: not console.shows("//*[@role='row']//bdi[.='a.txt']"))
    assert api(console.server, "GET", "/durastore/moving/c.txt").content == b"hello"
    assert api(console.server, "GET", "/durastore/moving/a.txt").status_code == 404
    # Without the notice of the move, which lies over the pane for a while.
    console.open("#/spaces/moving?content=c.txt")
    console.button("Edit").click()
    console.button("Add a property").click()
    console.field("Property").send_keys("title")
    console.field("Value").send_keys("A better title")
    console.button("Save").click()
    console.find("//*[@role='row'][contains(., 'A better title') or .//*[contains(@title, 'A better title')]]")


def test_the_list_says_what_each_space_takes(console):
    for path, content in (("counted", None), ("counted/a.txt", b"hello"), ("counted/b/c.txt", b"others"), ("uncounted", None)):
        assert api(console.server, "PUT", f"/durastore/{path}", data=content).status_code == 201
    console.sign_in(*ADMIN)
    for space, objects, size in (("counted", "2", "11 B"), ("uncounted", "0", "0 B")):
        row = f"//tr[@data-space='{space}']"
        console.find(f"{row}/td[@data-label='Contents'][.='{objects}']")
        console.find(f"{row}/td[@data-label='Size'][.='{size}']")
    assert console.violations() == []


def test_an_owner_describes_a_space(console):
    api(console.server, "PUT", "/durastore/described")
    api(console.server, "POST", "/durastore/acl/described", headers={"x-dura-meta-acl-reader": "READ"})
    console.sign_in(*ADMIN)
    console.open("#/spaces/described/properties")
    console.button("Edit").click()
    console.field("Tags").send_keys("film, silent film")
    console.button("Add a property").click()
    console.field("Property").send_keys("space-count")
    console.text("The API uses this name itself")
    assert console.violations() == []
    console.field("Property").send_keys(Keys.CONTROL, "a")
    console.field("Property").send_keys("title")
    console.field("Value").send_keys("<b>Filme</b> für 电影")
    console.button("Save").click()
    console.find("//dd/bdi[.='<b>Filme</b> für 电影']")
    console.find("//span[@class='badge']/bdi[.='silent film']")
    assert console.violations() == []
    said = api(console.server, "HEAD", "/durastore/described").headers
    title = said["x-dura-meta-title"].encode("latin-1").decode()
    assert (said["x-dura-meta-tags"], title) == ("film|silent film", "<b>Filme</b> für 电影")
    console.sign_in(*READER)
    console.open("#/spaces/described/properties")
    console.find("//span[@class='badge']/bdi[.='film']")
    assert not console.shows("//main//button[normalize-space(.)='Edit']")
    assert api(console.server, "POST", "/durastore/described", READER, headers={"x-dura-meta-a": "b"}).status_code == 403


def test_several_contents_are_moved_and_what_cannot_be_stays(console):
    there = ("many/in/a.txt", "many/in/b.txt", "many/in/c.txt", "many/in/d.txt", "goal/out/b.txt")
    for path in ("many", "goal", *there):
        content = None if "/" not in path else path.encode()
        assert api(console.server, "PUT", f"/durastore/{path}", data=content).status_code == 201
    console.sign_in(*ADMIN)
    console.open("#/spaces/many?folder=in/&content=in/a.txt")
    console.find("//aside//dt[.='Media type']")
    for name in ("a.txt", "b.txt", "c.txt"):
        console.find(f"//input[@type='checkbox'][@aria-label='Select {name}']").click()
    console.text("3 contents selected")
    console.button("Copy or move").click()
    console.text("This is where they are now.")
    assert not console.button("Move").is_enabled()
    Select(console.field("Space")).select_by_visible_text("goal")
    folder = console.field("Folder")
    folder.send_keys(Keys.CONTROL, "a")
    folder.send_keys("out")
    assert console.violations() == []
    console.button("Move").click()
    console.text("1 content was not moved:")
    console.find("//dialog//li[contains(., 'in/b.txt') and contains(., 'There is a content of this name already')]")
    console.text("Moved 2 of 3")
    assert console.violations() == []

    def content(path: str) -> bytes | None:
        answer = api(console.server, "GET", f"/durastore/{path}")
        return answer.content if answer.status_code == 200 else None

    assert [content(f"goal/out/{name}.txt") for name in "abc"] == [b"many/in/a.txt", b"goal/out/b.txt", b"many/in/c.txt"]
    assert [content(f"many/in/{name}.txt") for name in "abcd"] == [None, b"many/in/b.txt", None, b"many/in/d.txt"]
    console.find("//dialog//div[@class='actions']/button[.='Close']").click()
    # What is shown beside the list is closed with it.
    console.wait.until(lambda _: not console.shows("//dialog | //aside | //*[@role='row']//bdi[.='a.txt']"))
    assert console.driver.current_url.endswith("#/spaces/many?folder=in%2F")
    # A copy leaves everything where it is, and replaces what is there if that is wanted.
    for name in ("b.txt", "d.txt"):
        console.find(f"//input[@type='checkbox'][@aria-label='Select {name}']").click()
    console.button("Copy or move").click()
    Select(console.field("Space")).select_by_visible_text("goal")
    folder = console.field("Folder")
    folder.send_keys(Keys.CONTROL, "a")
    folder.send_keys("out/")
    console.find("//label[contains(., 'Replace contents')]/input").click()
    console.find("//dialog//button[.='Copy']").click()
    console.text("2 contents were copied to goal/out/")
    assert [content(f"goal/out/{name}.txt") for name in "bd"] == [b"many/in/b.txt", b"many/in/d.txt"]
    assert [content(f"many/in/{name}.txt") for name in "bd"] == [b"many/in/b.txt", b"many/in/d.txt"]
    console.open("#/spaces/many?folder=in/&content=in/d.txt")
    console.find("//aside//dt[.='Media type']")
    console.find("//input[@type='checkbox'][@aria-label='Select d.txt']").click()
    console.find("//*[@role='group']/button[.='Delete']").click()
    console.text("This cannot be undone")
    assert console.violations() == []
    console.find("//dialog//button[.='Delete']").click()
    console.wait.until(lambda _: not console.shows("//dialog | //aside | //*[@role='row']//bdi[.='d.txt']"))
    assert [content(f"many/in/{name}.txt") for name in "bd"] == [b"many/in/b.txt", None]


def test_a_search_looks_at_the_whole_space_and_can_be_stopped(console):
    """Of 3500 contents, of which the API lists 1000 at a time: the last one by its name is found, and so is the largest."""
    fill(console.server, ADMIN, "long", 3500)
    last = ("zz.mp4", b"the last one" * 200_000)
    assert api(console.server, "PUT", f"/durastore/long/{last[0]}", data=last[1]).status_code == 201
    console.sign_in(*ADMIN)
    console.find("//a[normalize-space(.)='long']")
    slow = {"offline": False, "latency": 1000, "downloadThroughput": -1, "uploadThroughput": -1}
    console.driver.execute_cdp_cmd("Network.enable", {})
    console.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
    console.driver.execute_script("location.hash = '#/spaces/long?search=ZZ'")
    console.text("0 contents found, 1,000 looked at, still looking")
    assert not console.shows("//*[normalize-space(.)='No name contains this']")
    console.button("Stop").click()
    console.text("0 contents found among the first ")
    assert not console.shows("//*[normalize-space(.)='No name contains this']")
    assert console.violations() == []
    console.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "latency": 0})
    console.button("Go on").click()
    console.text("1 content found, all 3,501 looked at")
    console.find("//*[@role='row']//bdi[.='zz.mp4']")
    console.driver.execute_script("location.hash = '#/spaces/long?sort=-size'")
    console.text("3,501 contents")
    console.find("//*[@role='row'][@aria-rowindex='2']//bdi[.='zz.mp4']")


def test_an_admin_sets_quotas_and_sees_usage_and_the_state(console):
    api(console.server, "PUT", "/durastore/bounded")
    api(console.server, "PUT", "/durastore/bounded/a.txt", data=b"hello", headers={"Content-Type": "text/plain"})
    console.sign_in(*ADMIN)
    console.open("#/usage")
    row = "//tr[th[normalize-space(.)='bounded']]"
    console.find(f"{row}[contains(., '5 B')]")
    assert console.violations() == []
    console.button("Set the quota of bounded").click()
    most = console.field("Most bytes")
    most.send_keys("10 apples")
    console.text("Write a number of bytes")
    assert console.violations() == []
    most.send_keys(Keys.CONTROL, "a")
    most.send_keys("10 B")
    console.button("Save").click()
    console.find(f"{row}[contains(., '50 % full')]")
    assert api(console.server, "PUT", "/durastore/bounded/b.txt", data=b"too much").status_code == 507
    console.open("#/report")
    console.text("Indexes")
    assert console.violations() == []
    console.button("Make a new key").click()
    console.text("New links are signed with the new key")
    assert console.violations() == []
    console.find("//*[self::dialog or @role='dialog']//button[normalize-space(.)='Make a new key']").click()
    console.wait.until(lambda _: not console.shows("//*[self::dialog or @role='dialog']"))


def test_a_wrong_password_is_said_and_signing_out_ends_the_session(console):
    console.sign_in("root", "not the password")
    console.text("User name or password is wrong")
    assert console.violations() == []
    console.sign_in(*ADMIN)
    console.find("//h1")
    console.button("Sign out").click()
    console.field("User name")
    assert not any(cookie["name"] == "reelspan-session" for cookie in console.driver.get_cookies())
