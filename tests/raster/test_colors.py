"""Colours of channels: what files say, what wavelengths say, and what everybody can tell apart."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.errors import MissingDependencyError, PolicyError
from omio.raster.colors import (
    FAR_RED,
    MANY,
    PALETTES,
    TWO,
    WHITE,
    Rgb,
    channel_color,
    channel_ramp,
    color_of,
    ramp_of,
    wavelength_color,
)
from tests.support.packages import hide

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
"""How colours of linear light look without the green or the red cones (Machado, Oliveira and Fernandes, 2009)."""


@pytest.mark.parametrize(
    ("text", "color"), [("#08F", (0, 136, 255)), ("#0088ff", (0, 136, 255)), ("Green", (0, 255, 0))]
)
def test_colours_are_read(text: str, color: Rgb) -> None:
    assert color_of(text) == color


@pytest.mark.parametrize("text", ["", "#12", "#12345", "08f", "gren", "#gg0000"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="no colour"):
        color_of(text)


@pytest.mark.parametrize(
    ("nm", "color"),
    [
        (405, (127, 0, 255)),
        (430, (0, 0, 255)),
        (461, (0, 0, 255)),
        (490, (0, 255, 255)),
        (519, (0, 255, 0)),
        (570, (255, 255, 0)),
        (617, (255, 127, 0)),
        (668, (255, 0, 0)),
        (700, FAR_RED),
        (775, FAR_RED),
    ],
)
def test_an_emission_has_the_colour_of_its_light(nm: float, color: Rgb) -> None:
    assert wavelength_color(nm) == color


def test_what_the_file_says_comes_first() -> None:
    assert channel_color({"color": "#FF8000", "emission_nm": 519}, 0, 3) == (255, 128, 0)
    assert channel_color({"emission_nm": 519, "contrast_method": "Fluorescence"}, 0, 3) == (0, 255, 0)
    assert channel_color({"emission_nm": 519, "contrast_method": "Brightfield"}, 0, 3) == WHITE
    assert channel_color({"illumination": "Transmitted"}, 1, 2) == WHITE
    assert channel_color({}, 0, 1) == WHITE


def test_a_table_of_the_file_is_its_ramp() -> None:
    assert channel_ramp({"lut": "000000ff000000ff00"}, 0, 1) == ((0, 0, 0), (255, 0, 0), (0, 255, 0))


@pytest.mark.parametrize("count", range(2, len(MANY) + 1))
def test_channels_of_unknown_colour_are_told_apart_by_everybody(count: int) -> None:
    colors = [channel_color({}, number, count) for number in range(count)]
    for look in (np.eye(3), DEUTAN, PROTAN):
        seen = [_seen(color, look) for color in colors]
        assert min(np.abs(a - b).max() for a, b in itertools.combinations(seen, 2)) > 20


def test_green_and_yellow_would_not_be() -> None:
    near = _seen((110, 200, 0), DEUTAN) - _seen((0, 210, 0), DEUTAN)
    assert np.abs(near).max() < 5


def _seen(color: Rgb, look: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = (np.array(color) / 255) ** 2.2
    return 255 * np.clip(look @ linear, 0, 1) ** (1 / 2.2)


def test_two_channels_are_white_where_both_are() -> None:
    assert np.maximum(TWO[0], TWO[1]).tolist() == list(WHITE)


@pytest.mark.parametrize("name", PALETTES)
def test_palettes_are_those_of_matplotlib(name: str) -> None:
    colormaps = pytest.importorskip("matplotlib").colormaps
    ramp = np.array(ramp_of(name))
    shares = np.linspace(0, 1, 256)
    ours = np.stack([np.interp(shares, np.linspace(0, 1, len(ramp)), ramp[:, s]) for s in range(3)], axis=-1)
    assert np.abs(ours - 255 * colormaps[name](shares)[:, :3]).max() < 4


def test_a_palette_can_be_turned_around() -> None:
    assert ramp_of("viridis_r") == ramp_of("viridis")[::-1]
    assert ramp_of("gray_r") == (WHITE, (0, 0, 0))


def test_all_palettes_of_matplotlib_are_there_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    assert len(ramp_of("twilight")) == 256
    with pytest.raises(PolicyError, match="viridis"):
        ramp_of("twilite")
    hide("matplotlib", monkeypatch)
    with pytest.raises(MissingDependencyError, match=r"omio\[plot\]"):
        ramp_of("twilight")
