"""Layers in a napari window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.viewing.layers import LayerSpec


def add_layers(specs: Sequence[LayerSpec], viewer: Any = None, *, blending: str = "additive") -> tuple[Any, list[Any]]:
    """Add images to a viewer: the one given, the one that runs, or a new one; return it and its new layers.

    Raises
    ------
    MissingDependencyError
        napari is not installed.
    """
    shown = running_viewer() if viewer is None else viewer
    return shown, [shown.add_image(spec.data, **spec.options(blending)) for spec in specs]


def running_viewer() -> Any:
    """Return the viewer that runs, or a new one."""
    try:
        import napari
    except ImportError:
        raise MissingDependencyError("napari is not installed", remedy='pip install "omio[napari]"') from None
    return napari.current_viewer() or napari.Viewer()
