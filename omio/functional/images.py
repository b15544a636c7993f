"""Between datasets and what the functions take and give: an array of T Z C Y X and a flat dict of metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omio.dataset import MicroscopyDataset
from omio.dims import DIMS, dims_of
from omio.errors import MetadataError
from omio.metadata._coords import from_metadata
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts
from omio.metadata.flat import FlatMetadata, flat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def folded(image: MicroscopyDataset) -> MicroscopyDataset:
    """Return an image of five dims: samples (S) become channels, red, green and blue of each channel in turn."""
    if image.ndim == len(DIMS):
        return image
    first, *others = [image.isel(C=channel).split_samples() for channel in range(image.sizes["C"])]
    if not others:
        return first
    merged = first.merge(*others, along="C")
    return merged._replace(_facts=merged.facts.with_step("split_samples", samples=image.sizes["S"]))


def unfolded(image: MicroscopyDataset, samples: int) -> MicroscopyDataset:
    """Make samples again of what `folded` made channels."""
    count = image.sizes["C"] // samples
    first, *others = [image.isel(C=slice(k * samples, (k + 1) * samples)).join_samples() for k in range(count)]
    return first.merge(*others, along="C") if others else first


def flat_of(image: MicroscopyDataset, files: Sequence[str] = ()) -> FlatMetadata:
    """Describe an image as `imread` gives it, five dims; what no key holds stays with the dict."""
    return flat(folded(image).metadata, image.facts, files)


def dataset_of(image: Any, metadata: Mapping[str, Any] | None) -> MicroscopyDataset:
    """Put an array and its metadata together; changed keys of the metadata count as said by the user.

    Parameters
    ----------
    image
        A numpy, zarr or dask array of T Z C Y X, or with fewer dims that ``metadata["axes"]`` names; or a dataset.
    metadata
        As `imread` gives it, or any mapping with such keys; None for none.

    Raises
    ------
    MetadataError
        Where the metadata describes an image of other sizes.
    """
    told = FlatMetadata.of(metadata)
    bare = image if isinstance(image, MicroscopyDataset) else _bare(image, told.named_axes)
    _check(bare, told)
    changes = told.changes()
    samples = told.samples
    is_folded = samples > 1 and bare.ndim == len(DIMS) and bare.sizes["C"] % samples == 0
    whole = unfolded(bare, samples) if is_folded else bare
    if told.facts is not None and told.facts.shape == whole.shape and not (is_folded and "channels" in changes):
        return _changed(whole._replace(_facts=told.facts), changes)
    described = bare if metadata is None else _changed(bare._replace(_facts=_facts(told, bare)), changes)
    return unfolded(described, samples) if is_folded else described


def _changed(image: MicroscopyDataset, changes: Mapping[str, Any]) -> MicroscopyDataset:
    return image.with_metadata(**changes) if changes else image


def resized(facts: Facts, shape: tuple[int, ...]) -> Facts:
    """Describe an image of another shape: spacing stays, facts along a dim whose length changed are not known."""
    sizes = dict(zip(dims_of(len(shape)), shape, strict=True))
    same = {dim for dim, size in sizes.items() if facts.sizes.get(dim) == size}
    axes = {
        dim: replace(axis, size=sizes[dim]) if isinstance(axis, Regular) else axis
        for dim, axis in facts.axes.items()
        if dim in same or isinstance(axis, Regular)
    }
    planes = facts.planes if {"T", "Z", "C"} <= same else None
    return Facts(sizes, axes, facts.channels if "C" in same else {}, planes, facts.static)


def _bare(image: Any, axes: str | None) -> MicroscopyDataset:
    """Wrap an array; of omio's own lazy zarr arrays the recipe is taken, so that the source stays known."""
    from omio.lazy.store import RecipeStore

    store = getattr(image, "store", None)
    if isinstance(store, RecipeStore):
        return MicroscopyDataset(store.recipe, Facts.of(store.recipe.shape))
    count = len(getattr(image, "shape", ()))
    return MicroscopyDataset.from_array(image, axes if axes and len(axes) == count else None)


def _check(image: MicroscopyDataset, told: Mapping[str, Any]) -> None:
    sizes = {dim: told.get(f"Size{dim}") for dim in image.sizes}
    wrong = [
        f"Size{dim} {size}, not {image.sizes[dim]}"
        for dim, size in sizes.items()
        if size not in (None, image.sizes[dim])
    ]
    if wrong:
        raise MetadataError(
            f"the metadata describes another image: {'; '.join(wrong)}",
            remedy="Use update_metadata_from_image(metadata, image).",
        )


def _facts(told: FlatMetadata, image: MicroscopyDataset) -> Facts:
    """Return a description that fits the pixels as they lie in the array."""
    if told.model is not None and told.model.shape == image.shape:
        return from_metadata(told.model)
    return image.facts.with_static(provenance=(*told.steps, *image.facts.static.provenance))
