"""Layers in a napari window."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from omio.errors import MissingDependencyError, OmioError, OmioWarning, OptionError, PolicyError
from omio.policies.view import BrowserView, ViewerPolicy, ViewPolicy
from omio.viewing.layers import layers_of, unknown_spacing
from omio.viewing.viewers import new_viewer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from omio.policies.base import Choice
    from omio.serve.server import Server
    from omio.viewing.layers import LayerSpec, Shown

OLDEST = (0, 9)
"""Earlier versions of napari have the scale bar elsewhere, and do not take its unit from the layers."""
REMEDY = 'pip install "omio[napari]"'


def view(
    images: Shown,
    viewer: Any = None,
    *,
    policy: Choice[ViewerPolicy] | None = None,
    blocking: bool | None = None,
    **fields: Any,
) -> Any:
    """Show datasets and collections in napari, or in the browser; see `MicroscopyDataset.view`.

    Of a collection 16 images at most become layers, which a warning tells; those of the first are visible. A list is
    shown whole.

    Parameters
    ----------
    images
        A dataset, a collection, or several of these.
    viewer, policy, blocking, **fields
        As for `MicroscopyDataset.view`.
    """
    chosen = ViewerPolicy.resolve(policy, **fields)
    if isinstance(chosen, BrowserView):
        return _in_browser(images, viewer, chosen, blocking=blocking)
    if not isinstance(chosen, ViewPolicy):
        raise PolicyError(f"{type(chosen).__name__} shows nothing", remedy="Derive it from ViewPolicy or BrowserView.")
    shown, is_new = _meant(viewer)
    specs = layers_of(images, chosen, beside=_axes_of(shown))
    if (unknown := unknown_spacing(specs)) is not None:
        warnings.warn(f"{unknown}; with_metadata(pixel_size=...) says it", OmioWarning, stacklevel=2)
    add_layers(specs, shown, scale_bar=chosen.scale_bar)
    if blocking or (blocking is None and is_new and not is_interactive()):
        (getattr(shown, "run", None) or _napari().run)()
    return shown


def _meant(viewer: Any) -> tuple[Any, bool]:
    """Return the viewer that is given, named, or running, and whether it is new."""
    if viewer is None:
        return running_viewer()
    return (new_viewer(viewer), True) if isinstance(viewer, str) else (viewer, False)


def add_layers(specs: Sequence[LayerSpec], viewer: Any, *, scale_bar: bool = True) -> list[Any]:
    """Add images to a viewer, and return its new layers; an empty viewer begins in the middle of Z, at the first T.

    Whatever has napari's ``add_image`` and ``add_labels`` will do; it is arranged as far as it can be.
    """
    if not hasattr(viewer, "add_image"):
        raise OptionError(f"viewer={viewer!r:.80}", remedy="Give a viewer with add_image(), or None.")
    layers = [_added(spec, viewer) for spec in specs]
    if hasattr(viewer, "dims"):
        for spec, layer in zip(specs, layers, strict=True):
            _finish(spec, layer)
        if len(layers) == len(viewer.layers):
            _begin(viewer)
        if scale_bar and any(dim not in spec.unknown for spec in specs for dim in "YX"):
            viewer.canvas.overlays.scale_bar.visible = True
    return layers


def _added(spec: LayerSpec, viewer: Any) -> Any:
    add = viewer.add_image if spec.kind == "image" else viewer.add_labels
    return add(spec.pixels, **spec.options())


def _finish(spec: LayerSpec, layer: Any) -> None:
    """Set what napari takes only after a layer is made."""
    if spec.kind == "labels":
        layer.editable = False  # what is read from a file cannot be painted on
    elif spec.reach is not None:
        layer.contrast_limits_range = spec.reach


def _begin(viewer: Any) -> None:
    """Move the sliders from where napari puts them, the middle of every axis."""
    labels = viewer.dims.axis_labels
    for dim, share in (("T", 0.0), ("Z", 0.5)):
        if dim in labels:
            axis = labels.index(dim)
            viewer.dims.set_current_step(axis, int(viewer.dims.nsteps[axis] * share))


def running_viewer() -> tuple[Any, bool]:
    """Return the viewer that runs, or a new one, and whether it is new.

    Raises
    ------
    MissingDependencyError
        napari or Qt is not installed, or too old.
    OmioError
        There is no display.
    """
    napari = _napari()
    found = napari.current_viewer()
    if found is not None:
        return found, False
    try:
        return napari.Viewer(), True
    except ImportError as error:  # napari without Qt can be imported, and has no window
        raise MissingDependencyError(f"napari opens no window: {error}", remedy=REMEDY) from error


def _napari() -> ModuleType:
    try:
        import napari
    except ImportError:
        raise MissingDependencyError("napari is not installed", remedy=REMEDY) from None
    if hasattr(napari, "__version__"):  # a stand-in has none
        _check_version(napari.__version__)
        _check_display()
    return napari  # type: ignore[no-any-return]


def _check_version(version: str) -> None:
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise MissingDependencyError(f"napari {version} is too old, {wanted} is needed", remedy=REMEDY)


def _check_display() -> None:
    """Raise where Qt would end the process, as it finds nothing to draw on."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in named):
        remedy = 'Use policy="browser", or a virtual display: xvfb-run python script.py'
        raise OmioError("napari needs a display, and there is none", remedy=remedy)


def is_interactive() -> bool:
    """Whether someone types into this process, whose windows then live without a call that waits for them."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive) or _in_ipython()


def _in_ipython() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _axes_of(viewer: Any) -> str:
    """Return the axes that a viewer shows, as far as its layers name them."""
    labels = viewer.dims.axis_labels if hasattr(viewer, "dims") and len(viewer.layers) else ()
    return "".join(dim for dim in "TZYX" if dim in labels)


def _in_browser(images: Shown, viewer: Any, policy: BrowserView, *, blocking: bool | None) -> Server:
    from omio.serve import serve

    if viewer is not None:
        raise PolicyError("a viewer is given, and the browser is none", remedy="Leave out viewer= or the policy.")
    sources = [images] if isinstance(images, Mapping) or not isinstance(images, Iterable) else list(images)
    server = serve(*sources, port=policy.port, open=policy.open)
    if blocking or (blocking is None and not is_interactive()):
        server.wait()
    return server
