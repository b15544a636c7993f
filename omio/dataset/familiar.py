"""Names that people know from BioImage of bioio and aicsimageio, for code that is moved here bit by bit."""

from __future__ import annotations

from typing import NamedTuple

from omio.image import Image


class PhysicalPixelSizes(NamedTuple):
    """µm per pixel; None where the file does not say."""

    Z: float | None
    Y: float | None
    X: float | None


class Familiar(Image):
    """What `MicroscopyDataset` says once more in BioImage's words; nothing is invented where the file is silent."""

    @property
    def channel_names(self) -> tuple[str | None, ...]:
        """Name of each channel; None where it has none."""
        return self.facts.channels.get("name", (None,) * self.sizes["C"])

    @property
    def physical_pixel_sizes(self) -> PhysicalPixelSizes:
        """µm per pixel as a named tuple in the order Z, Y, X; `pixel_size` is the same as a mapping."""
        return PhysicalPixelSizes(**self.metadata.pixel_size)
