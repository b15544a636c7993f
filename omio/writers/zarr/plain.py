"""Plain Zarr: the form of xarray, with coordinates, or one array alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from omio.dims import DIMS, dims_of
from omio.errors import OmioError, PolicyError, UnwritableError
from omio.lazy.cluster import cluster_for
from omio.metadata._coords import from_metadata, to_metadata
from omio.metadata.compare import differences
from omio.policies.write import ZarrPolicy
from omio.writers.base import Writer
from omio.writers.report import WriteReport
from omio.writers.source import source_of, stamps_of, target_dtype
from omio.writers.zarr.encode import codec_named
from omio.writers.zarr.labelled import (
    IMAGE,
    consolidated,
    dims_attribute,
    group_files,
    image_attributes,
    metadata_attribute,
)
from omio.writers.zarr.places import opened
from omio.writers.zarr.plan import CHUNK, plan_arrays
from omio.writers.zarr.stream import Cutter, write_levels

if TYPE_CHECKING:
    from omio.image import Image
    from omio.metadata.facts import Facts
    from omio.writers.zarr.plan import ZarrPlan
    from omio.writers.zarr.stream import Place

NUMBERS = "biufc"


class ZarrWriter(Writer[ZarrPolicy]):
    """Writes plain Zarr 2 and 3; see `ZarrPolicy`.

    Coordinates lie beside the array as xarray writes them; all else of the metadata is JSON in the attribute ``omio``.
    """

    name: ClassVar[str] = "zarr"
    policies: ClassVar[type[ZarrPolicy]] = ZarrPolicy

    def is_incompatible(self, image: Image, policy: ZarrPolicy) -> Literal[False] | str:
        """Return False, or why the image cannot be written so."""
        try:
            _plan(image, policy)
        except OmioError as error:
            return str(error)
        return False

    def lost(self, image: Image, policy: ZarrPolicy) -> tuple[str, ...]:
        """Return what differs once it is read back."""
        kept = from_metadata(to_metadata(image.facts))
        if policy.layout == "dataset":
            kept = replace(kept, axes=image.facts.axes, channels=image.facts.channels, planes=image.facts.planes)
        return differences(image.facts, kept)

    def write(self, image: Image, path: str, policy: ZarrPolicy) -> WriteReport:
        """Write and report; see `Writer.write`."""
        started = time.perf_counter()
        plan, lost = _plan(image, policy), self.lost(image, policy)
        codec, level = codec_named(policy.compression, policy.compression_level)
        facts = image.facts.with_step("write", format=f"Zarr {policy.zarr_format}", policy=policy.describe())
        kept = kept_dims(plan.arrays[0].shape) if policy.layout == "array" else None
        size = plan.nbytes if codec.name == "none" else None
        source = source_of(image, policy)
        cluster = cluster_for(source)
        with opened(path, stamps_of(image), policy.overwrite, size=size, many=cluster is not None) as opening:
            for key, content in Described(facts, plan, policy).documents().items():
                opening.target.put(key, content)
            cutter = PlainCutter(opening.target, codec, level, policy.zarr_format, own_order=True, kept=kept)
            write_levels(source, plan, cutter, "nearest", cluster=cluster)
        details = {"zarr_format": policy.zarr_format, "compression": codec.name, "chunks": plan.arrays[0].chunk}
        return WriteReport(opening.path, opening.nbytes, lost, time.perf_counter() - started, None, details)


def _plan(image: Image, policy: ZarrPolicy) -> ZarrPlan:
    codec_named(policy.compression, policy.compression_level)
    if policy.shards and policy.zarr_format == 2:
        raise PolicyError("shards=True: Zarr 2 has no shards", remedy="Use zarr_format=3.")
    dtype = target_dtype(image, policy)
    if dtype.kind not in NUMBERS:
        raise UnwritableError(f"{dtype} pixels are no numbers")
    return plan_arrays(source_of(image, policy), 1, _chunk(image, policy), sharded=policy.shards)


def _chunk(image: Image, policy: ZarrPolicy) -> tuple[int, ...] | None:
    """Return lengths of T, Z, C, Y, X; None where all are left open."""
    chunks = policy.chunks
    if chunks is None:
        return None
    given = chunks.items() if isinstance(chunks, dict) else zip(DIMS[-len(chunks) :], chunks, strict=True)
    height, width = image.recipe.shape[3:5]
    lengths = {"T": 1, "Z": 1, "C": 1, "Y": min(CHUNK, height), "X": min(CHUNK, width), **dict(given)}
    return tuple(lengths[dim] for dim in DIMS)


def kept_dims(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return which dims of T Z C Y X [S] an array alone keeps: those longer than 1, and Y, X and S."""
    return tuple(axis for axis, size in enumerate(shape) if size > 1 or axis > 2)


@dataclass(frozen=True)
class PlainCutter(Cutter):
    """Names chunks as zarr-python and xarray do.

    Attributes
    ----------
    kept
        Dims of an array that lies alone; None where it lies in a group.
    """

    kept: tuple[int, ...] | None = None

    def key(self, number: int, place: Place) -> str:
        """Return the key of a chunk or shard of the one array."""
        del number
        separator = "/" if self.version == 3 else "."
        numbers = separator.join(str(place[axis]) for axis in self.kept or range(len(place)))
        within = f"c/{numbers}" if self.version == 3 else numbers
        return within if self.kept is not None else f"{IMAGE}/{within}"


@dataclass(frozen=True)
class Described:
    """What a plan comes to: the facts to keep, and how the array is stored."""

    facts: Facts
    plan: ZarrPlan
    policy: ZarrPolicy

    def documents(self) -> dict[str, bytes]:
        """Return key -> content of all documents, and of the coordinates."""
        dtype, version = self.plan.dtype, self.policy.zarr_format
        dims = dims_of(len(self.plan.arrays[0].shape))
        if self.policy.layout == "dataset":
            group = group_files(self.facts, dtype, version)
            array = self._array(IMAGE, dims, image_attributes(self.facts, dims, version))
            return consolidated(group | array, version)
        kept = tuple(dims[axis] for axis in kept_dims(self.plan.arrays[0].shape))
        return self._array(None, kept, {**metadata_attribute(self.facts, dtype), **dims_attribute(kept, version)})

    def _array(self, name: str | None, dims: tuple[str, ...], attributes: dict[str, Any]) -> dict[str, bytes]:
        import zarr
        from zarr.storage import MemoryStore

        array, version = self.plan.arrays[0], self.policy.zarr_format
        kept = [dims_of(len(array.shape)).index(dim) for dim in dims]
        codec, level = codec_named(self.policy.compression, self.policy.compression_level)
        found: dict[str, Any] = {}
        zarr.create_array(
            MemoryStore(found),
            name=name,
            shape=[array.shape[axis] for axis in kept],
            chunks=_lengths(array.chunk, array.shape, kept),
            shards=None if array.shard is None else _lengths(array.shard, array.shape, kept),
            dtype=self.plan.dtype.newbyteorder("<"),
            compressors=codec.describe(level, self.plan.dtype.itemsize, version) or None,
            fill_value=0 if version == 3 else None,  # xarray takes that of Zarr 2 for "no value"
            dimension_names=dims if version == 3 else None,
            attributes=attributes,
            zarr_format=version,
        )
        parents = ("zarr.json", ".zgroup", ".zattrs") if name else ()
        return {key: value.to_bytes() for key, value in found.items() if key not in parents}


def _lengths(chunk: tuple[int, ...], shape: tuple[int, ...], kept: list[int]) -> tuple[int, ...]:
    full = (*chunk, *shape[5:])
    return tuple(full[axis] for axis in kept)
