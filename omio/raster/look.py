"""What a style means for the channels of one image: colours and exponents, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.errors import PolicyError, SelectionError
from omio.raster.colors import channel_ramp, ramp_of
from omio.raster.contrast import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.policies.style import Name, Style
    from omio.raster.colors import Ramp
    from omio.raster.contrast import Limits

type Rows = Sequence[Mapping[str, Any]]
"""Facts of channels, one mapping each."""


@dataclass(frozen=True)
class Look:
    """How a channel is painted.

    Attributes
    ----------
    ramp
        Its colours from dark to bright; None where its samples are colours.
    clim
        Limits, or the word by which they are found.
    gamma, invert, discrete, nodata, clip
        See `omio.policies.style.Style`.
    """

    ramp: Ramp | None
    clim: Limits | str
    gamma: float = 1.0
    invert: bool = False
    discrete: bool = False
    nodata: float | None = None
    clip: bool = True


def looks(rows: Rows, style: Style, *, rgb: bool = False) -> dict[int, Look]:
    """Return how each shown channel is painted, by number, in the order in which they are shown.

    Parameters
    ----------
    rows
        Facts of all channels of the image.
    rgb
        Whether its samples are colours.

    Raises
    ------
    SelectionError
        A channel that there is not.
    PolicyError
        Something that is no colour, or a colour for samples that are colours.
    """
    given = style.channels
    colors: Mapping[Name, Any] = given if isinstance(given, dict) else dict.fromkeys(given or ())
    shown = range(len(rows)) if given is None else _by_number(colors, rows)
    chosen = _by_number(colors, rows)
    if rgb and (style.palette is not None or any(chosen.values())):
        raise PolicyError("RGB has colours of its own", remedy="ds.split_samples() makes channels of its samples.")
    fields = {name: _each(getattr(style, name), rows) for name in ("clim", "gamma", "invert")}
    found = {}
    for number in shown:
        color = chosen.get(number) or style.palette
        own = channel_ramp(rows[number], number, len(rows)) if color is None else ramp_of(color)
        found[number] = Look(
            ramp=None if rgb else own,
            clim=_clim(fields["clim"].get(number), rows[number], rgb=rgb),
            gamma=fields["gamma"].get(number, 1.0),
            invert=fields["invert"].get(number, False),
            discrete=style.discrete,
            nodata=style.nodata,
            clip=style.clip,
        )
    if not found:
        raise PolicyError("there is no channel to show", remedy="channels=None shows all.")
    return found


def _each(value: Any, rows: Rows) -> dict[int, Any]:
    """Return a value by number of channel: one for all, or those of a mapping."""
    return _by_number(value, rows) if isinstance(value, dict) else dict.fromkeys(range(len(rows)), value)


def _by_number(values: Mapping[Name, Any], rows: Rows) -> dict[int, Any]:
    if unknown := [key for key in values if not _meant(key, rows)]:
        known = ", ".join(str(row.get("name") or number) for number, row in enumerate(rows))
        raise SelectionError(f"no channel {', '.join(map(repr, unknown))}", remedy=f"There are {known}.")
    return {number: value for key, value in values.items() for number in _meant(key, rows)}


def _meant(key: Name, rows: Rows) -> list[int]:
    """Return the channels of a name, else of a number; JSON knows no numbers as keys, so a number may be text."""
    named = [number for number, row in enumerate(rows) if row.get("name") == key]
    return named or [number for number in range(len(rows)) if str(number) == str(key)]


def _clim(given: Limits | str | None, row: Mapping[str, Any], *, rgb: bool) -> Limits | str:
    """Return limits that are known without looking at pixels, or a word for the others."""
    window = row.get("window")
    if given == "stored" and window is not None and window[0] < window[1]:
        return float(window[0]), float(window[1])
    if given is None or given == "stored":
        return "dtype" if rgb else DEFAULT
    return given
