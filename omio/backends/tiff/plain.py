"""TIFF without a dialect, and tifffile's ``shaped`` stacks.

Such files name no axis but Y, X and the samples; pages of equal size are a stack along an axis that the user names.
"""

from __future__ import annotations

from functools import partial
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any, ClassVar

from omio.backends.axes import name_axes
from omio.backends.base import Confidence
from omio.backends.tiff.axes import choose_pages
from omio.backends.tiff.base import TiffBackend, load_tags, orientation_of
from omio.backends.tiff.orientation import NAMES, is_turned
from omio.backends.tiff.series import MASK, REDUCED, Numbers, Series, series_of
from omio.backends.tiff.tags import acquired, palette, resolution
from omio.backends.tiff.where import stack_of
from omio.dims import FileDims
from omio.errors import SceneError
from omio.metadata.facts import Facts
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tifffile import TiffPage

    from omio.backends.base import OpenOptions
    from omio.dims import Outer
    from omio.lazy.recipe import Recipe


class PlainTiffBackend(TiffBackend):
    """Reads TIFF files of no dialect: pages of one size are a scene, coarser versions of them its levels."""

    name = "tiff"
    extensions: ClassVar[tuple[str, ...]] = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
    dialects: ClassVar[tuple[str, ...]] = ("plain", "shaped", "damaged")
    confidence = Confidence.GENERIC

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        with self.document() as document:
            document.check_chain(strict=self.options.strict)
            found = document.memo(series_of)
        main = [series for series in found if not series.frame.subfile & (REDUCED | MASK)] or list(found)
        names = [series.name for series in main]
        named = all(names) and len(set(names)) == len(names)
        keys = names if named else [str(number) for number in range(len(main))]
        self._scenes = dict(zip(keys, main, strict=True))
        self._others = [series for series in found if series not in main]

    def scenes(self) -> tuple[str, ...]:
        """Return the names that tifffile's descriptions give, else "0", "1", …."""
        return tuple(self._scenes)

    def level_count(self, scene: str) -> int:
        """Count the full resolution and what lies in SubIFDs or on smaller pages."""
        return self._series(scene).level_count

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a scene.

        Raises
        ------
        AxesError
            For several pages, unless ``axes=`` names the axis.
        """
        series = self._series(scene)
        numbers, dims = self._pages(series)
        return self._recipe(series, numbers, name_axes(dims, self.options.axes), level)

    def _recipe(self, series: Series, numbers: Numbers, axes: Outer, level: int = 0) -> Recipe:
        sizes, order = dict(axes), "".join(name for name, _ in axes)
        pages = _pick(series.coarser[level - 1] if level and series.coarser else series.pages, numbers)
        sublevel = level if series.sublevels else 0
        first = pages[0] if series.run is None else series.run
        return self.recipe(sizes, stack_of(pages, order, sizes), page=first, level=sublevel, run=series.run)

    def _series(self, scene: str) -> Series:
        try:
            return self._scenes[scene]
        except KeyError:
            known = ", ".join(self._scenes)
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There are {known}.") from None

    def file_dims(self, scene: str) -> FileDims:
        """Return the dims that tifffile's description names, else one without a name."""
        return self._pages(self._series(scene))[1]

    def _pages(self, series: Series) -> tuple[Numbers, FileDims]:
        numbers, outer = choose_pages(self.options, series.outer, len(series.pages), self.path)
        return numbers, FileDims(outer, series.frame.samples > 1, self.name, self.path)

    def metadata(self, scene: str) -> Facts:
        """Return what the tags of the first page say."""
        series = self._series(scene)
        shape = self.array(scene).shape
        return self._facts(series, shape)

    def _facts(self, series: Series, shape: tuple[int, ...]) -> Facts:
        with self.document() as document:
            page = document.page(series.first)
            orientation = orientation_of(document, series.first)
            sizes, sources = resolution(page)
            if is_turned(orientation):
                sizes, sources = _turn(sizes), {_turned(name): where for name, where in sources.items()}
            lut = palette(page)
            facts = Facts.of(
                shape,
                pixel_size=sizes,
                channels=[{"lut": lut}] * shape[2] if lut else (),
                original=Original(partial(load_tags, self.stamp, series.first, 0)),
                sources=sources,
                **_texts(page, series),
            )
        return facts.with_step("upright", orientation=NAMES[orientation]) if orientation > 1 else facts

    def associated(self) -> Mapping[str, tuple[Recipe, Facts]]:
        """Return thumbnails and masks: pages marked as such that are no level of a scene."""
        found: dict[str, tuple[Recipe, Facts]] = {}
        for series in self._others:
            kind = "mask" if series.frame.subfile & MASK else "thumbnail"
            for page in series.pages:
                name = kind if kind not in found else f"{kind} {page}"
                single = Series(range(page, page + 1), (), series.frame)
                recipe = self._recipe(single, range(1), ())
                found[name] = (recipe, self._facts(single, recipe.shape))
        return found

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the scene's first page is stored."""
        return self.page_details(self._series(scene).first)


def _pick(pages: Numbers, numbers: Numbers) -> Numbers:
    if isinstance(numbers, range):
        return pages[numbers.start : numbers.stop if numbers.stop >= 0 else None : numbers.step]
    return tuple(pages[number] for number in numbers)


def _turn(sizes: dict[str, float]) -> dict[str, float]:
    return {{"Y": "X", "X": "Y"}[dim]: size for dim, size in sizes.items()}


def _turned(name: str) -> str:
    return name[:-1] + {"Y": "X", "X": "Y"}[name[-1]]


def _texts(page: TiffPage, series: Series) -> dict[str, Any]:
    named = _text(page, 269) or _text(page, 285)
    name = series.name or (PureWindowsPath(named).name if named else None)  # some write a whole path
    texts = {"name": name, "acquired": acquired(page)}
    if page.shaped_description is None:
        texts["description"] = _text(page, 270)
    return texts


def _text(page: TiffPage, code: int) -> str | None:
    value = page.tags.valueof(code)
    return value.strip("\0 \r\n\t") or None if isinstance(value, str) else None
