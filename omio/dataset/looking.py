"""The verbs that look at an image: regions, tiles, thumbnails, pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

from omio.image import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from omio.serve.server import Server


class Looking(Image):
    """The verbs of `MicroscopyDataset` that people look with; pictures are arrays Y X [S]."""

    def region(self, x: Any = None, y: Any = None, **options: Any) -> Self:
        """Cut out a part of every plane, resampled where a size is asked for; lazy."""
        from omio.raster.region import region

        return self._replace(**region(self, x, y, **options))

    def tile(self, level: int, x: int, y: int, *, t: int = 0, z: int = 0, c: int = 0, **options: Any) -> NDArray[Any]:
        """Read one tile of a level: Y X [S]."""
        from omio.raster.tile import read_tile

        return read_tile(self, level, x, y, t=t, z=z, c=c, **options)

    def thumbnail(self, size: int | tuple[int, int] = 256, *, t: int = 0, z: int = 0, c: int = 0) -> NDArray[Any]:
        """Read a plane reduced to fit a box: Y X [S]."""
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
