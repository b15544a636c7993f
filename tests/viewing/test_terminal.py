"""Images in a terminal, decoded by a terminal of these tests."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from omio import MicroscopyDataset
from omio.testing import makers
from omio.viewing.terminal import Screen, color_depth, glance
from tests.viewing.images import cells, inks

CODE = re.compile(r"\x1b\[([\d;]*)m")


def pixels_of(line: str) -> tuple[list[Any], list[Any]]:
    """Return the colours of the upper and the lower pixel of each half block, as a terminal would show them."""
    upper: list[Any] = []
    lower: list[Any] = []
    front = back = None
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if not (code := CODE.fullmatch(part)):
            upper += [front] * len(part)
            lower += [back] * len(part)
            assert set(part) <= {"▀"}
        elif code[1] in ("", "0"):
            front = back = None
        else:
            front, back = colors_of(code[1])
    return upper, lower


def colors_of(code: str) -> tuple[Any, Any]:
    numbers = [int(number) for number in code.split(";")]
    if numbers[1] == 2:
        assert (numbers[0], numbers[5], numbers[6]) == (38, 48, 2)
        return tuple(numbers[2:5]), tuple(numbers[7:10])
    assert (numbers[0], numbers[1], numbers[3], numbers[4]) == (38, 5, 48, 5)
    return cube(numbers[2]), cube(numbers[5])


def cube(number: int) -> tuple[int, ...]:
    """Return a colour of xterm's 6 x 6 x 6, counted from 16."""
    return tuple(51 * ((number - 16) // step % 6) for step in (36, 6, 1))


@pytest.mark.parametrize(("depth", "error"), [("truecolor", 0), ("256", 26)])
@pytest.mark.parametrize("height", [6, 7])
def test_blocks_show_the_pixels(depth: Any, error: int, height: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (height, 9, 3)).astype(np.uint8)
    rows = [row for line in Screen(80, 24, depth).blocks(picture) for row in pixels_of(line)]
    shown = np.array(rows[:height], int)
    assert np.abs(shown - picture).max() <= error
    assert all(color == (0, 0, 0) for row in rows[height:] for color in row)


def test_a_colour_is_set_once_for_neighbours() -> None:
    (line,) = Screen(80, 24, "truecolor").blocks(np.full((2, 50, 3), 7, np.uint8))
    assert line.count("\x1b[") == 2


def test_without_colours_characters_are_the_shades() -> None:
    ramp = np.linspace(0, 255, 40).astype(np.uint8)
    picture = np.stack([np.stack([ramp] * 3, -1)] * 4)
    lines = list(Screen(80, 24, "none").blocks(picture))
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert "".join(sorted(lines[0], key=" ░▒▓█".index)) == lines[0]
    assert set(lines[0]) == set(" ░▒▓█")


def test_a_glance_fits_the_terminal_and_tells_what_it_shows() -> None:
    for columns, lines in ((80, 24), (40, 12), (200, 60)):
        shown = list(
            glance(
                cells((3, 3, 2, 120, 160), name="mitosis", pixel_size={"Z": 1, "Y": 1, "X": 1}),
                Screen(columns, lines, "none"),
            )
        )
        assert len(shown) < lines
        assert all(len(line) <= columns for line in shown[:-2])
        text = "\n".join(shown)
        for word in (
            "mitosis  T 2.5 s, Z 1 µm",
            "■ EGFP",
            "■ mCherry",
            "━ 50 µm",
            "T 3  Z 3  C 2  Y 120  X 160",
            "X 1 µm",
        ):
            assert word in text, word


def test_the_bar_is_as_long_as_it_says() -> None:
    shown = list(glance(cells((1, 1, 1, 100, 100)), Screen(80, 30, "none")))
    width = len(shown[1])
    bar = next(line for line in shown if "━" in line)
    length = float(bar.split()[1])
    assert bar.count("━") == pytest.approx(length / (100 * 0.5 / width), abs=0.5)


def test_small_images_are_enlarged_and_unknown_sizes_told() -> None:
    image = MicroscopyDataset.from_array(makers.cells((1, 1, 1, 8, 8)))
    shown = list(glance(image, Screen(80, 24, "none")))
    assert len(shown[1]) == 32
    assert "pixel size unknown" in "\n".join(shown)


def test_samples_that_are_no_colours_are_channels() -> None:
    assert "■ C4" in "\n".join(glance(inks(), Screen(80, 24, "none")))


def test_names_cannot_steer_the_terminal() -> None:
    image = cells((1, 1, 1, 8, 8), name="a\x1b]0;owned\x07\x1b[2Jb", channels=[{"name": "x\x1b[31m\r\ny"}])
    for line in glance(image, Screen(80, 24, "none")):
        assert not set(line) & {"\x1b", "\x07", "\r", "\n"}


@pytest.mark.parametrize(
    ("told", "depth"), [("truecolor", "truecolor"), ("24bit", "truecolor"), ("", "256"), ("yes", "256")]
)
def test_terminals_say_how_many_colours_they_have(told: str, depth: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", told)
    assert color_depth() == depth
