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
    "viridis": (
        "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b38598c355e8d33638d31"
        "688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7"
        "793dbc7446c06f50c46a5ac86465cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725"
    ),
    "magma": (
        "00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a107952137c5a167e6219806a1c8172"
        "1f81792282812581892881912b81992d80a1307eaa337db2357bba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f160"
        "5df4695cf7725cf97b5dfb8560fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf"
    ),
    "inferno": (
        "00000402020c0504170a072210092d160b391e0c45260c512f0a5b380962400a67490b6a510e6c59106e61136e69166e71196e78"
        "1c6d801f6c88226a902568982766a02a63a82e5fb0315bb73557bf3952c63d4dcc4248d34743d94d3ddf5337e45a31e9612bed69"
        "25f1711ff47918f78212f98b0bfa9407fb9d07fca60cfcb014fbba1ffac42af8cd37f6d746f4e156f2ea69f2f27df5f992fcffa4"
    ),
    "plasma": (
        "0d08871b068d2605912f059638049a41049d4903a05102a35901a56100a76900a87100a87801a88004a88707a68e0ca49511a19c"
        "179ea21d9aa82296ae2892b42e8dba3388bf3984c43e7fc9447acd4a76d24f71d6556dda5b69de6164e26660e66c5ce97257ed79"
        "53f07f4ff3854bf58c46f79342f99a3efba139fca835fdaf31feb72dfebe2afdc627fcce25fbd724f8df25f6e826f3f027f0f921"
    ),
    "cividis": (
        "00224e002656002a5f002d68003070083370163770203a6f273e6e2e416d34456c3a486c3f4c6c444f6c49536c4e566c535a6d57"
        "5d6d5c616e60646f656870696b716d6f727272747676767a7a787e7d788381798885788d8878928c789690779b9476a09875a59c"
        "74aaa073afa471b5a86fbaac6dbfb06bc4b468c9b965cfbd62d4c15fdac65bdfca57e5cf52ead34cf0d846f6dd3ffce236fee838"
    ),
}
"""Palettes that need no package: every fifth colour of matplotlib's, which are in the public domain."""

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
