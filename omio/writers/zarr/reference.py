"""References to the chunks of files: a virtual Zarr, which zarr-python and xarray open without omio."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from omio.dims import dims_of
from omio.errors import OmioError, PolicyError, UnwritableError
from omio.lazy.ranges import COLUMNS, table_of
from omio.metadata._coords import from_metadata, to_metadata
from omio.metadata.compare import differences
from omio.ome.write import ome_xml, pixel_type
from omio.policies.write import ReferencePolicy
from omio.store.atomic import destination
from omio.store.folders import folder_destination
from omio.store.references import METADATA, Names, References, VirtualArray
from omio.writers.base import Writer
from omio.writers.report import WriteReport
from omio.writers.zarr.document import XML_KEY, attributes_of
from omio.writers.zarr.labelled import IMAGE, group_files, image_attributes
from omio.writers.zarr.places import size_of
from omio.writers.zarr.plan import ArrayPlan, ZarrPlan
from omio.writers.zarr.virtual import array_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.image import Image
    from omio.lazy.ranges import ChunkTable
    from omio.metadata.facts import Facts
    from omio.writers.zarr.encode import Version

PARQUET = (".parq", ".parquet")
LEVEL_DIMS = ("T", "C", "Z", "Y", "X")
"""Of the arrays of a pyramid: the order that OME-Zarr wants."""


class ReferenceWriter(Writer[ReferencePolicy]):
    """Writes where the chunks of an image lie in its files; no pixel is read or copied. See `ReferencePolicy`.

    The virtual Zarr is what `to_zarr` writes: the array ``image`` and its coordinates. Where the image has levels it is
    an OME-Zarr whose level k lies in the group ``k``, likewise with coordinates.
    """

    name: ClassVar[str] = "reference"
    policies: ClassVar[type[ReferencePolicy]] = ReferencePolicy
    extensions: ClassVar[tuple[str, ...]] = (".json", *PARQUET)

    def is_incompatible(self, image: Image, policy: ReferencePolicy) -> Literal[False] | str:
        """Return False, or why the chunks of the image cannot be referred to."""
        try:
            _check(policy)
            table_of(image.recipe)
        except OmioError as error:
            return str(error)
        return False

    def lost(self, image: Image, policy: ReferencePolicy) -> tuple[str, ...]:
        """Return what differs once it is read back, and the levels that cannot be referred to."""
        return _virtual(image, _check(policy), "").lost

    def write(self, image: Image, path: str, policy: ReferencePolicy) -> WriteReport:
        """Write and report; see `Writer.write`."""
        started = time.perf_counter()
        version = _check(policy, path)
        virtual = _virtual(image, version, path)
        references = virtual.references
        base = Path(policy.base) if policy.base is not None else Path(path).parent
        names = Names(Path(os.path.realpath(base)), policy.url)
        used = _write(references, path, policy, names)
        chunks = sum(array.table.file.size for array in references.arrays)
        foreign = any(b"imagecodecs_" in content for content in references.files.values())
        details = {"zarr_format": version, "chunks": chunks, "files": len(references.stamps), "imagecodecs": foreign}
        return WriteReport(str(used), size_of(used), virtual.lost, time.perf_counter() - started, None, details)


def _write(references: References, path: str, policy: ReferencePolicy, names: Names) -> Path:
    """Write and return the name that was used."""
    if not _is_parquet(path):
        with destination(path, overwrite=policy.overwrite, sources=references.stamps) as pending:
            references.write_json(pending.file, names)
        return pending.path
    with folder_destination(
        path,
        is_ours=lambda folder: (folder / METADATA).is_file(),
        overwrite=policy.overwrite,
        sources=references.stamps,
    ) as folder:
        references.write_parquet(folder.temp, names)
    return folder.path


def _is_parquet(path: str) -> bool:
    return path.lower().endswith(PARQUET)


def _check(policy: ReferencePolicy, path: str = "") -> Version:
    """Return the version of Zarr to refer by."""
    if policy.cast is not None:
        raise PolicyError(f"cast={policy.cast!r}: references hold no pixels", remedy="to_omezarr writes a copy.")
    if policy.base is not None and policy.url is None:
        raise PolicyError("base= counts names for a url=, which is not given")
    if _is_parquet(path) and policy.zarr_format == 3:
        raise PolicyError("zarr_format=3: references in Parquet are of Zarr 2", path=path, remedy="Write .json.")
    return policy.zarr_format or (2 if _is_parquet(path) else 3)


@dataclass(frozen=True)
class Virtual:
    """What an image comes to: references, and what they lack."""

    references: References
    lost: tuple[str, ...]


def _virtual(image: Image, version: Version, path: str) -> Virtual:
    facts = image.facts.with_step("write", format=f"Zarr {version} references", file=Path(path).name)
    tables, lost = _tables(image, version)
    if len(tables) > 1:
        return _pyramid(image, facts, tables, lost, version, has_xml=not _is_parquet(path))
    table = tables[0]
    dims = dims_of(len(table.shape))
    files = group_files(facts, image.dtype, version)
    files |= array_files(IMAGE, table, dims, version, image_attributes(facts, dims, version))
    kept = replace(
        from_metadata(to_metadata(image.facts)), axes=facts.axes, channels=facts.channels, planes=image.facts.planes
    )
    return Virtual(References(files, (VirtualArray(IMAGE, table, version),)), (*lost, *differences(image.facts, kept)))


def _tables(image: Image, version: Version) -> tuple[list[ChunkTable], tuple[str, ...]]:
    """Return the chunks of all levels; the coarser ones as far as they can be had."""
    tables, levels = [table_of(image.recipe)], image.levels[1:]
    if levels and len(image.recipe.shape) > 5 and version == 2:
        return tables, ("levels: Zarr 2 cannot turn samples into channels, which OME-Zarr wants",)
    for number, level in enumerate(levels, 1):
        try:
            tables.append(table_of(level.recipe))
        except UnwritableError as error:
            return tables, (f"level {number} and those after it: {error.cause}",)
    return tables, ()


def _pyramid(
    image: Image, facts: Facts, tables: Sequence[ChunkTable], lost: tuple[str, ...], version: Version, *, has_xml: bool
) -> Virtual:
    plan = ZarrPlan(image.dtype, tuple(ArrayPlan(table.shape, (1, 1, 1, 1, 1), None) for table in tables), ())
    known = has_xml and pixel_type(image.dtype) is not None
    xml = ome_xml(facts, image.dtype, in_tiff=False) if known else None
    spoken = attributes_of(facts, plan, "0.5" if version == 3 else "0.4", has_xml=known, further={})
    files = _root(_renamed(spoken), version) | ({} if xml is None else {XML_KEY: xml.encode()})
    arrays = []
    for number, (level, table) in enumerate(zip(image.levels, tables, strict=False)):
        described, array = _level(str(number), level, table, version)
        files |= described
        arrays.append(array)
    told = ("all that OME-Zarr has no place for",) if xml is None else xml.lost
    return Virtual(References(files, tuple(arrays)), (*lost, *told))


def _level(place: str, level: Image, table: ChunkTable, version: Version) -> tuple[dict[str, bytes], VirtualArray]:
    """Return the files of a level's group, and its array; facts of channels have no place beside those of samples."""
    channelled, order = _as_channels(table)
    facts = level.facts if len(table.shape) == 5 else replace(level.facts, channels={}, planes=None)
    array = VirtualArray(f"{place}/{IMAGE}", channelled, version)
    files = {f"{place}/{key}": content for key, content in group_files(facts, level.dtype, version).items()}
    attributes = image_attributes(facts, LEVEL_DIMS, version)
    return files | array_files(array.key, channelled, LEVEL_DIMS, version, attributes, order), array


def _root(attributes: dict[str, Any], version: Version) -> dict[str, bytes]:
    if version == 3:
        documents = {"zarr.json": {"zarr_format": 3, "node_type": "group", "attributes": attributes}}
    else:
        documents = {".zgroup": {"zarr_format": 2}, ".zattrs": attributes}
    return {key: json.dumps(document).encode() for key, document in documents.items()}


def _renamed(attributes: dict[str, Any]) -> dict[str, Any]:
    """Name axes as xarray names the dims, and arrays by their groups."""
    ome = attributes.get("ome", attributes)
    for image in ome["multiscales"]:
        for axis in image["axes"]:
            axis["name"] = axis["name"].upper()
        for dataset in image["datasets"]:
            dataset["path"] = f"{dataset['path']}/{IMAGE}"
    return attributes


def _as_channels(table: ChunkTable) -> tuple[ChunkTable, tuple[int, ...] | None]:
    """Return T Z C Y X [S] as T C Z Y X, samples as channels, and the order of dims in a chunk where it is another."""
    if len(table.shape) == 5:
        return table.in_order((0, 2, 1, 3, 4)), None
    turned = table.in_order((0, 2, 5, 1, 3, 4))
    (t, c, s, z, y, x), chunk = turned.shape, turned.chunk
    if chunk[1] != 1 or (c > 1 and chunk[2] not in (1, s)):
        raise UnwritableError("cannot be referred to: its samples lie in chunks with those of other channels")
    grid = turned.file.shape
    columns = {name: getattr(turned, name).reshape(grid[0], grid[1] * grid[2], *grid[3:]) for name in COLUMNS}
    folded = replace(turned, shape=(t, c * s, z, y, x), chunk=(chunk[0], *chunk[2:]), **columns)
    return folded, None if chunk[2] == 1 else (0, 2, 3, 4, 1)
