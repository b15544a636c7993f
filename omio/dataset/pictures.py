"""The verbs that make colours and numbers of pixels: styles, encoded pictures, histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.image import Image

if TYPE_CHECKING:
    from omio.policies.base import Choice
    from omio.policies.style import Style
    from omio.raster.contrast import Function
    from omio.raster.styled import Styled


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
