"""The console in Chromium, as a person sees and uses it."""

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


class Console:
    """What a person sees and does."""

    def __init__(self, driver, server: servers.Server, axe: str):
        self.driver, self.server, self.axe = driver, server, axe
        self.wait = WebDriverWait(driver, 20, 0.05, [StaleElementReferenceException])

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
        self.driver.execute_script(self.axe)
        return self.driver.execute_async_script(AXE)


def quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else f"'{text}'"


def api(server, method: str, path: str, who=ADMIN, **more) -> requests.Response:
    return requests.request(method, f"{server.url}{path}", auth=who, timeout=30, **more)
