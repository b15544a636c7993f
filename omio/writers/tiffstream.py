"""Carries a `TiffPlan` out: streams encoded segments into a TIFF that appears under its name when it is whole."""

from __future__ import annotations

import struct
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

import tifffile

from omio.errors import OmioError, WriteError
from omio.lazy.cluster import cluster_for
from omio.metadata.axes import Regular
from omio.remote.urls import is_url, named_by_user
from omio.store.atomic import destination
from omio.store.uploads import upload
from omio.writers.pyramid import Spool
from omio.writers.report import WriteReport
from omio.writers.stream import Counted, encoded
from omio.writers.verbatim import verbatim
from omio.writers.verify import file_digest, source_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from omio.lazy.cluster import Cluster
    from omio.lazy.leaf import FileStamp
    from omio.lazy.recipe import LazyArray, Recipe
    from omio.metadata.facts import Facts
    from omio.policies.write import WritePolicy
    from omio.store.atomic import Pending
    from omio.store.uploads import Upload
    from omio.writers.tiffplan import TiffPlan

type Tags = Mapping[str, Any]


def write_tiff(
    source: Recipe,
    plan: TiffPlan,
    path: str,
    policy: WritePolicy,
    *,
    stamps: Sequence[FileStamp],
    tags: Tags,
    text: bytes = b"",
    container: Tags | None = None,
    lost: tuple[str, ...] = (),
) -> WriteReport:
    """Write all levels.

    Parameters
    ----------
    source
        Pixels of full resolution, of the plan's dtype.
    stamps
        Files behind it.
    tags
        Arguments of ``TiffWriter.write`` that all levels share.
    text
        ImageDescription.
    container
        Further arguments of ``TiffWriter``.
    lost
        What the description could not hold.
    """
    started = time.perf_counter()
    bigtiff = plan.is_big(text)
    size = plan.waiting_bytes + (plan.pixel_bytes if plan.encoder.codec.function is None else 0)
    with _opened(path, policy, stamps, size) as pending:
        with (
            _tiff_errors(path),
            tifffile.TiffWriter(pending.file, bigtiff=bigtiff, byteorder="<", **(container or {})) as tif,
        ):
            _write_levels(
                tif, source, plan, policy, {**tags, **({"description": text} if text else {})}, pending.temp.parent
            )
        nbytes = _length(pending)
        digests = _verified(source, plan, pending, path) if policy.verify else None
    details = {**plan.details(), "bigtiff": bigtiff}
    return WriteReport(str(pending.path), nbytes, (*plan.lost, *lost), time.perf_counter() - started, digests, details)


def _opened(
    path: str, policy: WritePolicy, stamps: Sequence[FileStamp], size: int
) -> AbstractContextManager[Pending | Upload]:
    if is_url(target := named_by_user(path)):
        return upload(path, overwrite=policy.overwrite, sources=stamps, options=policy.storage_options)
    return destination(target, overwrite=policy.overwrite, sources=stamps, size=size)


def _write_levels(
    tif: tifffile.TiffWriter, source: Recipe, plan: TiffPlan, policy: WritePolicy, tags: Tags, folder: Path
) -> None:
    """Write the full level, on a cluster where one is at work, and the reduced ones, which wait on this machine."""
    cluster = cluster_for(source)
    current: LazyArray = source
    with ExitStack() as spools:
        for level, reduced in enumerate((*plan.shapes[1:], None)):
            sink = None
            if reduced is not None:
                sink = spools.enter_context(closing(Spool(reduced, plan.dtype, policy.downsampling, folder)))
            _write_level(tif, current, plan, level, tags, sink, cluster if level == 0 else None)
            if isinstance(current, Spool):
                current.close()
            current = sink or current


def _write_level(
    tif: tifffile.TiffWriter,
    source: LazyArray,
    plan: TiffPlan,
    level: int,
    tags: Tags,
    sink: Spool | None,
    cluster: Cluster | None,
) -> None:
    grid, predictor = plan.grids[level], plan.encoder.predictor
    arguments: dict[str, Any] = {**tags, **_samples(plan.samples)}
    arguments |= {"tile": (grid.rows, grid.columns)} if grid.is_tiled else {"rowsperstrip": grid.rows}
    if level:
        coarser = tuple(value / (1 << level) for value in tags.get("resolution", ()))
        arguments |= {"subfiletype": 1, "resolution": coarser or None}
        arguments.pop("description", None)
    elif len(plan.shapes) > 1:
        arguments["subifds"] = len(plan.shapes) - 1
    copied = verbatim(source, grid, plan.encoder) if sink is None else None
    with closing(copied or encoded(source, grid, plan.encoder, sink, cluster)) as segments:
        counted = Counted(segments, plan.pages * grid.segments)
        tif.write(
            counted,
            shape=plan.shapes[level] if plan.samples > 1 else plan.shapes[level][:5],
            dtype=plan.dtype.newbyteorder("<"),
            compression=plan.encoder.codec.tag,
            predictor=predictor if predictor > 1 else None,
            **arguments,
        )
        counted.finish()


def _samples(count: int) -> dict[str, Any]:
    """Say what samples mean: three are RGB; what more there is, nobody said."""
    if count == 1:
        return {"photometric": "minisblack"}
    if count in (3, 4):
        extra = {"extrasamples": (0,)} if count == 4 else {}
        return {"photometric": "rgb", "planarconfig": "contig", "subsampling": (1, 1), **extra}
    return {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": (0,) * (count - 1)}


def resolution(facts: Facts, micrometre: float) -> dict[str, Any]:
    """Return the resolution tags, pixels per `micrometre` µm; none where X or Y is unknown."""
    axes = [facts.axes.get(dim) for dim in "XY"]
    known = [abs(axis.spacing) for axis in axes if isinstance(axis, Regular)]
    return {"resolution": tuple(micrometre / spacing for spacing in known)} if len(known) == 2 else {}


def _length(pending: Pending | Upload) -> int:
    pending.file.flush()
    return pending.file.seek(0, 2)


def _verified(source: Recipe, plan: TiffPlan, pending: Pending | Upload, path: str) -> tuple[str, str]:
    digests = source_digest(source), file_digest(pending.temp)
    if digests[0] != digests[1] and not plan.encoder.codec.is_lossy:
        raise WriteError("the pixels that were read again are not those of the source", path=path)
    return digests


@contextmanager
def _tiff_errors(path: str) -> Iterator[None]:
    """Turn what tifffile and struct raise where a file outgrows a classic TIFF."""
    try:
        yield
    except OmioError:
        raise
    except StopIteration as error:
        raise WriteError("the layout that tifffile chose is not the one of the plan", path=path) from error
    except (struct.error, ValueError) as error:
        raise WriteError(f"cannot be written: {error}", path=path, remedy="Leave bigtiff=None.") from error
