"""`open_in_napari`: images as layers, read as they are looked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, cast

from omio.arguments import checked_call
from omio.backends.discovery import stem
from omio.errors import OptionError
from omio.functional.images import dataset_of
from omio.functional.voice import tell, voice
from omio.naming import spelled
from omio.viewing.layers import layer_specs, measured, shown_axes, unknown_spacing
from omio.viewing.napari import add_layers, running_viewer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.functional.reading import Paths
    from omio.policies.view import Blending, Pixels
    from omio.viewing.layers import LayerSpec

type ZarrMode = Literal["numpy", "zarr_nodask", "zarr_dask"]

PIXELS: Mapping[str, Pixels] = {"numpy": "memory", "zarr_nodask": "lazy", "zarr_dask": "dask"}
"""What the words for `zarr_mode` mean."""


@checked_call
def open_in_napari(
    images: Any,
    metadatas: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    fname: Paths | None = None,
    zarr_mode: ZarrMode = "numpy",
    viewer: Any = None,
    returns: bool = False,
    layer_names: str | Sequence[str] | None = None,
    blending: Blending = "additive",
    verbose: bool = True,
) -> Any:
    """Show images in napari, a layer a channel, with scale, units, names and colours.

    Parameters
    ----------
    images, metadatas
        As `imread` gives them: one, or lists. Changed keys of the metadata count.
    fname
        The file, after which the layers are named; one, or one an image.
    zarr_mode
        ``"numpy"``: lazy images are read first. ``"zarr_nodask"`` and ``"zarr_dask"``: planes are read when they are
        looked at, without or through dask. Nothing is copied to disk.
    viewer
        Where to add the layers; by default the viewer that runs, else a new one.
    returns
        Return ``(viewer, layers, datas, axes)``: the layers, their arrays and their dims, such as ``"TZYX"`` (a list
        where there are several images).
    layer_names
        One name a layer.
    blending
        How layers cover each other, in napari's words.
    verbose
        False: no warnings and no log.

    Raises
    ------
    MissingDependencyError
        napari is not installed.
    """
    with voice(verbose=verbose):
        if zarr_mode not in PIXELS:
            raise OptionError(f"zarr_mode={zarr_mode!r}", remedy=f"Use {', '.join(map(repr, PIXELS))}.")
        groups = _groups(images, metadatas, fname, layer_names, pixels=PIXELS[zarr_mode], blending=blending)
        specs = [spec for group in groups for spec in group]
        if (unknown := unknown_spacing(specs)) is not None:
            tell(f"{unknown}; set PhysicalSize or TimeIncrement")
        shown = running_viewer()[0] if viewer is None else viewer
        layers = add_layers(specs, shown)
    if not returns:
        return None
    axes = [group[0].axes for group in groups]
    return shown, layers, [spec.data for spec in specs], axes[0] if len(axes) == 1 else axes


def _groups(
    images: Any, metadatas: Any, fname: Paths | None, names: str | Sequence[str] | None, **shown: Any
) -> list[list[LayerSpec]]:
    """Return the layers of each image."""
    pixels = list(images) if isinstance(images, list | tuple) else [images]
    told = list(metadatas) if isinstance(metadatas, list | tuple) else [metadatas]
    is_one = fname is None or isinstance(fname, str | os.PathLike)
    files: list[Any] = [fname] * len(pixels) if is_one else [spelled(name) for name in cast("Sequence[Any]", fname)]
    if not len(pixels) == len(told) == len(files):
        raise OptionError(f"{len(pixels)} images, {len(told)} metadata and {len(files)} names are given")
    datasets = [dataset_of(image, metadata) for image, metadata in zip(pixels, told, strict=True)]
    beside = "".join(map(shown_axes, datasets))
    given = [names] if isinstance(names, str) else names and list(names)
    groups = []
    for dataset, metadata, file in zip(datasets, told, files, strict=True):
        count = dataset.sizes["C"]
        mine, given = (given[:count], given[count:]) if given else (None, given)
        source = file or next(iter(getattr(metadata, "files", ())), None)
        title = None if source is None else stem(source)
        groups.append(measured(layer_specs(dataset, title=title, names=mine, beside=beside, **shown), dataset))
    return groups
