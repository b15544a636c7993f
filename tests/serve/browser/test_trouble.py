"""What goes wrong is told, and what was there stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.serve.browser.looker import Looker

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_nonsense_in_a_link_does_no_harm(looker: Looker) -> None:
    looker.open("image=gone&t=99&z=-1&at=a,b,c&c0=on,xyz,9,1,0&c9=on&scene=%00")
    assert looker.text("#name") == "cells.ome.tif"
    assert looker.words["t"] == "2"


def test_why_an_image_cannot_be_opened_stays_in_its_place(browser: Browser, folder: Path) -> None:
    from omio.serve.server import Server

    with Server([folder / "plain.tif"]) as server, Looker(browser, server.url) as looker:
        looker.page.goto(server.url)
        looker.page.wait_for_selector("#empty:not([hidden])")
        assert "does not say along which axis" in looker.text("#empty")
        for key in ("0", "+", "s", "l", "a", "1", "Space", "ArrowUp"):
            looker.page.keyboard.press(key)
        assert len(looker.strange) == 1, "of the answer alone"
        assert "400" in looker.strange[0]


DAMAGED = '{"error": 422, "cause": "tile 7 is damaged", "place": null, "remedy": null}'


def damage(looker: Looker) -> None:
    """Let every tile from now on be refused."""
    looker.page.route(
        "**/tile/**", lambda route: route.fulfill(status=422, body=DAMAGED, content_type="application/json")
    )


def test_what_cannot_be_read_is_told_where_the_image_would_be(looker: Looker) -> None:
    damage(looker)
    looker.page.goto(looker.url)
    looker.page.wait_for_selector("#empty:not([hidden])")
    assert looker.text("#empty") == "tile 7 is damaged"
    assert looker.strange, "browsers complain of such answers by themselves"
    looker.strange.clear()


def test_a_plane_that_cannot_be_read_stops_playing_and_is_asked_for_again(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&t=0&z=0")
    damage(looker)
    looker.page.keyboard.press("Space")
    looker.page.wait_for_selector("#toast.open")
    assert looker.text("#toast") == "tile 7 is damaged"
    assert looker.at(".play[aria-pressed=true]").count() == 0
    looker.page.unroute("**/tile/**")
    looker.page.keyboard.press("ArrowLeft")
    looker.page.keyboard.press("ArrowRight")
    looker.rest()
    assert looker.picture().max() > 100
    looker.strange.clear()


def test_a_server_that_is_gone_is_told(browser: Browser, folder: Path) -> None:
    from omio.serve.server import Server

    with Looker(browser, "") as looker:
        with Server([folder / "cells.ome.tif"]) as server:
            looker.url = server.url
            looker.open("image=cells.ome.tif&t=0")
        looker.page.keyboard.press("ArrowUp")
        looker.page.wait_for_selector("#toast.open")
        assert looker.text("#toast").startswith("The server does not answer")
        looker.point(0.5, 0.5)
        looker.page.wait_for_selector("#readout:has-text('does not answer')")
        assert looker.at("#busy").is_hidden()


def test_what_cannot_be_chosen_leaves_what_was_there(browser: Browser, folder: Path) -> None:
    from omio.serve.server import Server

    with Server([folder / "cells.ome.tif", folder / "plain.tif"]) as server, Looker(browser, server.url) as looker:
        looker.open("image=cells.ome.tif&at=64,48,4")
        entries: int = looker.page.evaluate("history.length")
        looker.page.keyboard.press("g")
        looker.at("#gallery-list button[title='plain.tif']").click()
        looker.page.wait_for_selector("#toast.open")
        assert "does not say along which axis" in looker.text("#toast")
        assert looker.text("#name") == "cells.ome.tif"
        assert looker.words["image"] == "cells.ome.tif"
        assert looker.page.evaluate("history.length") == entries
        assert looker.at("#busy").is_hidden()
