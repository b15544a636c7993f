"""OME-Zarr: all levels in one pass, whole or absent, in a folder or a zip file."""

from __future__ import annotations

import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from omio.errors import OmioError, PolicyError
from omio.ome.write import ome_xml, pixel_type
from omio.policies.write import OmeZarrPolicy
from omio.store.atomic import destination
from omio.store.folders import folder_destination
from omio.writers.base import Writer
from omio.writers.pyramid import auto_count
from omio.writers.report import WriteReport
from omio.writers.source import source_of, stamps_of, target_dtype
from omio.writers.zarr.document import XML_KEY, array_documents, attributes_of
from omio.writers.zarr.encode import codec_named
from omio.writers.zarr.plan import CHUNK, plan_arrays
from omio.writers.zarr.stream import Cutter, write_levels
from omio.writers.zarr.targets import FolderTarget, ZipTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.image import Image
    from omio.metadata.facts import Facts
    from omio.policies.write import OutputPolicy
    from omio.writers.zarr.encode import Version
    from omio.writers.zarr.plan import ZarrPlan
    from omio.writers.zarr.targets import Target

ZIP_ENDINGS = (".ozx", ".zip")
DOCUMENTS = ("zarr.json", ".zgroup", ".zarray")


class OmeZarrWriter(Writer[OmeZarrPolicy]):
    """Writes OME-Zarr 0.5 or 0.4; see `OmeZarrPolicy`.

    Arrays have the axes t, c, z, y, x. What OME-Zarr has no place for lies in ``OME/METADATA.ome.xml`` within the
    group of the image, as in the bioformats2raw layout; a name that ends in ``.ozx`` or ``.zip`` makes a zip file.
    """

    name: ClassVar[str] = "omezarr"
    policies: ClassVar[type[OmeZarrPolicy]] = OmeZarrPolicy
    extensions: ClassVar[tuple[str, ...]] = (".ome.zarr", ".zarr", ".ozx", ".zarr.zip")

    def is_incompatible(self, image: Image, policy: OmeZarrPolicy) -> Literal[False] | str:
        """Return False, or why the image cannot be written so."""
        try:
            self._plan(image, policy)
        except OmioError as error:
            return str(error)
        return False

    def lost(self, image: Image, policy: OmeZarrPolicy) -> tuple[str, ...]:
        """Return what reading it back would lack."""
        return self._document(image, policy, "")[1]

    def write(self, image: Image, path: str, policy: OmeZarrPolicy) -> WriteReport:
        """Write and report; see `Writer.write`."""
        started = time.perf_counter()
        plan = self._plan(image, policy)
        codec, level = codec_named(policy.compression, policy.compression_level)
        text, lost = self._document(image, policy, path)
        version: Version = 3 if policy.version == "0.5" else 2
        attributes = attributes_of(image.facts, plan, policy.version, has_xml=text is not None)
        documents = array_documents(plan, attributes, version, codec, level)
        if text is not None:
            documents[XML_KEY] = text
        with opened(path, image, policy) as (target, folder, used):
            for key, content in documents.items():
                target.put(key, content)
            cutter = Cutter(target, codec, level, version)
            write_levels(source_of(image, policy), plan, cutter, policy.downsampling, folder)
        details = {"version": policy.version, "levels": len(plan.arrays), "compression": codec.name}
        return WriteReport(used[0], size_of(Path(used[0])), lost, time.perf_counter() - started, None, details)

    def _plan(self, image: Image, policy: OmeZarrPolicy) -> ZarrPlan:
        codec_named(policy.compression, policy.compression_level)
        if policy.shards and policy.version != "0.5":
            raise PolicyError("shards=True: OME-Zarr 0.4 has no shards", remedy='Use version="0.5".')
        target_dtype(image, policy)
        shape = image.recipe.shape
        count = auto_count(shape[3], shape[4], CHUNK) if policy.levels == "auto" else policy.levels
        return plan_arrays(source_of(image, policy), count or len(image.levels), policy.chunks, sharded=policy.shards)

    def _document(self, image: Image, policy: OmeZarrPolicy, path: str) -> tuple[bytes | None, tuple[str, ...]]:
        """Return the OME-XML, and what is lost; pixels that OME does not know have none."""
        dtype = target_dtype(image, policy)
        if pixel_type(dtype) is None:
            return None, _beyond(image.facts)
        name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
        facts = image.facts.with_step("write", format=f"OME-Zarr {policy.version}", file=name, policy=policy.describe())
        document = ome_xml(facts, dtype, in_tiff=False)
        return document.encode(), document.lost


def _beyond(facts: Facts) -> tuple[str, ...]:
    """Return the facts that only OME-XML could hold."""
    static = ("description", "acquired", "objective", "stage_position", "annotations", "original", "provenance")
    found = [name for name in static if getattr(facts.static, name)]
    found += [f"channels.{name}" for name in facts.channels if name not in ("name", "color", "window")]
    return (*found, *(("planes",) if facts.planes is not None else ()))


@contextmanager
def opened(path: str, image: Image, policy: OutputPolicy) -> Iterator[tuple[Target, Path, list[str]]]:
    """Yield where files go, a folder for what waits, and the name, final when the block has ended."""
    stamps = stamps_of(image)
    if path.lower().endswith(ZIP_ENDINGS):
        with destination(path, overwrite=policy.overwrite, sources=stamps) as file:
            used = [str(file.path)]
            with zipfile.ZipFile(file.file, "w", zipfile.ZIP_STORED) as archive:
                yield ZipTarget(archive), file.temp.parent, used
        used[0] = str(file.path)
        return
    with folder_destination(path, is_ours=is_zarr, overwrite=policy.overwrite, sources=stamps) as pending:
        used = [str(pending.path)]
        yield FolderTarget(pending.temp), pending.temp.parent, used
    used[0] = str(pending.path)


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr hierarchy, which may be replaced by another."""
    return any((folder / name).is_file() for name in DOCUMENTS)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
