"""Where a GeoTIFF lies on Earth: its reference system, its bounds, and the same pixels in another system.

Tags and keys are those of OGC GeoTIFF 1.1. A reference system that has a number in the EPSG register is read without
any extra; what needs PROJ or GDAL needs ``omio[geo]``.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from omio.errors import MissingDependencyError, RegionError
from omio.lazy.leaf import FileRecipe
from omio.lazy.tree import Cast, Pad
from omio.lazy.view import View
from omio.raster.resampled import Resampled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from omio.indexing import Index
    from omio.lazy.recipe import Recipe
    from omio.raster.grid import Croppable
    from omio.raster.warp import Warping

_SCALE, _TIEPOINT, _MATRIX, _KEYS = 33550, 33922, 34264, 34735
_MODEL, _RASTER, _GEOGRAPHIC, _PROJECTED = 1024, 1025, 2048, 3072
_EPSG = {1: _PROJECTED, 2: _GEOGRAPHIC}
"""Model type -> key that holds the number of the reference system."""
_POINT = 2
"""Raster type: positions are those of pixel centres."""
_USER_DEFINED = 32767


class Affine(NamedTuple):
    """From column and row, counted from the upper left corner of the first pixel, to x and y.

    ``x = a * column + b * row + c``, ``y = d * column + e * row + f``
    """

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def point(self, column: float, row: float) -> tuple[float, float]:
        """Return x and y."""
        return self.a * column + self.b * row + self.c, self.d * column + self.e * row + self.f

    def inverse(self) -> Affine:
        """Return the way back: from x and y to column and row; `RegionError` where pixels cover nothing."""
        size = self.a * self.e - self.b * self.d
        if not size:
            raise unknown("its pixels have no size")
        a, b, d, e = self.e / size, -self.b / size, -self.d / size, self.a / size
        return Affine(a, b, -a * self.c - b * self.f, d, e, -d * self.c - e * self.f)

    def corners(self, extent: tuple[int, int]) -> dict[str, tuple[float, float]]:
        """Return x and y of the corners of an image of so many rows and columns."""
        height, width = extent
        places = {"ul": (0, 0), "ur": (width, 0), "lr": (width, height), "ll": (0, height)}
        return {name: self.point(*place) for name, place in places.items()}

    def box(self, extent: tuple[int, int]) -> Bounds:
        """Return the box that holds an image of so many rows and columns."""
        xs, ys = zip(*self.corners(extent).values(), strict=True)
        return Bounds(min(xs), min(ys), max(xs), max(ys))

    def after(self, column: tuple[float, float], row: tuple[float, float]) -> Affine:
        """Return the same for pixels of which column ``j`` begins at ``first + step * j``, and rows likewise."""
        c, f = self.point(column[0], row[0])
        return Affine(self.a * column[1], self.b * row[1], c, self.d * column[1], self.e * row[1], f)


class Bounds(NamedTuple):
    """The box that holds an image, in the units of a reference system."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class Place:
    """Where pixels lie.

    Attributes
    ----------
    crs
        Reference system: ``"EPSG:32632"``, or WKT where it has no number.
    affine
        From pixels to its coordinates.
    """

    crs: str
    affine: Affine


@dataclass(frozen=True, eq=False)
class Geo[P: Croppable]:
    """Where an image lies on Earth; its crops, levels and resampled regions lie where they lie.

    Attributes
    ----------
    crs
        Reference system of the file: ``"EPSG:32632"``, or WKT where it has no number.
    transform
        From column and row to x and y of it.
    """

    crs: str
    transform: Affine
    _picture: P = field(repr=False)

    @classmethod
    def of(cls, picture: P) -> Geo[P]:
        """Look where an image lies; tags are read, pixels are not.

        Raises
        ------
        RegionError
            Nothing says so: it is no GeoTIFF, or one that was merged, stretched by a function or picked by a list.
        """
        place = place_of(picture.recipe)
        return cls(place.crs, place.affine, picture)

    @property
    def _extent(self) -> tuple[int, int]:
        height, width = self._picture.recipe.shape[3:5]
        return height, width

    @property
    def center(self) -> tuple[float, float]:
        """X and y of the middle of the image."""
        height, width = self._extent
        return self.transform.point(width / 2, height / 2)

    def corners(self) -> dict[str, tuple[float, float]]:
        """Return x and y of the corners: ``ul``, ``ur``, ``lr``, ``ll`` as the pixels lie."""
        return self.transform.corners(self._extent)

    def bounds(self, crs: str | None = None) -> Bounds:
        """Return the box that holds the image, in its own reference system or another (``"EPSG:4326"``).

        Edges become curves in another system: the box holds these too.

        Raises
        ------
        MissingDependencyError
            Another system needs ``omio[geo]``.
        RegionError
            No such system.
        """
        return transformed(self.transform.box(self._extent), self.crs, crs or self.crs)

    def reproject(
        self,
        crs: str,
        *,
        resolution: float | tuple[float, float] | None = None,
        resample: Warping = "nearest",
        nodata: float | None = None,
    ) -> P:
        """Return the image in another reference system, its columns running east and its rows south; lazy.

        Blocks are made when they are read, of the pixels that they show.

        Parameters
        ----------
        crs
            Such as ``"EPSG:3857"``.
        resolution
            Of pixels, in units of that system; by default about as many pixels as there are.
        resample
            ``"nearest"``, ``"bilinear"``, ``"cubic"``, ``"average"``, ``"lanczos"`` or ``"mode"``.
        nodata
            Value of pixels that show nothing, in the file too; by default the one that the file states. Where there is
            none, all pixels count, and what lies outside becomes 0.

        Raises
        ------
        MissingDependencyError
            It needs ``omio[geo]``.
        RegionError
            No such system; pixels that GDAL cannot resample.
        """
        from omio.raster.warp import warped

        _rasterio("warp")
        with naming(crs):
            recipe = warped(self._picture.recipe, Place(self.crs, self.transform), crs, resolution, resample, nodata)
        facts = self._picture.facts
        sizes = dict(zip(facts.sizes, recipe.shape, strict=True))
        axes = {dim: axis for dim, axis in facts.axes.items() if dim not in "YX"}
        found = replace(facts, sizes=sizes, axes=axes).with_step("reproject", crs=crs, resample=resample)
        return self._picture._replace(_recipe=recipe, _facts=found, _coarser=())


def transformed(box: Bounds, crs: str, to: str) -> Bounds:
    """Return the box that holds a box of one reference system in another.

    Raises
    ------
    MissingDependencyError
        Another system needs ``omio[geo]``.
    RegionError
        No such system.
    """
    if crs == to:
        return box
    warp = _rasterio("warp")
    with naming(f"{crs} to {to}"):
        return Bounds(*warp.transform_bounds(crs, to, *box))


def place_of(recipe: Recipe) -> Place:
    """Return where the pixels of a recipe lie; see `Geo.of`."""
    from omio.raster.warp import Warped

    if isinstance(recipe, FileRecipe):
        return _in_file(recipe)
    if isinstance(recipe, Warped):
        return recipe.place
    if isinstance(recipe, Cast):
        return place_of(recipe.base)
    if isinstance(recipe, View):
        return _moved(place_of(recipe.base), *(_steps(index) for index in recipe.key[3:5]))
    if isinstance(recipe, Pad):
        return _moved(place_of(recipe.base), *((-float(lead), 1.0) for lead in recipe.before[3:5]))
    if isinstance(recipe, Resampled):
        scales = (old / new for old, new in zip(recipe.base.shape[3:5], recipe.extent, strict=True))
        return _moved(place_of(recipe.base), *((0.0, scale) for scale in scales))
    raise unknown("the pixels are no crop of one file")


def _moved(place: Place, rows: tuple[float, float], columns: tuple[float, float]) -> Place:
    return Place(place.crs, place.affine.after(columns, rows))


def _steps(index: Index) -> tuple[float, float]:
    """Return where the first pixel of a selection begins, and how far the next one is; strides keep pixels centred."""
    if not isinstance(index, range) or not len(index):
        raise unknown("its rows or columns were picked by a list")
    step = index.step if len(index) > 1 else 1
    return index[0] + 0.5 - step / 2, float(step)


def unknown(why: str) -> RegionError:
    """Return the error of an image that lies nowhere."""
    return RegionError(
        f"nothing says where it lies on Earth: {why}", remedy="Take .geo of a GeoTIFF, or a crop of one."
    )


def _in_file(leaf: FileRecipe) -> Place:
    from omio.backends.tiff.dialects import open_document
    from omio.backends.tiff.document import TiffDocument

    if leaf.opener is not TiffDocument:
        raise unknown("the file is no TIFF")
    with open_document(leaf.stamp) as document:
        page = document.first
        tags = {code: page.tags.valueof(code) for code in (_SCALE, _TIEPOINT, _MATRIX, _KEYS)}
        full = page.imagelength, page.imagewidth
    keys = _keys(tags[_KEYS])
    affine = _affine(tags, is_point=keys.get(_RASTER) == _POINT)
    number = keys.get(_EPSG.get(keys.get(_MODEL, 0), 0), _USER_DEFINED)
    crs = _stated(leaf.stamp.path) if number == _USER_DEFINED else f"EPSG:{number}"
    rows, columns = ((0.0, whole / size) for whole, size in zip(full, leaf.shape[3:5], strict=True))
    return _moved(Place(crs, affine), rows, columns)


def _keys(directory: Any) -> dict[int, int]:
    """Return the keys whose value is a number; those of text and real numbers say nothing that is needed here."""
    if not isinstance(directory, tuple) or len(directory) < 4:
        raise unknown("the file has no GeoKeys")
    entries = (directory[start : start + 4] for start in range(4, len(directory) - 3, 4))
    return {key: value for key, location, _, value in entries if location == 0}


def _affine(tags: Mapping[int, Any], *, is_point: bool) -> Affine:
    """Return what a scale and a point, or a matrix, say."""
    scale, points, matrix = tags[_SCALE], tags[_TIEPOINT], tags[_MATRIX]
    if isinstance(matrix, tuple) and len(matrix) == 16:
        found = Affine(matrix[0], matrix[1], matrix[3], matrix[4], matrix[5], matrix[7])
    elif isinstance(scale, tuple) and isinstance(points, tuple) and len(scale) >= 2 and len(points) == 6:
        column, row, _, x, y, _ = points
        found = Affine(scale[0], 0.0, x - column * scale[0], 0.0, -scale[1], y + row * scale[1])
    else:
        raise unknown("the file has no scale and point, and no matrix")
    return found.after((-0.5, 1.0), (-0.5, 1.0)) if is_point else found


def _stated(path: str) -> str:
    """Return the WKT of a reference system without a number, as GDAL reads the file's keys."""
    with _rasterio("").open(path) as file:
        if file.crs is None:
            raise unknown("the file names no reference system")
        return str(file.crs.to_wkt())


def _rasterio(module: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(f"rasterio.{module}".rstrip("."))
    except ModuleNotFoundError as error:
        remedy = "pip install 'omio[geo]'"
        raise MissingDependencyError("other reference systems need rasterio", remedy=remedy) from error


@contextmanager
def naming(crs: str) -> Iterator[None]:
    """Turn what PROJ and GDAL say of an unknown system into an error of omio."""
    errors = _rasterio("errors")
    try:
        yield
    except (errors.RasterioError, errors.CRSError) as error:
        raise RegionError(f"{crs}: {error}", remedy='Name it as "EPSG:3857".') from error
