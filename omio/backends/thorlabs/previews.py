"""The pictures that ThorImage leaves beside an acquisition: the last frame it showed of each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.backends.tiff.plain import PlainTiffBackend

if TYPE_CHECKING:
    from omio.backends.thorlabs.folder import Acquisition
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts


def preview_images(acquisition: Acquisition) -> dict[str, tuple[Recipe, Facts]]:
    """Return the previews by their names, such as "ChanA_Preview"."""
    found = {}
    for name, file in acquisition.previews.items():
        reader = PlainTiffBackend(acquisition.path(file))
        scene = reader.scenes()[0]
        found[name] = (reader.array(scene), reader.metadata(scene))
    return found
