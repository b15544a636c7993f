"""The images of a hierarchy, each with its arrays, its documents, and what they cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.dims import DIMS
from omio.errors import PolicyError, UnwritableError
from omio.ome.write import ome_xml, pixel_type
from omio.writers.pyramid import auto_count
from omio.writers.source import source_of, stamps_of, target_dtype
from omio.writers.zarr.document import XML_KEY, array_documents, attributes_of, group_documents, lost_without_xml
from omio.writers.zarr.encode import codec_named
from omio.writers.zarr.plan import CHUNK, plan_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.image import Image
    from omio.lazy.leaf import FileStamp
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.policies.write import Downsampling, Lengths, OmeZarrPolicy
    from omio.writers.zarr.encode import Version
    from omio.writers.zarr.plan import ZarrPlan

type Hierarchy = tuple[list[Part], dict[str, bytes]]
"""Images, and key -> content of the documents that belong to no image."""

LABELS = "labels"
MANY = 1000
"""Chunks of more files and folders than this are put into shards where the policy leaves that open."""


@dataclass(frozen=True)
class Part:
    """One image of a hierarchy.

    Attributes
    ----------
    place
        Where its group lies.
    source
        Its pixels, as they are written.
    how
        How its levels are made.
    documents
        Key -> content, all below `place`.
    lost
        What reading it back would lack.
    stamps
        Files that it is read from.
    """

    place: str
    source: Recipe
    plan: ZarrPlan
    how: Downsampling
    documents: Mapping[str, bytes]
    lost: tuple[str, ...]
    stamps: tuple[FileStamp, ...]


def format_of(policy: OmeZarrPolicy) -> Version:
    """Return the version of Zarr that a version of OME-Zarr lies in."""
    return 3 if policy.version == "0.5" else 2


def plan_of(image: Image, policy: OmeZarrPolicy, path: str = "", count: int | None = None) -> ZarrPlan:
    """Plan the arrays of an image.

    Parameters
    ----------
    path
        The destination, where known: some are better off with shards.
    count
        Number of levels; None: as the policy says.

    Raises
    ------
    PolicyError
        Shards in OME-Zarr 0.4.
    """
    source, shape = source_of(image, policy), image.recipe.shape
    if policy.shards not in (False, "auto") and policy.version == "0.4":
        raise PolicyError(f"shards={policy.shards}: OME-Zarr 0.4 has no shards", remedy='Use version="0.5".')
    auto = auto_count(shape[3], shape[4], CHUNK) if policy.levels == "auto" else policy.levels
    count = count or auto or len(image.levels)
    chunks = None if policy.chunks in (None, "auto") else _lengths(policy.chunks, shape, image)
    if policy.shards != "auto":
        sharded = policy.shards if isinstance(policy.shards, bool) else _lengths(policy.shards, shape, image)
        return plan_arrays(source, count, chunks, sharded=sharded)
    plan = plan_arrays(source, count, chunks, sharded=False)
    if policy.version == "0.5" and (path.lower().endswith(".ozx") or "://" in path or plan.entries > MANY):
        return plan_arrays(source, count, chunks, sharded=True)
    return plan


def _lengths(given: Any, shape: tuple[int, ...], image: Image) -> Lengths:
    """Return lengths of T, Z, C, Y, X: those that are given, the rest as planes of at most `CHUNK`."""
    told = given if isinstance(given, dict) else dict(zip(DIMS[-len(given) :], given, strict=True))
    height, width = (min(CHUNK, size) for size in shape[3:5])
    t, z, c, y, x = ({"T": 1, "Z": 1, "C": 1, "Y": height, "X": width, **told}[dim] for dim in DIMS)
    return t, z, c, y, x


def image_parts(
    image: Image, policy: OmeZarrPolicy, path: str, *, place: str = "", labels: Mapping[str, Image] | None = None
) -> Hierarchy:
    """Return the parts of an image and its labels, and the documents of the groups between them.

    Raises
    ------
    UnwritableError
        Labels that are no integers, or not as large as the image.
    """
    part = _part(image, policy, path, place)
    if not labels:
        return [part], {}
    _check_labels(image, labels)
    below = f"{place}/{LABELS}" if place else LABELS
    told = {LABELS: list(labels)}
    attributes = {"ome": {"version": policy.version, **told}} if policy.version == "0.5" else told
    how = "nearest" if policy.downsampling == "nearest" else "mode"
    own = policy.model_copy(update={"downsampling": how, "cast": None})
    count = len(part.plan.arrays)
    parts = [
        _part(label, own, path, f"{below}/{name}", count, _image_label(label, policy.version))
        for name, label in labels.items()
    ]
    return [part, *parts], group_at(below, attributes, policy)


def group_at(place: str, attributes: Mapping[str, Any], policy: OmeZarrPolicy) -> dict[str, bytes]:
    """Return the documents of a group by their keys in the hierarchy."""
    documents = group_documents(attributes, format_of(policy))
    return {f"{place}/{key}" if place else key: content for key, content in documents.items()}


def _image_label(label: Image, version: str) -> dict[str, Any]:
    """Return the document of a label image; colours and properties that it was read with are kept."""
    original = label.facts.static.original
    before = original.get("ome", original)
    kept = before.get("image-label") if isinstance(before, dict) else None
    told = {key: value for key, value in (kept or {}).items() if key in ("colors", "properties")}
    return {"image-label": {**({"version": "0.4"} if version == "0.4" else {}), **told, "source": {"image": "../../"}}}


def _check_labels(image: Image, labels: Mapping[str, Image]) -> None:
    problems: list[str] = []
    for name, label in labels.items():
        if not hasattr(label, "recipe"):
            problems.append(
                f"{name!r} is a {type(label).__name__}; MicroscopyDataset.from_array makes an image of an array"
            )
            continue
        if not name or name.startswith((".", "__")) or "/" in name or "\\" in name:
            problems.append(f"{name!r} is no name of a folder")
        if label.dtype.kind not in "iu":
            problems.append(f"{name!r} has {label.dtype} pixels, and numbers of objects are integers")
        full, own = image.recipe.shape, label.recipe.shape
        if own[3:] != full[3:5] or any(size not in (1, whole) for size, whole in zip(own[:2], full, strict=False)):
            problems.append(f"{name!r} of shape {own} does not lie on the image of {full}")
    if problems:
        raise UnwritableError(f"labels: {'; '.join(problems)}")


def _part(
    image: Image,
    policy: OmeZarrPolicy,
    path: str,
    place: str,
    count: int | None = None,
    further: Mapping[str, Any] | None = None,
) -> Part:
    plan = plan_of(image, policy, path, count)
    codec, level = codec_named(policy.compression, policy.compression_level)
    version = format_of(policy)
    text, lost = describe(image, policy, path, plan)
    attributes = attributes_of(image.facts, plan, policy.version, has_xml=text is not None, further=further or {})
    documents = array_documents(plan, attributes, version, codec, level)
    if text is not None:
        documents[XML_KEY] = text
    below = {f"{place}/{key}" if place else key: content for key, content in documents.items()}
    return Part(place, source_of(image, policy), plan, policy.downsampling, below, lost, stamps_of(image))


def describe(image: Image, policy: OmeZarrPolicy, path: str, plan: ZarrPlan) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the OME-XML, and what is lost; pixels that OME does not know have none."""
    dtype = target_dtype(image, policy)
    if pixel_type(dtype) is None:
        return None, lost_without_xml(image.facts, plan)
    document = ome_xml(told(image.facts, policy, path), dtype, in_tiff=False)
    return document.encode(), document.lost


def told(facts: Facts, policy: OmeZarrPolicy, path: str) -> Facts:
    """Return facts with the step that is taken now."""
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return facts.with_step("write", format=f"OME-Zarr {policy.version}", file=name, policy=policy.describe())
