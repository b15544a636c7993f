"""The words of ``omio convert --crop X=0:512,Z=2um:8um`` and of ``--channel``.

A bare number is a pixel, counted from 0, and a range excludes its end, as in Python: ``X=0:512``, ``T=::2``, ``Z=-1``.
A number with a unit is a position, and a range includes both ends: ``Z=2um:8um``, ``X=0.1mm:``, ``T=1min:90s``.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omio.dims import DIMS
from omio.units import to_s, to_um

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.dataset import MicroscopyDataset

_BOUND = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>\D*)")


@dataclass(frozen=True)
class Crop:
    """What to take, by dim: `pixels` for ``isel``, `positions` (µm, s) for ``sel``."""

    pixels: dict[str, int | slice] = field(default_factory=dict)
    positions: dict[str, Any] = field(default_factory=dict)

    def apply(self, dataset: MicroscopyDataset) -> MicroscopyDataset:
        """Select from a dataset."""
        if self.pixels:
            dataset = dataset.isel(**self.pixels)
        return dataset.sel(**self.positions) if self.positions else dataset


def parse_crop(text: str) -> Crop:
    """Read ``DIM=WHAT`` pairs separated by commas.

    Raises
    ------
    argparse.ArgumentTypeError
        Where the text is no crop; says why.
    """
    crop = Crop()
    for part in text.split(","):
        dim, equals, what = part.partition("=")
        dim = dim.strip().upper()
        if not equals or dim not in DIMS:
            raise argparse.ArgumentTypeError(f"{part!r} is not of the form X=0:512, with one of {' '.join(DIMS)}")
        if dim in crop.pixels or dim in crop.positions:
            raise argparse.ArgumentTypeError(f"{dim} is given twice")
        _add(crop, dim, what)
    return crop


def _add(crop: Crop, dim: str, what: str) -> None:
    bounds = [_parse_bound(dim, bound.strip()) for bound in what.split(":")]
    given = [bound for bound in bounds if bound is not None]
    if len(bounds) > 3 or (len(bounds) == 1 and not given):
        raise argparse.ArgumentTypeError(f"{dim}={what} is neither a number nor a range")
    if len({type(bound) for bound in given}) > 1:
        raise argparse.ArgumentTypeError(f"{dim}={what} mixes pixels and positions: give each number a unit, or none")
    if given and isinstance(given[0], float):
        if len(bounds) == 3:
            raise argparse.ArgumentTypeError(f"{dim}={what}: only pixels have a step")
        crop.positions[dim] = given[0] if len(bounds) == 1 else slice(*bounds)
    else:
        crop.pixels[dim] = _pixels(dim, what, bounds)


def _pixels(dim: str, what: str, bounds: Sequence[Any]) -> int | slice:
    if len(bounds) == 1:
        return int(bounds[0])
    if len(bounds) == 3 and bounds[2] == 0:
        raise argparse.ArgumentTypeError(f"{dim}={what}: a step of 0")
    return slice(*bounds)


def _parse_bound(dim: str, text: str) -> int | float | None:
    if not text:
        return None
    match = _BOUND.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{dim}: {text!r} is no number with or without a unit")
    number, unit = match["number"], match["unit"].strip()
    if not unit:
        return _whole(dim, number)
    position = to_s(float(number), unit) if dim == "T" else to_um(float(number), unit) if dim != "C" else None
    if position is None:
        wanted = "no unit" if dim == "C" else "s, ms, min, ..." if dim == "T" else "um, nm, mm, ..."
        raise argparse.ArgumentTypeError(f"{dim}: {unit!r} is no unit here; it takes {wanted}")
    return position


def _whole(dim: str, number: str) -> int:
    if not re.fullmatch(r"[-+]?\d+", number):
        raise argparse.ArgumentTypeError(f"{dim}: {number} is no whole number of pixels; a position needs a unit")
    return int(number)


def pick_channels(dataset: MicroscopyDataset, wanted: Sequence[str]) -> MicroscopyDataset:
    """Select channels by name, in the order given; a whole number that is no name counts from 0."""
    if not wanted:
        return dataset
    names = dataset.facts.channels.get("name") or ()
    if all(name in names for name in wanted):
        return dataset.sel(C=list(wanted))
    if all(name in names or name.isdecimal() for name in wanted):
        return dataset.isel(C=[names.index(name) if name in names else int(name) for name in wanted])
    return dataset.sel(C=[name for name in wanted if name not in names])  # raises, naming those that exist
