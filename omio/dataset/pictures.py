"""The verbs that make colours and numbers of pixels: styles, encoded pictures, histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from omio.arguments import checked
from omio.image import Image

if TYPE_CHECKING:
    import xarray

    from omio.policies.base import Choice
    from omio.policies.style import Style
    from omio.raster.contrast import Function
    from omio.raster.styled import Styled


@checked
class Pictures(Image):
    """The verbs of `MicroscopyDataset` for pictures to look at, and for what values its pixels have."""

    def style(self, style: Choice[Style] | None = None, *, function: Function | None = None, **fields: Any) -> Styled:
        """Say how the image shall look; lazy. ``.render()`` makes an array of colours, ``.encode("png")`` a file.

        Parameters
        ----------
        style
            A `Style`, or its fields in a mapping.
        function
            Makes other pixels of the Y X [S] pixels of a channel first, each of the one at its place: `numpy.log1p`.
        **fields
            Of `Style`: clim, channels, gamma, blend, nodata, clip, palette, discrete, invert, per, icc.

        Raises
        ------
        PolicyError
            An unknown field, a value that it cannot have, or pixels that have no order (complex).
        SelectionError
            A channel that there is not.
        """
        from omio.policies.style import Style
        from omio.raster.styled import Styled

        return Styled(self, Style.resolve(style, **fields), function)

    def encode(
        self,
        format: str,  # noqa: A002 - the word of every library of pictures
        *,
        t: int = 0,
        z: int = 0,
        c: int = 0,
        quality: int | None = None,
        subsampling: str | None = None,
        compression: str | int | None = None,
    ) -> bytes:
        """Encode the pixels of one plane as they are, 16 bits as 16 bits; `style` makes colours of them.

        See `omio.raster.encode.encode` for formats and options.

        Raises
        ------
        TileRangeError
            No such plane.
        UnwritableError
            Pixels that the format cannot hold.
        """
        from omio.raster.encode import encode
        from omio.raster.styled import plane

        pixels = plane(self.recipe, t, z, [c])[0]
        return encode(pixels, format, quality=quality, subsampling=subsampling, compression=compression)

    def histogram(
        self,
        bins: int = 256,
        *,
        range: tuple[float, float] | Literal["round"] | None = None,  # noqa: A002 - numpy's word
        density: bool = False,
    ) -> xarray.Dataset:
        """Count how often which values occur, as `numpy.histogram` does, in all pixels of each channel.

        All pixels are read, block by block; of a level or region with ``ds.levels[-1].histogram()``.

        Parameters
        ----------
        bins
            How many, of equal width.
        range
            Lowest and highest edge; what lies outside is not counted. By default the smallest and largest value of
            each channel. ``"round"``, of integers: bins begin at the smallest value, all join equally many whole
            values, and may be fewer; from ten values a bin on they are `bins`, up to the largest value and 1.
        density
            Whether counts become shares, so that their integral over the range is 1.

        Returns
        -------
        With the dims C, S for RGB, bin and edge: ``hist`` and ``bin_edges``, and of all finite values ``min``, ``max``,
        ``mean``, ``std`` (of the population) and ``samples``, their number.

        Raises
        ------
        OptionError
            No number of bins, or no range.
        PolicyError
            Pixels that have no order (complex).
        """
        from omio.raster.histogram import histogram

        return histogram(self, bins, range=range, density=density)

    def band_info(self, *, statistics: bool = False) -> dict[int, dict[str, Any]]:
        """Say what each band is, counted from 1: channels, or the samples of RGB, those of the first channel first.

        Parameters
        ----------
        statistics
            Whether ``min``, ``max``, ``mean``, ``std`` and ``samples`` are added, of the middle plane reduced to at
            most 2048 pixels a side; `histogram` has those of all pixels.

        Returns
        -------
        Number -> ``interpretation`` (gray, red, green, blue, alpha; None where not known), ``channel`` and ``sample``
        counted from 0, and the channel's ``name``.
        """
        from omio.raster.bands import band_info

        return band_info(self, statistics=statistics)

    @property
    def icc_profile(self) -> bytes | None:
        """The colour profile that the file holds, read when asked; ``style(icc=True)`` applies it."""
        from omio.raster.icc import icc_profile

        return icc_profile(self)
