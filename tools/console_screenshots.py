#!/usr/bin/env python3
"""Takes a picture of every page and dialog of the console at three widths, light and dark, for a person to look at.

    make web && cargo build --workspace --bins --examples
    .venv/bin/python tools/console_screenshots.py --program target/debug/reelspan OUTDIR

The files are called SCENE-WIDTH-SCHEME.png.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

from selenium.webdriver.common.by import By

import server as servers
from browser import fresh_profile
from console import ADMIN, Console, api

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = [(360, 740), (1280, 900), (3840, 2160)]
SCHEMES = ["light", "dark"]
READER = ("reader", "the reader's own secret")
VTT = b"WEBVTT\n\n00:01.000 --> 00:04.000\nThe first words\n\n00:05.000 --> 00:09.000\nAnd those that follow\n"
FILM = "physics/1999/counter.mp4"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--only", help="the scenes whose names contain this")
    parser.add_argument("out", type=pathlib.Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, fresh_profile() as driver:
        data = pathlib.Path(folder) / "data"
        server = servers.Server(given.program.resolve(), data, admin=":".join(ADMIN)).start()
        try:
            console = Console(driver, server, "")
            take(console, {"sign-in": sign_in, "first-visit": first_visit}, given)
            fill(server, given.program, data)
            take(console, SCENES, given)
        finally:
            driver.get("about:blank")
            server.stop()
    return 0


def take(console: Console, scenes: dict, given: argparse.Namespace) -> None:
    for name, scene in scenes.items():
        if given.only and given.only not in name:
            continue
        for width, height in SIZES:
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            console.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            scene(console)
            for scheme in SCHEMES:
                features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
                console.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
                console.driver.save_screenshot(str(given.out / f"{name}-{width}-{scheme}.png"))


def fill(server: servers.Server, program: pathlib.Path, data: pathlib.Path) -> None:
    """Two users, and some spaces of which one has something of everything."""
    command = [program, "user", "add", READER[0], "--role", "user", "--password-stdin", "--data", data]
    subprocess.run(command, input=READER[1], text=True, capture_output=True, check=True, timeout=60)
    for space in ("lectures", "empty", "oral-history.interviews-1970-1989", "silent-film"):
        api(server, "PUT", f"/durastore/{space}")
    for name in ["counter.mp4", "counter.webm", "chapters.mkv", "tone.m4a", "formats/stereo.mp3", "formats/picture.flv"]:
        for folder in ("", "physics/1999/"):
            body = (ROOT / "samples" / name).read_bytes()
            api(server, "PUT", f"/durastore/lectures/{folder}{name.rpartition('/')[2]}", data=body)
    long = "A lecture with a title that does not fit into any list, on the history of measuring instruments (part 2 of 12).mp4"
    for name, body in [("physics/1999/counter.en.vtt", VTT), ("notes.txt", b"Notes"), ("damaged.mp4", b"No film"), (long, b"x")]:
        api(server, "PUT", f"/durastore/lectures/{name}", data=body)
    api(server, "POST", f"/durastore/lectures/{FILM}", headers={"x-dura-meta-title": "Counting", "x-dura-meta-creator": "Noether"})
    api(server, "POST", "/durastore/lectures", headers={"x-dura-meta-title": "Lectures in physics", "x-dura-meta-tags": "physics|1999"})
    grants = {"x-dura-meta-acl-reader": "READ", "x-dura-meta-acl-group-staff": "WRITE"}
    api(server, "POST", "/durastore/acl/lectures", headers=grants)
    for space, secure in (("lectures", False), ("silent-film", True)):
        api(server, "POST", "/durastore/task/enable-streaming", json={"spaceId": space, "secure": secure})


def route(fragment: str, *words: str, click: tuple[str, ...] = ()):
    """A scene: a route, once it says all of these words; then some buttons are used."""

    def scene(console: Console) -> None:
        console.open(fragment)
        for text in words:
            console.text(text)
        for label in click:
            console.button(label).click()

    return scene


def sign_in(console: Console) -> None:
    console.driver.get(f"{console.server.url}/console/")
    console.driver.delete_all_cookies()
    console.open()
    console.field("User name")


def first_visit(console: Console) -> None:
    console.sign_in(*ADMIN)
    console.text("There is nothing here yet")


def played(console: Console) -> None:
    console.open(f"#/spaces/lectures?folder=physics/1999/&content={FILM}")
    assert console.plays()
    console.text("Noether")


def lower(console: Console) -> None:
    """What comes below a content's player."""
    played(console)
    console.button("Copy or move")
    console.driver.execute_script("document.querySelector('aside h3:last-of-type, aside .facts').scrollIntoView()")


def selected(console: Console) -> None:
    console.open("#/spaces/lectures?folder=physics/1999/")
    for name in ("counter.mp4", "tone.m4a", "counter.webm"):
        console.find(f"//input[@type='checkbox'][@aria-label='Select {name}']").click()


def moving(console: Console) -> None:
    selected(console)
    console.button("Copy or move").click()
    console.field("Folder")


def deleting(console: Console) -> None:
    selected(console)
    console.button("Delete").click()
    console.text("This cannot be undone")


def uploading(console: Console) -> None:
    console.open("#/spaces/empty")
    console.button("Upload files")
    chooser = console.driver.find_element(By.XPATH, "//main//input[@aria-label='Upload files']")
    chooser.send_keys("\n".join(str(ROOT / "samples" / name) for name in ("counter.mp4", "tone.m4a", "counter.webm")))
    console.text(" of ")


def reader(console: Console) -> None:
    console.sign_in(*READER)
    console.find("//a[normalize-space(.)='lectures']")


def readers_space(console: Console) -> None:
    console.open(f"#/spaces/lectures?folder=physics/1999/&content={FILM}")
    console.button("Close this content")
    console.find("//reelspan-player")


def admin_again(console: Console) -> None:
    console.sign_in(*ADMIN)
    console.find("//a[normalize-space(.)='lectures']")


SCENES = {
    "spaces": admin_again,
    "new-space": route("#/spaces", "oral-history", click=("New space",)),
    "contents": route("#/spaces/lectures", "Ready"),
    "content": played,
    "content-below": lower,
    "selected": selected,
    "move-many": moving,
    "delete-many": deleting,
    "move": route(f"#/spaces/lectures?content={FILM}", "Noether", click=("Copy or move",)),
    "search-none": route("#/spaces/lectures?search=nowhere", "No name contains this"),
    "streaming": route("#/spaces/lectures/streaming", "Who may stream"),
    "streaming-secure": route("#/spaces/silent-film/streaming", "Who may stream"),
    "access": route("#/spaces/lectures/access", "staff"),
    "properties": route("#/spaces/lectures/properties", "Lectures in physics"),
    "properties-edit": route("#/spaces/lectures/properties", "Lectures in physics", click=("Edit",)),
    "users": route("#/users", "reader"),
    "new-user": route("#/users", "reader", click=("New user",)),
    "usage": route("#/usage", "Formats"),
    "quota": route("#/usage", "Formats", click=("Set the quota of lectures",)),
    "report": route("#/report", "Indexes"),
    "new-key": route("#/report", "Indexes", click=("Make a new key",)),
    "account": route("#/account", "Sign out everywhere"),
    "lost": route("#/nowhere", "There is no such page"),
    "missing-space": route("#/spaces/nowhere", "There is no such space"),
    "uploads": uploading,
    "reader-spaces": reader,
    "reader-content": readers_space,
}


if __name__ == "__main__":
    sys.exit(main())
