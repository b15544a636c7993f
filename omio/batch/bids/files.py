"""Files of a BIDS dataset beside its images: their sidecars, and descriptions and tables at the root.

Format: Brain Imaging Data Structure 1.11. What lies at the root already is kept and added to, never replaced.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import omio
from omio.batch.bids.images import OBJECTIVE, Sidecar, differences
from omio.errors import DamagedFileError, MetadataError
from omio.store.atomic import destination

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omio.batch.bids.output import BidsOut
    from omio.batch.planning.jobs import Job
    from omio.image import Image
    from omio.policies.write import WritePolicy

BIDS_VERSION = "1.10.0"
_SMALL, _BIG = ".ome.tif", ".ome.btf"
_IGNORED = ("omio-report*",)


def settle(job: Job, image: Image, policy: WritePolicy) -> tuple[str, WritePolicy]:
    """Return the destination of a BIDS job and the policy to write it with: a BigTIFF ends in ``.ome.btf``.

    No pixel is read. Other destinations stay as they are.

    Raises
    ------
    UnwritableError, PolicyError
        The image cannot be written so.
    """
    if job.sidecar is None or not job.destination.endswith(_SMALL):
        return job.destination, policy
    from omio.writers.ometiff import OmeTiffWriter

    is_big = OmeTiffWriter().is_big(image, policy)
    name = job.destination.removesuffix(_SMALL) + (_BIG if is_big else _SMALL)
    return name, type(policy).resolve(policy, bigtiff=is_big)


def sidecar_path(destination: str) -> str:
    """Return where the JSON of an image lies.

    >>> sidecar_path("sub-01/micr/sub-01_sample-A_FLUO.ome.btf")
    'sub-01/micr/sub-01_sample-A_FLUO.json'
    """
    path = Path(destination)
    return path.with_name(f"{path.name.split('.', 1)[0]}.json").as_posix()


def write_sidecar(job: Job, image: Image, output: str | os.PathLike[str]) -> str:
    """Write the JSON of a job's image below the output folder, and return its path there; an older one is replaced.

    Raises
    ------
    MetadataError
        See `sidecar`.
    WriteError
        The folder.
    """
    name = sidecar_path(job.destination)
    _write(Path(output, name), _json(sidecar(job, image)))
    return name


def sidecar(job: Job, image: Image) -> dict[str, Any]:
    """Return the fields of an image's JSON: what the image says, and what the job adds.

    Raises
    ------
    MetadataError
        BIDS needs a pixel size, and neither says it; or they say different ones.
    """
    known = {dim: axis.spacing and abs(axis.spacing) for dim, axis in image.facts.axes.items()}
    added = dict(job.sidecar or {})
    if problems := differences(Sidecar(added), known):
        raise MetadataError(f"BIDS PixelSize: {'; '.join(problems)}", remedy="Give none, or the image's own.")
    dims = "XYZ" if image.sizes["Z"] > 1 else "XY"
    if missing := [dim for dim in dims if not known.get(dim) and "PixelSize" not in added]:
        remedy = 'Give it in BidsOut(sidecar={"PixelSize": [x, y], "PixelSizeUnits": "um"}).'
        raise MetadataError(f"BIDS needs a pixel size, and that of {', '.join(missing)} is unknown", remedy=remedy)
    size = {} if "PixelSize" in added else {"PixelSize": [known[dim] for dim in dims], "PixelSizeUnits": "um"}
    return {**size, **_optics(image), **(_chunk(image, dims) if "chunk" in job.labels else {}), **added}


def _optics(image: Image) -> dict[str, Any]:
    objective = image.facts.static.objective or {}
    return {field: objective[name] for name, field in OBJECTIVE.items() if objective.get(name) is not None}


def _chunk(image: Image, dims: str) -> dict[str, Any]:
    """Return where a chunk lies in its sample, in µm; nothing where the stage position is unknown."""
    position = image.facts.static.stage_position or {}
    if any(position.get(dim) is None for dim in dims):
        return {}
    size = len(dims)
    rows = [[*(float(column == row) for column in range(size)), position[dim]] for row, dim in enumerate(dims)]
    matrix = [*rows, [*(0.0,) * size, 1.0]]
    return {"ChunkTransformationMatrix": matrix, "ChunkTransformationMatrixAxis": list(dims)}


def write_dataset_files(output: Path, jobs: Sequence[Job], how: BidsOut) -> tuple[Path, ...]:
    """Write the files at the root of the dataset for the jobs whose images are there; return those that changed.

    ``dataset_description.json``, ``participants.tsv``, ``samples.tsv`` and ``.bidsignore``. Where one exists, what is
    missing in it is added. Each is whole or as it was.

    Raises
    ------
    DamagedFileError
        An existing file that is none of its kind.
    """
    done = [job for job in jobs if _is_there(output, job)]
    if not done:
        return ()
    people = [{"participant_id": f"sub-{job.labels['sub']}"} for job in done]
    samples = [
        {"sample_id": f"sample-{job.labels['sample']}", **person, "sample_type": how.sample_type}
        for job, person in zip(done, people, strict=True)
    ]
    wanted = {
        "dataset_description.json": lambda old: _described(old, how.name or output.resolve().name),
        "participants.tsv": lambda old: _table(old, people, ("participant_id",)),
        "samples.tsv": lambda old: _table(old, samples, ("sample_id", "participant_id")),
        ".bidsignore": _ignoring,
    }
    return tuple(path for name, make in wanted.items() if _extend(path := output / name, make))


def _is_there(output: Path, job: Job) -> bool:
    name = output / job.destination
    return name.exists() or Path(f"{os.fspath(name).removesuffix(_SMALL)}{_BIG}").exists()


def _extend(path: Path, make: Callable[[bytes | None], bytes]) -> bool:
    try:
        old = path.read_bytes() if path.exists() else None
        new = make(old)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"cannot be added to: {error}", path=path, remedy="Mend it, or move it away.") from None
    if new != old:
        _write(path, new)
    return new != old


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with destination(path, overwrite="replace") as pending:
        pending.file.write(content)


def _json(fields: Mapping[str, Any]) -> bytes:
    return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()


def _described(old: bytes | None, name: str) -> bytes:
    own = {} if old is None else json.loads(old)
    if not isinstance(own, dict):
        raise ValueError("holds no JSON object")
    wanted = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "omio", "Version": omio.__version__}],
    }
    missing = {field: value for field, value in wanted.items() if field not in own}
    return _json({**own, **missing}) if missing or old is None else old


def _table(old: bytes | None, rows: Sequence[Mapping[str, str]], key: tuple[str, ...]) -> bytes:
    """Add the rows whose key is not in the table; columns that they do not have get n/a."""
    lines = [] if old is None else old.decode("utf-8-sig").splitlines()
    columns = lines[0].split("\t") if lines else list(rows[0])
    if absent := [name for name in key if name not in columns]:
        raise ValueError(f"has no column {', '.join(absent)}")
    table = [line.split("\t") for line in lines[1:] if line]
    if ragged := [number for number, row in enumerate(table, start=2) if len(row) != len(columns)]:
        raise ValueError(f"row {ragged[0]} has not as many columns as the header")
    known = {_key(dict(zip(columns, row, strict=True)), key) for row in table}
    new = {_key(row, key): row for row in rows if _key(row, key) not in known}
    if not new and old is not None:
        return old
    added = ["\t".join(row.get(name, "n/a") for name in columns) for row in new.values()]
    return "\n".join([*(lines or ["\t".join(columns)]), *added, ""]).encode()


def _key(row: Mapping[str, str], key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(row[name] for name in key)


def _ignoring(old: bytes | None) -> bytes:
    lines = [] if old is None else old.decode().splitlines()
    missing = [name for name in _IGNORED if name not in lines]
    return "\n".join([*lines, *missing, ""]).encode() if missing or old is None else old
