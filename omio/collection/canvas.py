"""`TileCanvas`: an image that is made tile by tile."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

import numpy as np

from omio.arguments import checked
from omio.collection.base import Entries, MicroscopyCollection
from omio.dataset.dataset import MicroscopyDataset
from omio.dims import SAMPLES, canonical_shape, parse_axes
from omio.errors import AxesError, LayoutError, OptionError, SceneError, UnwritableError
from omio.lazy.arranged import arranged
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts
from omio.naming import some
from omio.raster.blending import check_blend
from omio.raster.canvas import CHUNK, Extent, OnSheet, Scratch, Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike, NDArray

    from omio.raster.blending import Blend
    from omio.writers.report import WriteReport

    type Run = tuple[int, int] | None

ALONE = "0"
"""Key of the image whose tiles name no further axis."""


@checked
class TileCanvas:
    """An image that tiles are put on, in any order, from threads and processes; then a dataset, or a file.

    Pixels lie in a temporary folder on disk, which is deleted with the canvas and the datasets made of it; memory holds
    the tile at hand. A canvas can be pickled: another process puts tiles on the same image.

    Parameters
    ----------
    dims
        Of `shape`, and of tiles with as many dims that are added without `axes`.
    dtype
        Of pixels; by default that of the first tile. Tiles of another are refused, never cast.
    shape
        How large the image is, in the order of `dims`. By default it grows with its tiles, also to the left and up.
    fill
        Value of pixels that no tile covers.
    chunk
        Rows and columns of the chunks on disk.
    folder
        Where the temporary folder is made; by default where the system has them.
    **metadata
        What is known of the image, as for `MicroscopyDataset.with_metadata`: name, pixel_size, channels, …. It can be
        changed until a dataset is made: ``canvas.metadata["name"] = "mosaic"``.

    Attributes
    ----------
    associated
        Further pictures by name, such as ``canvas.associated["label"] = array``: arrays (Y X [S]) or datasets.
    """

    def __init__(
        self,
        dims: str = "TZCYX",
        dtype: DTypeLike | None = None,
        shape: tuple[int, ...] | None = None,
        *,
        fill: float = 0,
        chunk: int = CHUNK,
        folder: str | os.PathLike[str] | None = None,
        **metadata: Any,
    ) -> None:
        self.dims = parse_axes(dims, len(dims if shape is None else shape))
        self.dtype = None if dtype is None else np.dtype(dtype).newbyteorder("=")
        self.fill = fill
        self.metadata: dict[str, Any] = metadata
        self.associated: dict[str, Any] = {}
        self._declared = None if shape is None else self._declare(shape)
        self._chunk = (chunk, chunk)
        self._scratch = Scratch(None if folder is None else os.fspath(folder))
        self._sheets: dict[str, Sheet] = {}

    def _declare(self, shape: tuple[int, ...]) -> Extent:
        if self.dtype is None:
            raise OptionError("a canvas of a declared shape needs a dtype", remedy='Give it: dtype="uint16".')
        t, z, c, y, x, *samples = canonical_shape(self.dims, shape)
        return Extent(self.dtype.str, samples[0] if SAMPLES in self.dims else None, (0, 0, 0, 0, 0), (t, z, c, y, x))

    # ------------------------------------------------------------------ putting

    def add_tile(
        self,
        tile: Any,
        x: int = 0,
        y: int = 0,
        *,
        t: int = 0,
        z: int = 0,
        c: int = 0,
        axes: str | None = None,
        mask: Any = None,
        blend: Blend = "replace",
        **keys: int | str,
    ) -> None:
        """Put a tile on the canvas.

        Parameters
        ----------
        tile
            An array, a picture of Pillow, or the bytes of a PNG, JPEG or the like. Two dims are Y X, three Y X S, as
            many as `dims` has are those, unless `axes` names them.
        x, y, t, z, c
            Where its first pixel lies; with negative `x` and `y` the canvas grows to the left and up.
        mask
            Y X of booleans: where the tile counts.
        blend
            What counts where tiles overlap: the last (``"replace"``), the first (``"keep"``), the ``"max"`` or
            ``"min"`` of what lies there and the tile, or the ``"mean"`` of all tiles.
        **keys
            Places along further axes, such as ``time=0`` or ``p1=3``: each combination is an image of its own.

        Raises
        ------
        UnwritableError
            Its dtype or number of samples is not that of the canvas.
        RegionError
            It lies outside of the declared shape, or before T, Z or C 0.
        LayoutError, AxesError
            Its dims have no names, or the mask has another shape.
        """
        check_blend(blend)
        x, y, t, z, c = map(index, (x, y, t, z, c))  # no integers of numpy, which overflow
        pixels = self._canonical(tile, axes)
        allowed = None if mask is None else np.asarray(mask, dtype=bool)
        if allowed is not None and allowed.shape != pixels.shape[3:5]:
            raise LayoutError(f"a mask of shape {allowed.shape} for a tile of Y X {pixels.shape[3:5]}")
        sheet = self._sheet(keys)
        sheet.admit(pixels, (t, z, c, y, x))
        for at in np.ndindex(pixels.shape[:3]):
            sheet.put(pixels[at], (t + at[0], z + at[1], c + at[2]), y, x, allowed, blend)

    def _canonical(self, tile: Any, axes: str | None) -> NDArray[Any]:
        """Return a tile as T Z C Y X [S]."""
        pixels = np.asarray(_decoded(tile))
        named = axes or (self.dims if pixels.ndim == len(self.dims) else {2: "YX", 3: "YXS"}.get(pixels.ndim))
        if named is None:
            raise AxesError(
                f"nothing says what the {pixels.ndim} dims of the tile are", remedy='Name them: axes="ZYX".'
            )
        native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
        if self.dtype is not None and native.dtype != self.dtype:
            remedy = f'Cast it, if its values fit: tile.astype("{self.dtype}").'
            raise UnwritableError(f"a tile of {native.dtype} on a canvas of {self.dtype}", remedy=remedy)
        return arranged(native, parse_axes("".join(named), pixels.ndim)).load()

    def _sheet(self, keys: Mapping[str, int | str]) -> Sheet:
        """Return the image of a place along further axes, which is begun where there is none."""
        text = ",".join(f"{name}={keys[name]}" for name in sorted(keys)) or ALONE
        if text not in self._sheets:
            sheet = self._at(text)
            if self._declared is not None and sheet.extent is None:
                sheet.declare(self._declared)
            self._sheets[text] = sheet
        return self._sheets[text]

    def _at(self, key: str) -> Sheet:
        return Sheet(self._scratch, quote(key, safe="=,"), self._chunk, is_fixed=self._declared is not None)

    # ------------------------------------------------------------------ what it holds

    def keys(self) -> tuple[str, ...]:
        """Return the keys of its images in order, such as ``"p1=3,time=0"``; without further axes ``"0"`` alone."""
        found = [unquote(place.name) for place in Path(self._scratch.path).iterdir()]
        return tuple(sorted(found, key=_by_number)) or ((ALONE,) if self._declared is not None else ())

    def to_dataset(self, key: str | None = None, *, x: Run = None, y: Run = None) -> MicroscopyDataset:
        """Return an image as a lazy dataset, as large as it is by now; tiles that are added to it later are seen.

        Where the canvas has grown to the left or up, positions are those of the canvas: the origin is negative.

        Parameters
        ----------
        key
            Which image, where tiles were added along further axes.
        x, y
            (begin, end) on the canvas; the rest is left out.

        Raises
        ------
        SceneError
            There are several images, none, or none of that key.
        RegionError
            Nothing lies between x or y.
        """
        key = self._only() if key is None else key
        if key not in self.keys():
            raise SceneError(f"no image {key!r}", remedy=f"There are {some(self.keys())}.")
        sheet = self._at(key)
        extent = sheet.extent or self._declared
        if extent is None:
            raise SceneError(f"no tile lies on the image {key!r}")
        named = len(self.metadata.get("channels") or ())
        whole = extent if self._declared else extent.with_channels(named)
        recipe = OnSheet(sheet, whole.cropped(y, x), self.fill)
        found = MicroscopyDataset(recipe, Facts.of(recipe.shape), associated=self._associated())
        return self._described(found, recipe.extent)

    def _only(self) -> str:
        keys = self.keys()
        if len(keys) != 1:
            cause = "no tile was added" if not keys else f"the canvas has {len(keys)} images"
            raise SceneError(cause, remedy=f"Choose one, or take to_collection(): {some(keys)}." if keys else None)
        return keys[0]

    def _described(self, found: MicroscopyDataset, extent: Extent) -> MicroscopyDataset:
        known = found.with_metadata(**self.metadata).facts
        starts = dict(zip("TZCYX", extent.low, strict=True))
        axes = {
            dim: replace(axis, origin=starts[dim] * axis.spacing) if isinstance(axis, Regular) else axis
            for dim, axis in known.axes.items()
        }
        return found._replace(_facts=replace(known, axes=axes).with_static(provenance=()).with_step("canvas"))

    def _associated(self) -> dict[str, MicroscopyDataset]:
        return {
            name: image if isinstance(image, MicroscopyDataset) else _picture(np.asarray(image))
            for name, image in self.associated.items()
        }

    def to_collection(self) -> MicroscopyCollection:
        """Return all images as a lazy collection, one a combination of places along further axes."""
        return MicroscopyCollection(Sheets(self))

    # ------------------------------------------------------------------ writing, ending

    def write(
        self, path: str | os.PathLike[str], *, key: str | None = None, x: Run = None, y: Run = None, **fields: Any
    ) -> WriteReport:
        """Write in the format that the ending of the name stands for, as the verbs of a dataset do.

        `key`, `x` and `y` choose as for `to_dataset`; `fields` are those of the writer's policy. Several images go into
        one OME-Zarr.

        Raises
        ------
        UnwritableError
            No writer has that ending.
        """
        from omio.dataset.export import written
        from omio.writers import ending_of, endings

        name = os.fspath(path)
        writer = ending_of(name)
        if writer is None:
            raise UnwritableError("no writer has this ending", path=name, remedy=f"There are {', '.join(endings())}.")
        if writer == "omezarr" and key is None and len(self.keys()) > 1:
            return self.to_collection().to_omezarr(name, **fields)
        return written(self.to_dataset(key, x=x, y=y), writer, name, None, None, fields)

    def close(self) -> None:
        """Delete the pixels; what was made of the canvas can no longer be read. Harmless when repeated."""
        self._scratch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        declared = "growing" if self._declared is None else " x ".join(map(str, self._declared.shape))
        return f"<TileCanvas {declared}, {self.dtype or 'dtype of the first tile'}: {some(self.keys()) or 'empty'}>"


def _decoded(tile: Any) -> Any:
    if not isinstance(tile, bytes | bytearray | memoryview):
        return tile
    from omio.backends.picture import decode

    return decode(bytes(tile))


def _picture(pixels: NDArray[Any]) -> MicroscopyDataset:
    return MicroscopyDataset.from_array(pixels, "YX" if pixels.ndim == 2 else "YXS")


def _by_number(key: str) -> tuple[tuple[str, int | str], ...]:
    """Order keys by their numbers.

    >>> sorted(["t=10", "t=9"], key=_by_number)
    ['t=9', 't=10']
    """
    return tuple((text, int(number) if number else "") for text, number in re.findall(r"(\D+)(\d*)", key))


@dataclass(frozen=True, eq=False)
class Sheets(Entries):
    """The images of a canvas."""

    canvas: TileCanvas
    path = "canvas"
    backend = None

    def keys(self) -> tuple[str, ...]:
        """Return the keys in order."""
        return self.canvas.keys()

    def find(self, key: str | int) -> str:
        """Return the key that is meant."""
        keys = self.keys()
        if isinstance(key, int) and -len(keys) <= key < len(keys):
            return keys[key]
        if key not in keys:
            raise SceneError(f"no image {key!r}", remedy=f"There are {some(keys)}.")
        return str(key)

    def open(self, key: str) -> MicroscopyDataset:
        """Make the dataset of an image."""
        return self.canvas.to_dataset(key)

    def details(self, key: str) -> Mapping[str, Any]:
        """Return nothing: no file stores it."""
        del key
        return {}

    def files(self) -> tuple[str, ...]:
        """Return nothing: its files are gone with it."""
        return ()
