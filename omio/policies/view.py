"""View policies: where images are shown, and where the pixels come from that are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from omio.policies.base import Policy

type Pixels = Literal["lazy", "dask", "memory"]
"""What a viewer holds: arrays that read what is looked at, dask arrays that do, or all pixels."""
type Blending = Literal["additive", "translucent", "translucent_no_depth", "opaque", "minimum", "multiplicative"]


class ViewerPolicy(Policy):
    """Base of view policies."""

    default_kind: ClassVar[str] = "lazy"


class ViewPolicy(ViewerPolicy):
    """Layers in napari that read what is looked at; nothing is copied.

    Attributes
    ----------
    clim
        How the display range of a channel is found, as `omio.Style` takes it, such as ``"p0.5-99.8"``; None: what the
        file says, and percentiles where it says nothing, or all that integers of 16 bits or more can hold.
    blending
        How layers cover each other; None: channels are added, colour images cover.
    labels
        Whether the label images of the file are shown as well.
    scale_bar
        Whether the viewer gets a scale bar, where the pixel size is known.
    """

    kind: ClassVar[str] = "lazy"
    pixels: ClassVar[Pixels] = "lazy"

    clim: str | None = None
    blending: Blending | None = None
    labels: bool = True
    scale_bar: bool = True

    def source(self, image: Any) -> Any:
        """Return the dataset that is shown in place of `image`; a subclass may take its time here."""
        return image


class MemoryView(ViewPolicy):
    """Layers in napari, all pixels of which are read first."""

    kind: ClassVar[str] = "memory"
    pixels: ClassVar[Pixels] = "memory"


class CachedView(ViewPolicy):
    """Layers in napari that read from a copy on a local disk, which is made where there is none.

    Attributes
    ----------
    folder
        Where the copy lies, as for `MicroscopyDataset.cached`.
    clim, blending, labels, scale_bar
        See `ViewPolicy`.
    """

    kind: ClassVar[str] = "cached"

    folder: Path | None = None

    def source(self, image: Any) -> Any:
        """Return the dataset, read from its copy."""
        return image.cached(self.folder)


class BrowserView(ViewerPolicy):
    """A page in the browser, served by `MicroscopyDataset.serve` from this machine.

    Attributes
    ----------
    port
        Where the server listens; 0 takes one that is free.
    open
        Whether the page is opened; False leaves it at the address that the server tells.
    """

    kind: ClassVar[str] = "browser"

    port: int = Field(0, ge=0, le=65535)
    open: bool = True
