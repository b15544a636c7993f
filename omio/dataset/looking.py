"""The verbs that look at an image: regions, tiles, thumbnails, pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

from omio.image import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.raster.box import Side
    from omio.raster.fill import Fill
    from omio.raster.levels import Extent
    from omio.raster.pyramid import LevelSynthesis
    from omio.raster.region import Anchor, PixelSize
    from omio.raster.scaling import Resampling
    from omio.serve.server import Server


class Looking(Image):
    """The verbs of `MicroscopyDataset` that people look with; pictures are arrays Y X [S]."""

    def region(
        self,
        x: Side = None,
        y: Side = None,
        *,
        width: float | None = None,
        height: float | None = None,
        units: str = "px",
        size_units: str | None = None,
        max_width: int | None = None,
        max_height: int | None = None,
        magnification: float | None = None,
        pixel_size: PixelSize | None = None,
        exact: bool = False,
        resample: Resampling = "auto",
        fill: Fill | None = None,
        anchor: Anchor = "center",
    ) -> Self:
        """Cut out a part of every plane, at another size where one is asked for; lazy, the dtype is kept.

        Positions stay true: the origin moves, and pixels that are resampled have the size that they have become. The
        stored level that is just fine enough is read, and of it only the chunks that are met.

        Parameters
        ----------
        x, y
            (begin, end) along X and Y, or begin; None: the edge. Counted from the upper left corner; negative values
            from the far edge. What lies outside is cut off.
        width, height
            Instead of an end.
        units, size_units
            ``"px"``, a length such as ``"um"``, ``"fraction"`` of the image, or ``"mag"``: pixels of `magnification`.
            `size_units` are those of `width` and `height`, where they differ.
        max_width, max_height
            Box that the region fills, keeping its aspect.
        magnification, pixel_size
            How large the pixels shall be: `pixel_size` in µm, one for both dims, (Y, X), or a mapping. The region has
            as many of them as it holds whole; its own pixel size says how large they really are. With `max_width` or
            `max_height` it may become smaller.
        exact
            Whether only a level of exactly this magnification or pixel size will do.
        resample
            ``"auto"`` (lanczos down, bicubic up), ``"lanczos"``, ``"bicubic"``, ``"area"``, or ``"nearest"``, which
            leaves numbers such as those of labels as they are.
        fill, anchor
            A value or colour that fills the box around the region, which lies in its center or corner.

        Raises
        ------
        RegionError
            A size, unit or word that means nothing here: µm where pixels have no known size.

        Warns
        -----
        OmioWarning
            Where the region holds no pixel: its Y and X are 0 long.
        """
        from omio.raster.region import region

        found = region(
            self, x, y, width=width, height=height, units=units, size_units=size_units, max_width=max_width,
            max_height=max_height, magnification=magnification, pixel_size=pixel_size, exact=exact,
            resample=resample, fill=fill, anchor=anchor,
        )  # fmt: skip
        if found.key is not None:
            return self._take(found.key)
        return self._replace(_recipe=found.recipe, _facts=found.facts, _coarser=())

    def tile(
        self,
        level: int,
        x: int,
        y: int,
        *,
        t: int = 0,
        z: int = 0,
        c: int = 0,
        size: int | Extent | None = None,
        edge: Fill = "pad",
        synthesis: LevelSynthesis = "auto",
    ) -> NDArray[Any]:
        """Read one tile of a level, stored or not: Y X [S]; see `omio.raster.tile.read_tile`."""
        from omio.raster.tile import read_tile

        return read_tile(self, level, x, y, t=t, z=z, c=c, size=size, edge=edge, synthesis=synthesis)

    def thumbnail(
        self, size: int | tuple[int | None, int | None] = 256, *, t: int = 0, z: int = 0, c: int = 0
    ) -> NDArray[Any]:
        """Read a plane at the size of a box, of one edge or (width, height): Y X [S], its aspect and dtype kept.

        None in place of width or height: no limit. Small images are enlarged.
        """
        from omio.raster.thumbnail import thumbnail

        return thumbnail(self, size, t=t, z=z, c=c)

    def serve(
        self,
        *,
        port: int = 0,
        open: bool = False,  # noqa: A002 - the word that users know
        allow_origin: Sequence[str] | str = (),
    ) -> Server:
        """Show the image in a browser, and as OME-Zarr by URL; see `omio.serve.serve`."""
        from omio.serve import serve

        return serve(self, port=port, open=open, allow_origin=allow_origin)

    @abstractmethod
    def _replace(self, **fields: Any) -> Self:
        """Return a copy with other fields."""

    @abstractmethod
    def _take(self, key: Key) -> Self:
        """Select."""
