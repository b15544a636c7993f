"""The verbs that look at an image: regions, tiles, thumbnails, pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self, cast

from omio.arguments import checked
from omio.image import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipyleaflet import Map
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from omio.dataset.dataset import MicroscopyDataset
    from omio.indexing import Key
    from omio.policies.base import Choice
    from omio.policies.style import Style
    from omio.policies.view import ViewerPolicy
    from omio.raster.box import PixelSize, Side
    from omio.raster.fill import Fill
    from omio.raster.frames import PlaneNumbers
    from omio.raster.geo import Geo
    from omio.raster.grid import Origin, TileGrid
    from omio.raster.info import TileInfo
    from omio.raster.levels import Extent, Resolution, Rounding
    from omio.raster.pyramid import LevelSynthesis
    from omio.raster.region import Anchor
    from omio.raster.scaling import Resampling
    from omio.raster.sparse import Missing
    from omio.serve.server import Server
    from omio.viewing.plot import Kind


_PLACING = ("width", "height", "units", "size_units", "magnification")
"""Options of `Looking.region` that say where it lies."""


@checked
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
            `size_units` are those of `width` and `height`, where they differ. Of a GeoTIFF also a reference system such
            as ``"EPSG:4326"``: `x` is (west, east) then, and `y` (south, north).
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
        missing: Missing = "fill",
    ) -> NDArray[Any]:
        """Read one tile of a level, stored or not: Y X [S]; see `omio.raster.tile.read_tile`."""
        from omio.raster.tile import read_tile

        return read_tile(self, level, x, y, t=t, z=z, c=c, size=size, edge=edge, synthesis=synthesis, missing=missing)

    def tile_bytes(
        self,
        level: int,
        x: int,
        y: int,
        *,
        format: str = "jpeg",  # noqa: A002 - the word of every library of pictures
        t: int = 0,
        z: int = 0,
        c: int = 0,
        size: int | Extent | None = None,
        **options: Any,
    ) -> bytes:
        """Return a tile as JPEG, PNG, …: as the file holds it where it can; see `omio.raster.encoded.tile_bytes`."""
        from omio.raster.encoded import tile_bytes

        return tile_bytes(self, level, x, y, format=format, t=t, z=z, c=c, size=size, **options)

    def tile_exists(
        self, level: int, x: int, y: int, *, t: int = 0, z: int = 0, c: int = 0, size: int | Extent | None = None
    ) -> bool:
        """Whether the file holds any pixel of a tile: sparse files leave out what is empty."""
        from omio.raster.tile import tile_exists

        return tile_exists(self, level, x, y, t=t, z=z, c=c, size=size)

    def thumbnail(
        self, size: int | tuple[int | None, int | None] = 256, *, t: int = 0, z: int = 0, c: int = 0
    ) -> NDArray[Any]:
        """Read a plane at the size of a box, of one edge or (width, height): Y X [S], its aspect and dtype kept.

        None in place of width or height: no limit. Small images are enlarged.
        """
        from omio.raster.thumbnail import thumbnail

        return thumbnail(self, size, t=t, z=z, c=c)

    def tiles(
        self,
        size: int | Extent | None = None,
        overlap: int | Extent = 0,
        *,
        edges: bool = False,
        origin: Origin = "image",
        batch: int = 1,
        x: Side = None,
        y: Side = None,
        **region: Any,
    ) -> TileGrid[Self]:
        """Cut the image, or a region of it at a scale of its own, into tiles; nothing is read.

        Parameters
        ----------
        size
            Of a tile: an edge, or (rows, columns); by default that of the file's own tiles, or 256. At the rim tiles
            are cut off.
        overlap
            By how many pixels neighbours overlap: along both dims, or (rows, columns).
        edges
            Whether the first tiles begin half an overlap outside of the image, so that all own equally much.
        origin
            Whether tiles are counted from the corner of the ``"image"``, so that those of different regions meet, or
            of the ``"region"``; one smaller than a step of the grid stays on the grid of the image.
        batch
            How many tiles `TileGrid.batches` stacks by default.
        x, y, **region
            As for `region`: what is cut, and at what scale. The tiles are those of the resampled region.

        Raises
        ------
        RegionError
            What is no region, or an overlap as large as the tiles.
        """
        from omio.raster.grid import make_grid
        from omio.raster.levels import tile_extent
        from omio.raster.window import box_of

        picture = self.region(x, y, **region)
        where = {name: value for name, value in region.items() if name in _PLACING}
        box = box_of(self, x, y, **where)
        cut = tile_extent(self) if size is None else size
        return make_grid(picture, box, size=cut, overlap=overlap, edges=edges, origin=origin, batch=batch)

    def montage(self, dims: str = "TCZ", columns: int | None = None, *, gap: int = 0, fill: float = 0) -> Self:
        """Put planes side by side, row by row, on one plane; lazy.

        Parameters
        ----------
        dims
            Whose planes stand side by side, the slowest first; other dims stay as they are.
        columns
            How many stand in a row; by default as many as make a square of them.
        gap, fill
            Pixels between planes, and their value.

        Raises
        ------
        AxesError, RegionError
            Dims other than T, Z, C; no column.
        """
        from omio.raster.montage import montage

        recipe, facts = montage(self, dims, columns, gap, fill)
        return self._replace(_recipe=recipe, _facts=facts, _coarser=())

    @property
    def geo(self) -> Geo[Self]:
        """Where the image lies on Earth, as a GeoTIFF says it; see `omio.raster.geo.Geo`."""
        from omio.raster.geo import Geo

        return Geo.of(self)

    def serve(
        self,
        *,
        port: int = 0,
        open: bool = False,  # noqa: A002 - the word that users know
        allow_origin: Sequence[str] | str = (),
    ) -> Server:
        """Show the image in a browser, and as OME-Zarr by URL; see `omio.serve.serve`."""
        from omio.serve import serve

        return serve(cast("MicroscopyDataset", self), port=port, open=open, allow_origin=allow_origin)

    def to_map(
        self,
        *,
        t: int = 0,
        z: int = 0,
        c: int | None = None,
        style: Choice[Style] | None = None,
        port: int = 0,
    ) -> Map:
        """Show the image in a notebook on a map to pan and zoom, with whatever ipyleaflet puts on maps.

        Tiles are made when they are looked at, by a server of this machine that ends with the map (``.close()``);
        nothing comes from elsewhere. `omio.viewing.maps.to_place` and `to_pixel` are the ways from pixels to places on
        the map and back.

        Parameters
        ----------
        t, z, c
            Which plane; by default all channels of it, in their colours.
        style
            Colours, limits and exponents: ``clim``, ``channels``, ``gamma`` and ``palette`` of a `Style`.
        port
            Of the server; 0: any that is free.

        Raises
        ------
        MissingDependencyError
            The extra ``map`` is not installed.
        OptionError, SelectionError
            A plane that there is not, or a style that tiles of the server cannot show.
        """
        from omio.viewing.maps import to_map

        return to_map(cast("MicroscopyDataset", self), t=t, z=z, c=c, style=style, port=port)

    def pixel(
        self, x: float, y: float, *, units: str = "px", t: int = 0, z: int = 0, c: int | None = None
    ) -> dict[str, Any]:
        """Read the pixel that a point lies in, of all channels or of one.

        Returns
        -------
        ``x``, ``y`` (column and row), ``value`` (one a channel, or one a sample), ``channels`` (their names), and
        ``position`` (of its center: µm along X, Y and Z, seconds along T, as far as known); nothing where the point
        lies outside.
        """
        from omio.raster.pixel import read_pixel

        return read_pixel(self, x, y, units=units, t=t, z=z, c=c)

    def convert(
        self,
        where: Mapping[str, Any],
        *,
        to: str,
        units: str = "px",
        magnification: float | None = None,
        to_magnification: float | None = None,
    ) -> dict[str, Any]:
        """Express a point or a region in other units, those of `region`: what is given comes back converted.

        Parameters
        ----------
        where
            ``x``, ``y``, ``width`` and ``height``, as many as there are: numbers, or (begin, end).
        magnification, to_magnification
            That of pixels where `units` or `to` is ``"mag"``.

        Raises
        ------
        RegionError
            An unknown unit or name, or a size or magnification that is not known.
        """
        from omio.raster.box import Frame, converted

        return converted(
            Frame.of(self), where, to=to, units=units, magnification=magnification, to_magnification=to_magnification
        )

    @property
    def tile_info(self) -> TileInfo:
        """Levels, tiles and planes as whoever shows tiles needs them: a pydantic model, ready for JSON."""
        from omio.raster.info import tile_info

        return tile_info(self)

    @property
    def n_levels(self) -> int:
        """How many levels `tile` has: each halves the one before, until one tile is all."""
        from omio.raster.pyramid import pyramid_of

        return pyramid_of(self).count

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """The levels that are stored, full first: their extents, and how many full pixels one of theirs joins."""
        from omio.raster.levels import resolutions

        return resolutions(self)

    def level_for(
        self,
        *,
        magnification: float | None = None,
        pixel_size: PixelSize | None = None,
        exact: bool = False,
        rounding: Rounding = "nearest",
    ) -> float | None:
        """Return the level of `tile` whose pixels have a magnification or a size in µm.

        Parameters
        ----------
        exact
            Whether only a level with precisely this will do; None where there is none.
        rounding
            ``"nearest"``; ``"finer"``: fine enough, and None where even the full image is not; ``"none"``: between
            levels, and beyond them.

        Raises
        ------
        RegionError
            Where the magnification or the size of pixels is not known.
        """
        from omio.raster.region import level_for

        return level_for(self, magnification=magnification, pixel_size=pixel_size, exact=exact, rounding=rounding)

    @property
    def frames(self) -> PlaneNumbers:
        """All planes, counted with C fastest, then Z, then T: ``ds.frames[23].t``, ``ds.frames.number(t=2)``."""
        from omio.raster.frames import PlaneNumbers

        return PlaneNumbers.of(self)

    def frame(self, number: int) -> Self:
        """Select one plane by its number in `frames`."""
        at = self.frames[number]
        return self.isel(T=at.t, Z=at.z, C=at.c)

    @abstractmethod
    def isel(self, **indexers: Any) -> Self:
        """Select by position."""

    def view(
        self,
        viewer: Any = None,
        *,
        policy: Choice[ViewerPolicy] | None = None,
        blocking: bool | None = None,
        **fields: Any,
    ) -> Any:
        """Show the image in napari: a layer a channel, that reads what is looked at; or in the browser.

        Names, colours, display ranges, scale, units, positions and label images are those of the image; stored levels
        are used, and nothing is copied. `omio.view` shows several images at once.

        Parameters
        ----------
        viewer
            Where the layers are added: a viewer, or the name of one that a package declares or `omio.register_viewer`
            added; by default the window of napari that runs, else a new one.
        policy
            ``"lazy"`` (`ViewPolicy`, the default), ``"memory"``, ``"cached"`` or ``"browser"``.
        blocking
            Whether to return only when the window is closed (for the browser: when the server is stopped). None: where
            a new window was made by a script, which would end, and the window with it; not in IPython, a notebook or
            a prompt.
        **fields
            Of the policy, such as ``clim="minmax"``.

        Returns
        -------
        The viewer, such as a napari.Viewer, or the `Server` of the browser.

        Raises
        ------
        MissingDependencyError
            The extra ``napari`` (or ``serve``) is not installed, or napari is too old.
        """
        from omio.viewing.napari import view

        return view(self, viewer, policy=policy, blocking=blocking, **fields)

    def plot(
        self,
        kind: Kind = "channels",
        *,
        t: int | None = None,
        z: int | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Figure:
        """Plot the image with matplotlib: channels in their colours, with a scale bar where the pixel size is known.

        Projections are streamed; of large planes a coarser level is read, or pixels at even distances. Nothing is shown
        by itself: a notebook shows the figure that is returned, ``savefig`` writes it.

        Parameters
        ----------
        kind
            ``"channels"``: each channel, and all in one; ``"composite"``: all in one; ``"orthogonal"``: planes XY, XZ
            and YZ in true proportions; ``"montage"``: times or depths beside each other; ``"histogram"`` of each
            channel.
        t, z
            Which time (the middle one by default) and which depth.
        ax
            Axes to draw into, a composite or a histogram; by default those of a new figure.
        **options
            ``project``: how depths become one plane where no `z` is given: max (the default), min, mean, sum, std, or
            slice, the middle one. ``clim``: what is darkest and brightest, by percent of the pixels, such as
            ``"p0.5-99.8"``. ``y``, ``x``: where orthogonal views cut. ``along``: T or Z, of a montage.

        Raises
        ------
        MissingDependencyError
            The extra ``plot`` is not installed.
        OptionError
            An option that the kind has not.
        """
        from omio.viewing.plot import plot

        given = {name: value for name, value in (("t", t), ("z", z)) if value is not None}
        return plot(cast("MicroscopyDataset", self), kind, ax=ax, **given, **options)

    @abstractmethod
    def _replace(self, **fields: Any) -> Self:
        """Return a copy with other fields."""

    @abstractmethod
    def _take(self, key: Key) -> Self:
        """Select."""
