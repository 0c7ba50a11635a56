"""People with a browser: what they press, type and see, and what must hold of every page they look at."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_core_python
import zxingcpp
from playwright.sync_api import Browser, Locator, Page, expect

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
PATIENCE = 20_000
"""Milliseconds: signing, claiming and anchoring take moments, on a busy machine some more."""

_AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_GREY = """async (png) => {
    const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    const pixels = canvas.getImageData(0, 0, picture.width, picture.height).data;
    let grey = "";
    for (let i = 0; i < pixels.length; i += 4) grey += String.fromCharCode(pixels[i + 1]);
    return { width: picture.width, height: picture.height, grey: btoa(grey) };
}"""


@dataclass
class Stage:
    """Where the people act: the browser, the services' addresses, and the folder of pictures.

    Attributes:
        browser: Chromium.
        urls: The services by name.
        pictures: Where a screenshot of every page goes.
    """

    browser: Browser
    urls: dict[str, str]
    pictures: Path
    people: list["Person"] = field(default_factory=list)

    def person(self, viewport: dict[str, int]) -> "Person":
        """Give somebody a device of their own; it speaks Chinese and remembers nothing."""
        context = self.browser.new_context(
            viewport=viewport,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            device_scale_factor=2 if viewport == PHONE else 1,
        )
        context.set_default_timeout(PATIENCE)
        self.people.append(Person(self, context.new_page(), viewport["width"]))
        return self.people[-1]


class Person:
    """Somebody with a browser, who presses, types and looks."""

    def __init__(self, stage: Stage, page: Page, width: int) -> None:
        self.page = page
        self.place = ""
        """The service whose officer this is, if it is one."""
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.pictures, self._width = stage.pictures, width
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._note)
        page.on("dialog", lambda dialog: dialog.accept())

    def opens(self, link: str) -> None:
        """Follow a link, in a fresh tab as a scanner does: a changed fragment alone would load nothing."""
        self.page.goto("about:blank")
        self.page.goto(link)

    def presses(self, words: str) -> None:
        """Press the button or link that is called so."""
        self._control(words).click()

    def picks(self, words: str) -> None:
        """Tick the box, or choose the option, that is called so."""
        self.page.get_by_label(words).first.check()

    def types(self, label: str, text: str) -> None:
        """Type into the field that is called so."""
        self.page.get_by_label(label, exact=True).fill(text)

    def sees(self, *texts: str) -> None:
        """Wait until every one of the texts stands on the page."""
        for text in texts:
            expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=PATIENCE)

    def sees_not(self, *texts: str) -> None:
        """Check that none of the texts stands in the page, visible or not."""
        for text in texts:
            assert text not in self.page.content(), f"{text} stands on {self.page.url}"

    def sees_verdict(self, kind: str) -> None:
        """Wait for the verdict."""
        self.page.wait_for_selector(".verdict")
        assert f"verdict-{kind}" in (self.page.locator(".verdict").first.get_attribute("class") or "")

    def unfolds(self) -> None:
        """Open everything that can be opened."""
        shut = self.page.locator("details:not([open]) > summary").filter(visible=True)
        while shut.count():
            shut.first.click()

    def scans(self, picture: Locator) -> str:
        """Read a QR code off the screen and return what it says."""
        png = base64.b64encode(picture.screenshot()).decode()
        seen = self.page.context.new_page()
        found = seen.evaluate(_GREY, png)
        seen.close()
        grey = memoryview(base64.b64decode(found["grey"]))
        read = zxingcpp.read_barcodes(grey.cast("B", (found["height"], found["width"])))
        assert len(read) == 1, f"{len(read)} codes are read"
        return str(read[0].text)

    def shows(self, name: str, part: Locator) -> None:
        """Take a picture of the page from its top to the end of a part of it, as the README shows one."""
        box = part.bounding_box()
        assert box is not None
        clip = {"x": 0, "y": 0, "width": self._width, "height": box["y"] + box["height"] + 16}
        self.page.screenshot(path=self.pictures / f"{name}.png", clip=clip, full_page=True)

    def looks(self, name: str, *, both: bool = True) -> None:
        """Take a picture of the page and check it; then once more in English, unless ``both`` is false."""
        self._check(f"{name}.zh")
        if both:
            self._in("en", lambda: self._check(f"{name}.en"))

    def _in(self, language: str, act: Callable[[], None]) -> None:
        self._switch_to(language)
        act()
        self._switch_to("zh-CN")

    def _switch_to(self, language: str) -> None:
        self.page.click("a.switch")
        self.page.wait_for_selector(f'html[lang="{language}"]')
        self.page.wait_for_load_state()

    def _check(self, name: str) -> None:
        """Check that the page fits its screen and that everybody can use it."""
        self.page.wait_for_load_state()
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self._width, f"{name} scrolls"
        serious = self._findings()
        assert not serious, f"{name}: {json.dumps(serious, indent=1)}"

    def _findings(self) -> list[dict[str, Any]]:
        self.page.evaluate(_AXE)
        found = self.page.evaluate("axe.run({ resultTypes: ['violations'] })")
        return [
            {"id": each["id"], "where": [node["html"] for node in each["nodes"]]}
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
        ]

    def _control(self, words: str) -> Locator:
        named = re.compile(rf"^\s*{re.escape(words)}\s*$")
        return (
            self.page.get_by_role("button", name=named)
            .or_(self.page.get_by_role("link", name=named))
            .filter(visible=True)
            .first
        )

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _note(self, request: Any) -> None:
        if request.url.startswith("http"):
            self.hosts.add(urlsplit(request.url).netloc)
