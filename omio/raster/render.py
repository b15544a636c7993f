"""Pixels to colours, in numpy alone.

For the value v of a channel with the limits low and high, and the style's gamma and n colours:

1. f = (v - low) / (high - low), cut off at 0 and 1. Where low equals high, f is 1 above them and 0 elsewhere.
2. With ``invert`` f becomes 1 - f. Then f becomes f ** gamma.
3. The colours lie at 0, 1/(n-1), …, 1; between them each of red, green and blue, 0 to 255, is interpolated. With
   ``discrete`` it is the colour number min(floor(f * n), n - 1), counted from 0. Samples of RGB are f * 255.
4. Channels are blended one after another, a with b: ``max`` the larger, ``add`` a + b, ``multiply`` a * b / 255,
   ``screen`` a + b - a * b / 255.
5. The result, cut off at 0 and 255, is rounded down to whole numbers from single precision; for ``uint16`` it is
   multiplied by 257 before, for ``float32`` it is divided by 255 instead.

NaN, `nodata` and, with ``clip=False``, values beyond the limits show nothing: they leave what other channels show, and
where none shows anything the picture is black, and transparent where it has alpha. It has where the style has
``nodata`` or ``clip=False``, and where RGB has it. -inf is dark and inf is bright.

Integers of up to 16 bits are looked up in a table that is made once for all tiles.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from omio.errors import OptionError, PolicyError
from omio.raster import contrast
from omio.raster.look import Look, looks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from omio.policies.style import Blend, Style
    from omio.raster.colors import Ramp
    from omio.raster.contrast import Limits
    from omio.raster.look import Rows

type Floats = NDArray[np.floating[Any]]
type Form = Literal["uint8", "uint16", "float32"]


def render(
    planes: Mapping[int, NDArray[Any]],
    rows: Rows,
    style: Style,
    *,
    limits: Mapping[int, Limits] | None = None,
    dtype: Form = "uint8",
) -> NDArray[Any]:
    """Paint planes over each other.

    Parameters
    ----------
    planes
        Pixels Y X [S] of each channel that the style shows, by number. S is 1, 3 (RGB) or 4 (with alpha).
    rows
        Facts of all channels of the image.
    style
        How.
    limits
        Of each channel; by default they are found in `planes`.
    dtype
        ``"uint8"``, ``"uint16"`` for finer steps, or ``"float32"`` for values of 0 to 1.

    Returns
    -------
    Y X and 3 samples, red, green and blue, or 4 with alpha; see the module for when.

    Raises
    ------
    OptionError
        Another dtype.
    PolicyError
        Pixels that have no order (complex), samples that are no colours, or nothing to show.
    SelectionError
        A style that names channels that there are not.
    """
    check_form(dtype)
    if not planes:
        raise PolicyError("there is no channel to show")
    plain = {number: checked(pixels) for number, pixels in planes.items()}
    chosen = looks(rows, style, rgb=any(pixels.ndim == 3 for pixels in plain.values()))
    given = limits or {}
    shown = [(plain[c], look, given.get(c) or plane_limits(plain[c], look)) for c, look in chosen.items()]
    return paint(shown, style.blend, dtype)


def check_form(dtype: str) -> None:
    """Raise `OptionError` for a word that is no `Form`."""
    known = get_args(Form.__value__)
    if dtype not in known:
        raise OptionError(f"dtype={dtype!r}", remedy=f"A picture has {', '.join(known)}.")


def checked(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return Y X, or Y X with 3 or 4 samples, in native byte order; `PolicyError` where the pixels are no picture."""
    contrast.check_real(pixels.dtype)
    if pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4):
        raise PolicyError(
            f"{pixels.shape[2]} samples are no colours", remedy="ds.split_samples() makes channels of them."
        )
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return native[..., 0] if native.shape[2:] == (1,) else native


def plane_limits(pixels: NDArray[Any], look: Look) -> Limits:
    """Return the limits that a look has, or finds in pixels."""
    if not isinstance(look.clim, str):
        return look.clim
    return contrast.limits(contrast.colored(pixels), look.clim, nodata=look.nodata)


def paint(shown: list[tuple[NDArray[Any], Look, Limits]], blend: Blend, dtype: Form = "uint8") -> NDArray[Any]:
    """Paint planes with their looks and limits over each other; see `render`."""
    exact = blend == "max" and dtype == "uint8"  # rounding down and taking the larger may change places
    picture: NDArray[Any] | None = None
    for pixels, look, limit in shown:
        layer = _layer(pixels, look, limit, blend, exact=exact)
        picture = layer if picture is None else _blended(picture, layer, blend)
    if picture is None:
        raise PolicyError("there is no channel to show")
    if blend == "multiply":
        picture[picture[..., 3] == 0] = 0
    has_alpha = any(look.nodata is not None or not look.clip or pixels.shape[2:] == (4,) for pixels, look, _ in shown)
    return _finished(picture if has_alpha else picture[..., :3], dtype)


def _finished(picture: NDArray[Any], dtype: Form) -> NDArray[Any]:
    if dtype == "float32":
        shares: NDArray[Any] = np.divide(np.clip(picture, 0, 255), 255, dtype=np.float32)
        return shares
    if dtype == "uint16":
        return _floor(picture * np.float32(257), np.uint16)
    return np.ascontiguousarray(picture) if picture.dtype == np.uint8 else _floor(picture)


def _floor(values: Floats, dtype: type[np.unsignedinteger[Any]] = np.uint8) -> NDArray[Any]:
    """Round down; in single precision what should be 17 is never 16.9999999."""
    whole: NDArray[Any] = np.clip(values.astype(np.float32, copy=False), 0, np.iinfo(dtype).max).astype(dtype)
    return whole


def _blended(below: NDArray[Any], above: NDArray[Any], blend: Blend) -> NDArray[Any]:
    alpha = np.maximum(below[..., 3], above[..., 3])
    _BLENDS[blend](below, above)
    below[..., 3] = alpha
    return below


def _max(below: NDArray[Any], above: NDArray[Any]) -> None:
    np.maximum(below, above, out=below)


def _add(below: NDArray[Any], above: NDArray[Any]) -> None:
    below += above


def _multiply(below: NDArray[Any], above: NDArray[Any]) -> None:
    below *= above
    below /= 255


def _screen(below: NDArray[Any], above: NDArray[Any]) -> None:
    both = below * above
    both /= 255
    below += above
    below -= both


_BLENDS: dict[str, Callable[[NDArray[Any], NDArray[Any]], None]] = {
    "max": _max,
    "add": _add,
    "multiply": _multiply,
    "screen": _screen,
}


def _layer(pixels: NDArray[Any], look: Look, limit: Limits, blend: Blend, *, exact: bool) -> NDArray[Any]:
    """Return a channel as Y X RGBA from 0 to 255: whole numbers where `exact`, else floats."""
    nothing = 255 if blend == "multiply" else 0  # what leaves other channels as they are
    if look.ramp is None:
        return _samples(pixels, look, limit, nothing, exact=exact)
    if not is_tabled(pixels.dtype):
        return _typed(_painted(pixels, look.ramp, look, limit, nothing), exact=exact)
    table = _table(pixels.dtype.str, look.ramp, look, limit, nothing, exact=exact)
    whole = table.view(f"V{4 * table.itemsize}")[:, 0]  # one element a colour: four times fewer to gather
    found: NDArray[Any] = np.take(whole, bits_of(pixels)).view(table.dtype).reshape(*pixels.shape, 4)
    return found


def is_tabled(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype has so few values that each can be looked up."""
    return dtype.kind in "biu" and dtype.itemsize <= 2


def bits_of(pixels: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
    """Return pixels of up to 16 bits as numbers to look up."""
    return pixels if pixels.dtype.kind == "u" else pixels.view(f"u{pixels.itemsize}")


def all_values(dtype: str) -> NDArray[Any]:
    """Return every value of a dtype of up to 16 bits, in the order of its bits."""
    kind = np.dtype(dtype)
    count = 2 if kind.kind == "b" else 1 << 8 * kind.itemsize
    return np.arange(count, dtype=f"u{kind.itemsize}").view(kind)


def _typed(values: Floats, *, exact: bool) -> NDArray[Any]:
    return _floor(values) if exact else values.astype(np.float32, copy=False)


@lru_cache(maxsize=64)
def _table(dtype: str, ramp: Ramp, look: Look, limit: Limits, nothing: int, *, exact: bool) -> NDArray[Any]:
    """Return the colour of every value of a dtype: up to 256 KiB, or 1 MiB of floats."""
    return _typed(_painted(all_values(dtype), ramp, look, limit, nothing), exact=exact)


def _painted(values: NDArray[Any], ramp: Ramp, look: Look, limit: Limits, nothing: int) -> Floats:
    """Return RGBA from 0 to 255 of values of any shape."""
    brightness, absent = _brightness(values, look, limit)
    colors = np.array(ramp, np.float64)
    found = np.full((*values.shape, 4), 255.0)
    if look.discrete:
        steps = (brightness * len(ramp)).astype(np.float32).astype(np.intp)
        found[..., :3] = colors[np.minimum(steps, len(ramp) - 1)]
    else:
        places = np.linspace(0, 1, len(ramp))
        for sample, column in enumerate(colors.T):
            varies = bool(np.ptp(column))
            found[..., sample] = np.interp(brightness, places, column) if varies else column[0]
    found[absent] = (nothing, nothing, nothing, 0)
    return found


def _samples(pixels: NDArray[Any], look: Look, limit: Limits, nothing: int, *, exact: bool) -> NDArray[Any]:
    """Return samples that are colours as Y X RGBA from 0 to 255."""
    color, absent = _toned(pixels[..., :3], look, limit, exact=exact)
    found = np.full((*pixels.shape[:2], 4), 255, color.dtype)
    found[..., :3] = color
    if pixels.shape[2] == 4:
        plain = Look(None, "dtype")
        found[..., 3] = _toned(pixels[..., 3], plain, contrast.dtype_limits(pixels.dtype), exact=exact)[0]
    if absent is not None:
        found[absent.all(axis=-1) if look.clip else absent.any(axis=-1)] = (nothing, nothing, nothing, 0)
    return found


def _toned(
    samples: NDArray[Any], look: Look, limit: Limits, *, exact: bool
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return samples from 0 to 255, and which of them show nothing; None where all show something."""
    if not is_tabled(samples.dtype):
        brightness, absent = _brightness(samples, look, limit)
        return _typed(brightness * 255, exact=exact), absent
    tones, gaps = _tones(samples.dtype.str, look, limit, exact=exact)
    bits = bits_of(samples)
    return tones[bits], gaps[bits] if gaps.any() else None


@lru_cache(maxsize=64)
def _tones(dtype: str, look: Look, limit: Limits, *, exact: bool) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    brightness, absent = _brightness(all_values(dtype), look, limit)
    return _typed(brightness * 255, exact=exact), absent


def _brightness(values: NDArray[Any], look: Look, limit: Limits) -> tuple[Floats, NDArray[np.bool_]]:
    """Return brightness from 0 to 1, and where nothing is shown."""
    low, high = limit
    numbers = values.astype(np.float64)
    absent = np.isnan(numbers)
    if look.nodata is not None:
        absent |= contrast.equals(values, look.nodata)
    if not look.clip:
        absent |= (numbers < low) | (numbers > high)
    if low < high:
        with np.errstate(over="ignore"):
            found = np.clip((numbers - low) / (high - low), 0, 1)
    else:
        found = (numbers > low).astype(np.float64)
    found[absent] = 0
    if look.invert:
        found = 1 - found
    return found if look.gamma == 1 else found**look.gamma, absent
