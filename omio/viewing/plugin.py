"""omio as a plug-in of napari, declared in ``omio/napari.yaml``: a reader, a writer, sample data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio import backends
from omio.backends.discovery import named, walk
from omio.collection import open_collection
from omio.dataset import MicroscopyDataset
from omio.dataset.levels import Level
from omio.dataset.merging import merge
from omio.dataset.opening import open as open_image
from omio.dims import DIMS
from omio.errors import AxesError, OmioError, OmioWarning
from omio.lazy.arranged import arranged
from omio.metadata.facts import Facts, channel_rows
from omio.policies.view import ViewPolicy
from omio.testing import makers
from omio.units import to_s, to_um
from omio.viewing.arrays import SqueezedArray
from omio.viewing.layers import BETWEEN, layers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omio.lazy.recipe import Recipe
    from omio.viewing.layers import LayerData, Shown
    from omio.writers.report import WriteReport

SPATIAL = "TZYX"
"""What napari's users mean by the dims of a layer whose axes have no names."""
_ZARR = (".zarr", ".ozx")
_SHOWN = frozenset({"name", "color", "lut", "window"})
"""Facts of a channel that a layer has itself."""


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return the reader of a file or folder, or of files opened as a stack; None where no backend reads one of them."""
    paths = [path] if isinstance(path, str) else path
    return read_layers if paths and all(map(_is_readable, paths)) else None


def _is_readable(path: str) -> bool:
    try:
        return bool(backends.candidates(path)) or (Path(path).is_dir() and _holds_images(Path(path)))
    except OmioError:
        return False


def _holds_images(folder: Path) -> bool:
    """Whether a folder has an image in it, not further below; looks at files until it meets one."""
    return any(backends.candidates(folder / name) for name in walk(folder, named(), enter=lambda _: False))


def read_layers(path: str | list[str]) -> list[LayerData]:
    """Open a file as layers that read what is looked at; of several scenes those of the first are visible.

    Where nothing names an axis, pages are shown as slices, as in ImageJ, and files of a stack as time points; a warning
    tells so.
    """
    several = not isinstance(path, str) and len(path) > 1
    try:
        found = layers_of(_opened(path), ViewPolicy())
    except AxesError as error:
        guess, told = ({"along": "T"}, "time points, T") if several else ({"axes": "imagej"}, "slices, Z")
        warnings.warn(f"{error.path}: {error.cause}. Shown are {told}", OmioWarning, stacklevel=2)
        found = layers_of(_opened(path, **guess), ViewPolicy())
    return [spec.layer_data() for spec in found]


def _opened(path: str | list[str], **options: Any) -> Shown:
    if isinstance(path, str):
        return open_collection(path, **options)
    return open_collection(path[0], **options) if len(path) == 1 else open_image(path, **options)


def write_layers(path: str, layers: Sequence[tuple[Any, Mapping[str, Any], str]]) -> list[str]:
    """Write image layers as the channels of one image: OME-TIFF, or OME-Zarr, which takes label layers too.

    Names, colours, display ranges, scale, units and positions are written; what is not is told in a warning.

    Raises
    ------
    OmioError
        Layers that are no channels of one image, being of other shapes, dtypes or positions; a destination that a
        layer reads from, or that cannot be written.
    """
    try:
        report = _write(path, layers)
    except ValueError as error:  # which napari takes for "no such writer", keeping the cause to itself
        raise OmioError(str(error)) from error
    if report.lost:
        warnings.warn(f"{report.path} does not hold {', '.join(report.lost)}", OmioWarning, stacklevel=2)
    return [report.path]


def _write(path: str, layers: Sequence[tuple[Any, Mapping[str, Any], str]]) -> WriteReport:
    images = [_dataset(data, about) for data, about, kind in layers if kind == "image"]
    image = merge(images, along="C") if len(images) > 1 else images[0]
    if not path.endswith(_ZARR):
        return image.to_ometiff(path, overwrite="replace")
    labels = {_short(about["name"]): _dataset(data, about) for data, about, kind in layers if kind == "labels"}
    return image.to_omezarr(path, labels=labels, overwrite="replace")


def _dataset(data: Any, about: Mapping[str, Any]) -> MicroscopyDataset:
    """Make an image of what napari tells of a layer."""
    _tell_untold(about)
    full, *coarser = list(data) if about["multiscale"] else [data]
    samples = "S" if about.get("rgb") else ""
    axes = _axes(about, full.ndim - len(samples))
    recipe, *others = (_recipe(array, axes + samples) for array in (full, *coarser))
    facts = Facts.of(recipe.shape, **_positions(about, axes), channels=[_channel(about)] * recipe.shape[2])
    return MicroscopyDataset(recipe, facts, tuple(Level.of(other, recipe.shape) for other in others))


def _recipe(array: Any, axes: str) -> Recipe:
    """Return how to read an array; where omio made it, from its file, so that this is not overwritten."""
    return array.recipe if isinstance(array, SqueezedArray) else arranged(array, tuple(axes))


def _axes(about: Mapping[str, Any], count: int) -> str:
    named = "".join(about["axis_labels"]).upper()
    if len(named) == count == len(set(named)) and set(named) <= set(DIMS):
        return named
    if count > len(SPATIAL):
        raise AxesError(f"{about['name']!r} has {count} axes without names", remedy='Set layer.axis_labels: "TZCYX".')
    if count > 2:
        warnings.warn(f"the axes of {about['name']!r} are taken for {SPATIAL[-count:]}", OmioWarning, stacklevel=2)
    return SPATIAL[-count:]


def _positions(about: Mapping[str, Any], axes: str) -> dict[str, Any]:
    """Return spacing and origin as `Facts.of` takes them, where the layer has a unit."""
    sizes, origin = {}, {}
    for dim, scale, start, unit in zip(axes, about["scale"], about["translate"], about["units"], strict=True):
        convert = to_s if dim == "T" else to_um
        spacing, first = convert(float(scale), str(unit)), convert(float(start), str(unit))
        if dim != "C" and spacing and first is not None:
            sizes[dim], origin[dim] = spacing, first
    return {"time_increment": sizes.pop("T", None), "pixel_size": sizes, "origin": origin}


def _tell_untold(about: Mapping[str, Any]) -> None:
    turned = [name for name in ("affine", "rotate", "shear") if _moves(about[name])]
    unmeasured = [
        axis
        for axis, scale, unit in zip(about["axis_labels"], about["scale"], about["units"], strict=True)
        if scale != 1 and str(unit) == "pixel"
    ]
    if unmeasured:
        turned.append(f"scale of {', '.join(unmeasured)}, which has no unit")
    if turned:
        warnings.warn(f"of {about['name']!r} is not written: {'; '.join(turned)}", OmioWarning, stacklevel=2)


def _moves(transform: Any) -> bool:
    matrix = np.asarray(transform, float)
    return not np.allclose(matrix, np.eye(len(matrix)) if matrix.ndim == 2 else 0)


def _channel(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a channel: what its file says, and name, colour and display range as they are now."""
    source = about.get("metadata", {}).get("omio")
    known = channel_rows(source.facts)[0] if isinstance(source, MicroscopyDataset) else {}
    found = {key: value for key, value in known.items() if key not in _SHOWN} | {"name": _short(about["name"])}
    if "contrast_limits" not in about or about["rgb"]:
        return found
    low, high = about["contrast_limits"]
    return found | _colors(about["colormap"]) | {"window": (float(low), float(high))}


def _short(name: str) -> str:
    """Return the name of a channel without that of its file, which `layer_specs` puts before it."""
    return name.rpartition(BETWEEN)[2]


def _colors(colormap: Mapping[str, Any]) -> dict[str, str]:
    """Return a colour where a colour map leads to one from black, else its table of 256 colours."""
    colors = np.asarray(colormap["colors"], float)[:, :3]
    if len(colors) == 2 and not colors[0].any():
        return {"color": f"#{_hex(colors[1])}"}
    places = np.linspace(0, 1, 256)
    table = np.stack([np.interp(places, colormap["controls"], part) for part in colors.T], -1)
    return {"lut": "".join(map(_hex, table))}


def _hex(color: Any) -> str:
    return "".join(f"{round(255 * float(part)):02X}" for part in color)


def sample_cells() -> list[LayerData]:
    """Return the layers of synthetic cells: two channels over time and depth."""
    columns = (makers.CHANNELS, makers.COLORS, makers.EXCITATION_NM, makers.EMISSION_NM)
    names = ("name", "color", "excitation_nm", "emission_nm")
    image = MicroscopyDataset.from_array(
        makers.cells(),
        pixel_size=makers.PIXEL_SIZE,
        time_increment=makers.TIME_INCREMENT,
        channels=[dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)],
        name="cells",
    )
    return [spec.layer_data() for spec in layers_of(image, ViewPolicy())]


def sample_histology() -> list[LayerData]:
    """Return the layer of a synthetic section in colour."""
    pixels = makers.stained((192, 256))
    image = MicroscopyDataset.from_array(pixels, "YXS", pixel_size={"Y": 2.0, "X": 2.0}, name="histology")
    return [spec.layer_data() for spec in layers_of(image, ViewPolicy())]
