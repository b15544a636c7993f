"""Colours of channels: words, hexadecimal text, wavelengths, and palettes between which values are interpolated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omio.errors import MissingDependencyError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

type Rgb = tuple[int, int, int]
"""Red, green, blue from 0 to 255."""
type Ramp = tuple[Rgb, ...]
"""Colours at even distances, from the lower to the upper limit of what is shown."""

BLACK: Rgb = (0, 0, 0)
WHITE: Rgb = (255, 255, 255)

WORDS: Mapping[str, str] = {
    "black": "000000",
    "white": "ffffff",
    "red": "ff0000",
    "green": "00ff00",
    "blue": "0000ff",
    "cyan": "00ffff",
    "magenta": "ff00ff",
    "yellow": "ffff00",
    "orange": "ff7f00",
    "violet": "7f00ff",
    "gray": "ffffff",
    "grey": "ffffff",
    "silver": "c0c0c0",
}
"""Colours by name, at full strength as microscopists use them: gray is the ramp from black to white."""

PALETTES: Mapping[str, str] = {
    "viridis": "44015448186a472d7b4240863b528b33638d2c728e26828e21918c1f9f8827ad813dbc745cc86381d34daadc32d5e21afde725",
    "magma": "0000040a08221d114736106b51127c6a1c818326819c2e7fb73779cf4070e55064f4695cfb8761fea571fec287fde0a1fcfdbf",
    "inferno": "0000040b0724210c4a3d096557106e71196e8a226aa32c61bc3754d04545e35933f1711ff98c0afcaa0ff9c932f2e865fcffa4",
    "plasma": "0d08873105974c02a16600a77e03a89511a1aa2395bc3587cc4778d9586ae56b5df07f4ff89441fdab33fdc328f9dd25f0f921",
    "cividis": "00224e002e6a1a386f32436d434e6c535a6d61656f6f70737d7c788b87789a9376aaa073bbad6dccba64ddc858efd748fee838",
}
"""Palettes that need no package: 17 colours of each, as hexadecimal RRGGBB (matplotlib's, in the public domain)."""

TWO: tuple[Rgb, ...] = ((0, 255, 0), (255, 0, 255))
"""Green and magenta: two channels that everybody can tell apart, and white where both are."""

MANY: tuple[Rgb, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
"""Colours that people with any colour vision can tell apart (Okabe and Ito, 2008)."""

WAVELENGTHS: tuple[tuple[float, Rgb], ...] = (
    (430, (127, 0, 255)),
    (480, (0, 0, 255)),
    (500, (0, 255, 255)),
    (560, (0, 255, 0)),
    (590, (255, 255, 0)),
    (640, (255, 127, 0)),
    (700, (255, 0, 0)),
)
"""Below which emission, in nm, a channel is shown in which colour."""

FAR_RED: Rgb = (192, 192, 192)
"""Of emissions from 700 nm on, which nobody sees."""

TRANSMITTED = frozenset({"brightfield", "transmitted", "dic", "phase", "hoffmanmodulation", "obliqueillumination"})
"""Contrast methods and illuminations of OME, in small letters, whose images are gray."""

_HEX = re.compile("#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def color_of(text: str) -> Rgb:
    """Read a colour: a word of `WORDS`, ``#rgb`` or ``#rrggbb``.

    >>> color_of("#08f"), color_of("magenta")
    ((0, 136, 255), (255, 0, 255))

    Raises
    ------
    PolicyError
        For anything else.
    """
    found = _color(text)
    if found is None:
        raise PolicyError(f"{text!r} is no colour", remedy=f"Write #rgb, #rrggbb, or {', '.join(WORDS)}.")
    return found


def _color(text: Any) -> Rgb | None:
    if not isinstance(text, str):
        return None
    word = WORDS.get(text.lower())
    if word is None and _HEX.fullmatch(text):
        word = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return None if word is None else next(_colors(word))


def _colors(text: str) -> Iterator[Rgb]:
    """Yield the colours of hexadecimal RRGGBB text without separators."""
    numbers = iter(bytes.fromhex(text))
    return zip(numbers, numbers, numbers, strict=True)


def ramp_of(choice: str | Sequence[str]) -> Ramp:
    """Return the colours that a palette, a list of colours, or the way from black to one colour passes through.

    Palettes are those of `PALETTES` and, where matplotlib is installed, all of its; ``_r`` turns one around.

    Raises
    ------
    PolicyError
        No such colour or palette.
    """
    if not isinstance(choice, str):
        ramp = tuple(color_of(color) for color in choice)
        if len(ramp) < 2:
            raise PolicyError(f"a palette of {len(ramp)} colours", remedy="Give two or more, or one colour as text.")
        return ramp
    name = choice.removesuffix("_r")
    single = _color(name)
    if single is not None:
        ramp = (BLACK, single)
    else:
        ramp = tuple(_colors(PALETTES[name])) if name in PALETTES else _of_matplotlib(name)
    return ramp if name == choice else ramp[::-1]


def _of_matplotlib(name: str) -> Ramp:
    known = f"Colours are #rgb, #rrggbb, {', '.join(WORDS)}; palettes {', '.join(PALETTES)}"
    try:
        from matplotlib import colormaps
    except ImportError:
        raise MissingDependencyError(
            f"{name!r} is no colour or palette of omio", remedy=f'{known}; more with pip install "omio[plot]".'
        ) from None
    if name not in colormaps:
        raise PolicyError(f"{name!r} is no colour or palette", remedy=f"{known}, and all of matplotlib's.")
    return tuple((r, g, b) for r, g, b, _ in colormaps[name](range(256), bytes=True).tolist())


def wavelength_color(nm: float) -> Rgb:
    """Return the colour in which an emission is shown.

    >>> wavelength_color(461), wavelength_color(509), wavelength_color(610)
    ((0, 0, 255), (0, 255, 0), (255, 127, 0))
    """
    return next((color for below, color in WAVELENGTHS if nm < below), FAR_RED)


def channel_color(row: Mapping[str, Any], number: int, count: int) -> Rgb:
    """Return the colour of a channel: what the file says, else by what it shows, else one that tells it from others.

    Parameters
    ----------
    row
        Its facts: ``color``, ``contrast_method``, ``illumination`` and ``emission_nm`` count.
    number, count
        Which of how many channels it is.
    """
    if row.get("color") is not None:
        return color_of(row["color"])
    if {str(row.get(name)).lower() for name in ("contrast_method", "illumination")} & TRANSMITTED:
        return WHITE
    if row.get("emission_nm") is not None:
        return wavelength_color(row["emission_nm"])
    if count == 1:
        return WHITE
    colors = TWO if count == 2 else MANY
    return colors[number % len(colors)]


def channel_ramp(row: Mapping[str, Any], number: int, count: int) -> Ramp:
    """Return the colour table that the file gives a channel, or the way from black to its colour."""
    return tuple(_colors(row["lut"])) if row.get("lut") else (BLACK, channel_color(row, number, count))
