"""Empty images and metadata, and metadata brought up to date; what is given is never changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio import __version__
from omio.arguments import checked_call
from omio.dataset import MicroscopyDataset
from omio.dims import DIMS, canonical_shape, parse_axes
from omio.errors import DestinationExistsError, MetadataError, OptionError
from omio.functional.images import flat_of, resized
from omio.functional.reading import PathLike, pixel_size
from omio.functional.voice import voice
from omio.lazy.arrays import ArrayRecipe
from omio.metadata._coords import from_metadata
from omio.metadata.facts import Facts
from omio.metadata.flat import KEYS, NAMESPACE, FlatMetadata
from omio.units import to_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike

    from omio.functional.read import ZarrStore


def version() -> str:
    """Return the version of omio."""
    return __version__


@checked_call
def create_empty_metadata(
    physicalsize_xyz: Sequence[float | None] | None = None,
    pixelunit: str = "micron",
    time_increment: float | None = None,
    time_increment_unit: str | None = None,
    shape: Sequence[int] | None = None,
    annotations: Mapping[str, Any] | None = None,
    input_metadata: Mapping[str, Any] | None = None,
    verbose: bool = True,
) -> FlatMetadata:
    """Return a metadata dict; what is not given is None.

    Parameters
    ----------
    physicalsize_xyz
        X, Y and Z in `pixelunit`; None where unknown. In the dict they are µm.
    pixelunit
        Unit of `physicalsize_xyz`.
    time_increment, time_increment_unit
        Time between frames, in seconds unless the unit says otherwise. In the dict it is seconds.
    shape
        T Z C Y X; None leaves the sizes open: such a dict fits any image.
    annotations
        Further keys and values.
    input_metadata
        A dict to start from; it stays as it is.
    verbose
        False: no warnings and no log.
    """
    with voice(verbose=verbose):
        made = FlatMetadata.of(input_metadata)
        if shape is not None:
            made = _fitted(made, _five(shape, made.named_axes))
        for name, value in _EMPTY.items():
            made.setdefault(name, value)
        given = {} if physicalsize_xyz is None else pixel_size(physicalsize_xyz, pixelunit)
        for dim, value in given.items():
            made |= {f"PhysicalSize{dim}": value, f"PhysicalSize{dim}Unit": "µm", "unit": "micron"}
        if time_increment is not None:
            made |= {"TimeIncrement": _seconds(time_increment, time_increment_unit or "s"), "TimeIncrementUnit": "s"}
        made["Annotations"] = {**made.notes, **(annotations or {})}
    return made


_EMPTY = {**dict.fromkeys(sorted(KEYS - {"SizeS"})), "axes": "".join(DIMS), "SamplesPerPixel": 1}


@checked_call
def create_empty_image(
    shape: Sequence[int],
    dtype: DTypeLike = "uint16",
    fill_value: float = 0,
    zarr_store: ZarrStore = None,
    zarr_store_path: PathLike | None = None,
    zarr_store_name: str | None = None,
    return_metadata: bool = False,
    physicalsize_xyz: Sequence[float | None] | None = None,
    pixelunit: str = "micron",
    verbose: bool = True,
) -> Any:
    """Return an image of one value: a numpy array, or a writable `zarr.Array`.

    Parameters
    ----------
    shape
        T Z C Y X, or the last of these: ``(64, 64)`` is Y X.
    dtype, fill_value
        Of the pixels.
    zarr_store
        None: numpy. ``"memory"``: a zarr array in memory. ``"disk"``: one in a folder.
    zarr_store_path, zarr_store_name
        Where that folder lies (the current one by default) and its name without ``.zarr`` (``empty`` by default).
    return_metadata
        Return ``(image, metadata)``.
    physicalsize_xyz, pixelunit, verbose
        As for `create_empty_metadata`.

    Raises
    ------
    DestinationExistsError
        The folder is there.
    """
    five = _five(shape, None)
    try:
        pixel = np.array(fill_value).astype(dtype)
    except (TypeError, ValueError) as error:
        raise OptionError(f"dtype={dtype!r:.80}, fill_value={fill_value!r:.80}: {error}") from None
    if pixel.dtype.kind not in "biufc" or not np.array_equal(pixel, fill_value, equal_nan=True):
        raise OptionError(f"{pixel.dtype} does not hold fill_value={fill_value}")
    if zarr_store is None:
        image: Any = np.full(five, fill_value, dtype)
    else:
        image = _empty_zarr(five, pixel, zarr_store, Path(zarr_store_path or "."), zarr_store_name or "empty")
    if not return_metadata:
        return image
    return image, create_empty_metadata(physicalsize_xyz, pixelunit, shape=five, verbose=verbose)


@checked_call
def update_metadata_from_image(metadata: Mapping[str, Any], image: Any, run_checkup: bool = True) -> FlatMetadata:
    """Return the metadata with the sizes of an image; facts along a dim whose length changed are no longer known.

    Parameters
    ----------
    metadata
        Stays as it is.
    image
        An array of T Z C Y X, or with fewer dims that ``metadata["axes"]`` names.
    run_checkup
        Also do what `OME_metadata_checkup` does.
    """
    told = FlatMetadata.of(metadata)
    fitted = _fitted(told, _five(getattr(image, "shape", None), told.named_axes))
    return OME_metadata_checkup(fitted) if run_checkup else fitted


@checked_call
def OME_metadata_checkup(metadata: Mapping[str, Any], namespace: str = NAMESPACE) -> FlatMetadata:
    """Return the metadata with every key that OME does not know in ``Annotations``.

    Parameters
    ----------
    metadata
        Stays as it is.
    namespace
        Of the map annotation that such keys are written to.

    Raises
    ------
    MetadataError
        For sizes and units that no image can have.
    """
    told = FlatMetadata.of(metadata)
    notes = told.notes
    foreign = {name: told.pop(name) for name in list(told) if name not in KEYS}
    if namespace == NAMESPACE:
        notes |= foreign
    elif foreign:
        note = {"kind": "map", "namespace": namespace, "value": [[key, str(value)] for key, value in foreign.items()]}
        notes["annotations"] = [*notes.get("annotations", ()), note]
    told["Annotations"] = notes
    told.changes()
    return told


def _fitted(told: FlatMetadata, shape: tuple[int, ...]) -> FlatMetadata:
    """Describe an image of T Z C Y X; of RGB whose samples lie in C, the description of the samples is kept."""
    facts = told.facts or (Facts.of(shape) if told.model is None else from_metadata(told.model))
    samples = facts.sizes.get("S", 1)
    if samples > 1 and shape[2] % samples == 0:
        t, z, c, y, x = shape
        shape = (t, z, c // samples, y, x, samples)
    dtype = np.dtype(told.notes.get("dtype") or "uint8")
    nothing = np.broadcast_to(np.zeros((), dtype), shape)
    image = MicroscopyDataset(ArrayRecipe(nothing), resized(facts, shape))
    changes = told.changes()
    return flat_of(image.with_metadata(**changes) if changes else image, told.files)


def _five(shape: Any, axes: str | None) -> tuple[int, ...]:
    sizes = tuple(shape) if isinstance(shape, Iterable) else (None,)
    if not all(isinstance(size, int | np.integer) and size >= 0 for size in sizes):
        raise OptionError(f"{shape!r:.80} is no shape", remedy="Give the lengths of T, Z, C, Y and X.")
    named = axes if axes and len(axes) == len(sizes) else "".join(DIMS)[-len(sizes) :]
    return canonical_shape(parse_axes(named, len(sizes)), tuple(map(int, sizes)))


def _seconds(value: float, unit: str) -> float:
    if not isinstance(value, Real) or not 0 < value < math.inf:
        raise MetadataError(f"time_increment={value!r:.80}", remedy="Give a number above 0, or None if unknown.")
    seconds = to_s(float(value), unit)
    if seconds is None:
        raise MetadataError(f"time_increment_unit={unit!r} is no unit of time", remedy='Write for instance "s".')
    return seconds


def _empty_zarr(shape: tuple[int, ...], fill: Any, zarr_store: str, folder: Path, name: str) -> Any:
    import zarr

    if zarr_store not in ("memory", "disk"):
        raise OptionError(f"zarr_store={zarr_store!r}", remedy='Use None, "memory" or "disk".')
    path = folder / f"{name}.zarr"
    if zarr_store == "disk" and path.exists():
        raise DestinationExistsError("exists", path=path, remedy="Give another zarr_store_name.")
    store: Any = path if zarr_store == "disk" else {}
    chunks = (1, 1, 1, *(max(1, min(size, 1024)) for size in shape[3:]))
    return zarr.create_array(store, shape=shape, dtype=fill.dtype, chunks=chunks, fill_value=fill.item())
