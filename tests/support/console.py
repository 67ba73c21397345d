"""The console in Chromium, as a person sees and uses it."""

import contextlib
import pathlib
import subprocess
from collections.abc import Iterator

import requests
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import server as servers

ADMIN = ("root", "the admin's own secret")

AXE = """
const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then(
    found => done(found.violations.map(one => one.id + ": " + one.nodes.map(node => node.target + " " + node.failureSummary).join("; "))),
    error => done([String(error)]));
"""

PLAYED = """
const done = arguments[0], media = document.querySelector("reelspan-player");
media.muted = true;
media.addEventListener("timeupdate", () => { if (media.currentTime > 0.2) { media.pause(); done(media.currentTime); } });
media.play().catch(error => done(String(error)));
"""


@contextlib.contextmanager
def serving(binary: pathlib.Path, data: pathlib.Path, user: tuple[str, str], role: str) -> Iterator[servers.Server]:
    """A server with the admin and this user."""
    running = servers.Server(binary, data, admin=":".join(ADMIN)).start()
    command = [binary, "user", "add", user[0], "--role", role, "--password-stdin", "--data", data]
    subprocess.run(command, input=user[1], text=True, capture_output=True, check=True, timeout=60)
    yield running
    assert running.stop() == 0, "\n".join(running.output)


class Console:
    """What a person sees and does."""

    def __init__(self, driver, server: servers.Server, axe: str):
        self.driver, self.server, self.axe = driver, server, axe
        self.wait = WebDriverWait(driver, 20, 0.05, [StaleElementReferenceException])

    @classmethod
    def in_chromium(cls, driver, server: servers.Server, root: pathlib.Path) -> "Console":
        """Wide enough for the list beside a content."""
        driver.set_window_size(1280, 900)
        return cls(driver, server, (root / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text())

    def find(self, xpath: str):
        return self.wait.until(
            lambda driver: next((one for one in driver.find_elements(By.XPATH, xpath) if one.is_displayed()), None), xpath
        )

    def shows(self, xpath: str) -> bool:
        return any(one.is_displayed() for one in self.driver.find_elements(By.XPATH, xpath))

    def text(self, words: str):
        return self.find(f"//*[contains(normalize-space(text()), {quoted(words)})]")

    def button(self, words: str):
        return self.find(f"//button[normalize-space(.)={quoted(words)} or @aria-label={quoted(words)}]")

    def field(self, label: str):
        return self.find(f"//*[@id=//label[normalize-space(.)={quoted(label)}]/@for]")

    def open(self, path: str = "") -> None:
        """Opens a route; the console is loaded anew."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.server.url}/console/{path}")

    def show(self, content: str) -> None:
        """Shows a content of the space that is open, as a link does."""
        self.driver.execute_script(
            "location.hash = location.hash.split('?')[0] + '?' + new URLSearchParams({content: arguments[0]})", content
        )
        self.find(f"//aside//h2/bdi[.={quoted(content.rpartition('/')[2])}]")

    def sign_in(self, name: str, password: str) -> None:
        self.driver.get(f"{self.server.url}/console/")
        self.driver.delete_all_cookies()
        self.open()
        self.field("User name").send_keys(name)
        self.field("Password").send_keys(password, Keys.ENTER)
        self.find("//header | //*[@role='alert']/*")

    def plays(self) -> bool:
        self.find("//reelspan-player")
        played = self.driver.execute_async_script(PLAYED)
        return isinstance(played, float) and played > 0.2

    def violations(self) -> list[str]:
        """What axe-core finds on the page as it is now, in dark and in light colours."""
        if not self.driver.execute_script("return 'axe' in window"):
            self.driver.execute_script(self.axe)
        found = []
        for scheme in ("dark", "light"):
            # Without transitions, so that no colour is on its way to another.
            features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            found += [f"{scheme}: {one}" for one in self.driver.execute_async_script(AXE)]
        return found


def quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else f"'{text}'"


def api(server, method: str, path: str, who=ADMIN, **more) -> requests.Response:
    return requests.request(method, f"{server.url}{path}", auth=who, timeout=30, **more)
