"""Someone at the browser: what they do to the page, and what they see."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Locator

COVERED = """word => document.querySelectorAll('.stage > :not(.view)').forEach(part => part.style.visibility = word)"""
SHOWN = "#stage[data-shown]:not([data-shown=''])"


class Looker:
    """A window of the browser.

    Attributes
    ----------
    asked
        URLs of all requests.
    strange
        Errors and warnings on the console, and requests that leave this machine.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        width: int = 1000,
        height: int = 700,
        is_touch: bool = False,
        density: float = 1,
    ) -> None:
        self._context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=is_touch,
            reduced_motion="reduce",
            device_scale_factor=density,
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(10_000)
        self.url = url
        self.asked: list[str] = []
        self.strange: list[str] = []
        self.page.on("request", lambda request: self._asks(request.url))
        self.page.on("console", lambda message: self._hears(message.type, message.text))
        self.page.on("pageerror", lambda error: self.strange.append(str(error)))

    def _asks(self, url: str) -> None:
        self.asked.append(url)
        if urlsplit(url).hostname != "127.0.0.1" and urlsplit(url).scheme not in ("data", "blob"):
            self.strange.append(f"asks for {url}")

    def _hears(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.strange.append(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._context.close()

    def open(self, words: str = "") -> Self:
        """Go to the page, and wait for its picture."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}#{words}")
        self.page.wait_for_selector(SHOWN)
        self.rest()
        return self

    def rest(self) -> None:
        """Wait until nothing moves or loads."""
        self.page.wait_for_selector("#busy", state="hidden")
        self.page.wait_for_timeout(270)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Wait for another picture than the one before."""
        before = self.shown
        yield
        self.page.wait_for_function("before => document.getElementById('stage').dataset.shown !== before", arg=before)
        self.rest()

    def at(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def knob(self) -> float:
        """How wide the knob of a contrast handle is: more where fingers are expected."""
        is_coarse: bool = self.page.evaluate("matchMedia('(pointer: coarse)').matches")
        rem: float = self.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        return (1.3 if is_coarse else 0.7) * rem

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move a finger."""
        touch = self._context.new_cdp_session(self.page)
        steps = np.linspace(start, end, 8).tolist()
        for at, (x, y) in enumerate(steps):
            kind = "touchMove" if at else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def text(self, selector: str) -> str:
        return str(self.at(selector).inner_text())

    @property
    def shown(self) -> str:
        """What the picture is of, as the page says."""
        return self.at("#stage").get_attribute("data-shown") or ""

    @property
    def words(self) -> dict[str, str]:
        """The hash of the URL."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).fragment).items()}

    def picture(self) -> NDArray[np.uint8]:
        """Return the pixels of the stage without what lies over it: Y X 3."""
        self.page.evaluate(COVERED, "hidden")
        found = pixels(self.at("#stage").screenshot())
        self.page.evaluate(COVERED, "")
        return found[:-1]  # the last row is half the next part's

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a point of the stage, as fractions of its width and height."""
        self.page.mouse.move(*self.place(x, y))

    def place(self, x: float, y: float) -> tuple[float, float]:
        box: Any = self.at("#stage").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]


def pixels(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
