"""YAML files to edit, for RAW files that nothing describes.

The size of the file and what an unusable XML still says leave a few shapes to choose from. The first is filled in and
marked as a guess, which every opening tells of until the file is edited; the others stand as comments.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.arguments import checked_call
from omio.backends.thorlabs.account import pixel_sizes, time_increment
from omio.backends.thorlabs.experiment import Experiment
from omio.backends.thorlabs.folder import YAML, is_mask
from omio.backends.thorlabs.readings import Reading, dtype_of, readings_of
from omio.backends.thorlabs.sidecar import describe, xml_of, yaml_of
from omio.backends.thorlabs.yamlfile import GUESS, LENGTHS, REQUIRED, guessed, wrong
from omio.errors import (
    DestinationExistsError,
    FileMissingError,
    MetadataError,
    OmioError,
    OmioWarning,
    UnsupportedFormatError,
)
from omio.lazy.leaf import FileStamp
from omio.naming import natural, spelled
from omio.store.atomic import destination
from omio.units import length_factor, time_factor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

type PathLike = str | os.PathLike[str]

EDGES = (512, 1024, 256, 2048, 128, 4096, 64)
"""Heights and widths to try, the usual ones first."""
LIST = ".txt"
"""Ending of a file that lists RAW files."""
MOST = 12
"""Candidates that a template lists."""

_HEADER = """\
# How to read {name} ({size} bytes), for omio: it has no header.
# Frames follow each other in the order T, Z, C; T * Z * C * Y * X * bytes must be the size of the file.
# 8 bits take 1 byte, 9 to 16 bits take 2, 32 bits are floating point and take 4.
"""
_FOOTER = """\

# Remove the # of what is known. Lengths are in pixelunit (micron, nm, mm), times in TimeIncrementUnit (s, ms, min).
"""


@dataclass(frozen=True)
class _Known:
    """What is known of a RAW file before anybody looks at it."""

    path: str
    sizes: Mapping[str, int | None]
    bits: int
    facts: Mapping[str, Any]


@checked_call
def create_thorlabs_raw_yaml(
    fname: PathLike,
    *,
    T: int | None = None,
    Z: int | None = None,
    C: int | None = None,
    Y: int | None = None,
    X: int | None = None,
    bits: int | None = None,
    physicalsize_xyz: Sequence[float | None] | None = None,
    pixelunit: str = "micron",
    time_increment: float | None = None,
    time_increment_unit: str | None = None,
    overwrite: bool = False,
    verbose: bool = True,
) -> str:
    """Write a YAML file beside a RAW file, to be edited; return its path.

    Parameters
    ----------
    fname
        The RAW file; the YAML file has its name and the ending ``.yaml``.
    T, Z, C, Y, X, bits
        As far as known; the rest is filled in from the size of the file and the XML beside it, where it has one.
    physicalsize_xyz
        X, Y and Z per pixel, in `pixelunit`; None where unknown.
    pixelunit
        Unit of `physicalsize_xyz`.
    time_increment, time_increment_unit
        From one time point to the next; in seconds unless the unit says otherwise.
    overwrite
        Replace a YAML file that is there.
    verbose
        Warn where sizes are a guess.

    Raises
    ------
    FileMissingError, UnsupportedFormatError
        There is no such RAW file, or it holds no image.
    DestinationExistsError
        There is a YAML file, and `overwrite` is False.
    MetadataError
        A value that cannot be, or sizes that do not fit the size of the file.
    """
    path = spelled(fname)
    stamp = _checked(path)
    given = {"T": T, "Z": Z, "C": C, "Y": Y, "X": X}
    sizes = dict(zip(LENGTHS, physicalsize_xyz or (), strict=False))
    facts = {**sizes, "pixelunit": pixelunit, "TimeIncrement": time_increment, "TimeIncrementUnit": time_increment_unit}
    if problems := list(wrong({**given, "bits": bits, **facts})):
        raise MetadataError("; ".join(problems), path=path)
    known = _known(path, given, bits, {key: value for key, value in facts.items() if value is not None})
    found = candidates(stamp.size, known.sizes, known.bits)
    if not found and all(value is not None for value in given.values()):
        shape = ", ".join(f"{dim} {size}" for dim, size in given.items())
        raise MetadataError(f"{shape} of {known.bits} bits are no {stamp.size} bytes", path=stamp.path)
    return _write(stamp, known, found, overwrite=overwrite, verbose=verbose)


@checked_call
def batch_create_thorlabs_raw_yaml_templates(
    fname: PathLike | Sequence[PathLike],
    *,
    recursive: bool = True,
    overwrite: bool = False,
    verbose: bool = True,
    **known: Any,
) -> list[str]:
    """Write a template for each RAW file that has no usable sidecar; return the paths of the templates.

    Parameters
    ----------
    fname
        A folder, a RAW file, a text file that lists RAW files as a batch run leaves it for those that failed (one a
        line, relative to its folder; ``#`` begins a comment), or a list of these.
    recursive
        Also in folders within folders.
    overwrite
        Also replace YAML files that cannot be used.
    verbose
        Warn of sizes that are guesses, and of files that were passed over.
    **known
        Handed on to `create_thorlabs_raw_yaml`, the same for all files.
    """
    sources = [fname] if isinstance(fname, str | os.PathLike) else list(fname)
    files = dict.fromkeys(path for source in sources for path in _raw_files(spelled(source), recursive=recursive))
    written = []
    for path in files:
        if has_usable_sidecar(path):
            continue
        try:
            written.append(create_thorlabs_raw_yaml(path, overwrite=overwrite, verbose=verbose, **known))
        except OmioError as error:  # one file must not keep the others from getting theirs
            if verbose:
                warnings.warn(str(error), OmioWarning, stacklevel=2)
    return written


def has_usable_sidecar(path: str) -> bool:
    """Whether a RAW file can be opened by what lies beside it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OmioWarning)
            describe(FileStamp.of(path), None, strict=True)
    except OmioError:
        return False
    return True


def candidates(size: int, known: Mapping[str, int | None], bits: int) -> list[dict[str, int]]:
    """Return the shapes that take exactly `size` bytes and agree with what is known, the likeliest first."""
    itemsize = int((dtype_of(bits) or "2")[-1])
    edges = [(known["Y"] or known["X"] or edge, known["X"] or known["Y"] or edge) for edge in EDGES]
    if known["Y"] and known["X"]:
        edges = edges[:1]
    found = []
    for height, width in dict.fromkeys(edges):
        frames, rest = divmod(size, height * width * itemsize)
        if frames and not rest:
            found += [{**split, "Y": height, "X": width} for split in _splits(frames, known)]
    return found[:MOST]


def _splits(frames: int, known: Mapping[str, int | None]) -> Iterator[dict[str, int]]:
    """Yield T, Z and C that make so many frames: time is what is left open first."""
    for c in (known["C"],) if known["C"] else (1, 2, 3, 4):
        left, rest = divmod(frames, c)
        if rest or not left:
            continue
        t, z = known["T"], known["Z"]
        if t and z:
            if t * z == left:
                yield {"T": t, "Z": z, "C": c}
        elif t or z:
            other, rest = divmod(left, t or z or 1)
            if other and not rest:
                yield {"T": t or other, "Z": z or other, "C": c}
        else:
            yield {"T": left, "Z": 1, "C": c}


def _checked(path: str) -> FileStamp:
    if is_mask(Path(path).name) or not path.lower().endswith(".raw"):
        raise UnsupportedFormatError("is no RAW file of images", path=path)
    if Path(path).is_dir():
        raise UnsupportedFormatError("is a folder", path=path, remedy="Give the RAW file in it.")
    return FileStamp.of(path)


def _known(path: str, given: Mapping[str, int | None], bits: int | None, facts: Mapping[str, Any]) -> _Known:
    """Join what the caller knows with what the XML beside the file says: the frame and the channels, which hold."""
    reading, told = _from_xml(path)
    if reading is None:
        return _Known(path, given, bits or 16, facts)
    _, _, c, y, x = reading.sizes
    said = {"C": c, "Y": y, "X": x}
    joined = {dim: given[dim] or said.get(dim) for dim in given}
    factors = {"Time": time_factor(facts.get("TimeIncrementUnit", "s")), "Phys": length_factor(facts["pixelunit"])}
    converted = {key: value / (factors[key[:4]] or 1) for key, value in told.items()}
    return _Known(path, joined, bits or 8 * int(reading.dtype[-1]), {**converted, **facts})


def _from_xml(raw: str) -> tuple[Reading | None, dict[str, float]]:
    try:
        path = xml_of(raw)
        experiment = Experiment.read(path) if path else None
        reading = readings_of(experiment)[0] if experiment else None
    except OmioError:
        return None, {}
    if experiment is None or reading is None:
        return None, {}
    stack = replace(reading, sizes=(reading.sizes[0], max(2, reading.sizes[1]), *reading.sizes[2:]))
    sizes = pixel_sizes(experiment, stack)  # Z as well: whether there are planes, the user decides
    step = time_increment(experiment, reading)
    told = {f"PhysicalSize{dim}": size for dim, (size, _) in sizes.items()}
    return reading, told | ({"TimeIncrement": step[0]} if step else {})


def _write(stamp: FileStamp, known: _Known, found: list[dict[str, int]], *, overwrite: bool, verbose: bool) -> str:
    taken = yaml_of(known.path)
    target = taken or str(Path(known.path).with_suffix(YAML[0]))
    if taken and not overwrite:
        raise DestinationExistsError("exists", path=taken, remedy="Edit it, or use overwrite=True.")
    text = _text(stamp, known, found)
    with destination(target, overwrite="replace" if overwrite else "error") as pending:
        pending.file.write(text.encode())
    if verbose and GUESS in text:
        warnings.warn(f"{target}: its sizes are a guess; correct them", OmioWarning, stacklevel=3)
    return target


def _text(stamp: FileStamp, known: _Known, found: list[dict[str, int]]) -> str:
    """Return the template."""
    is_certain = all(known.sizes.values())
    shown = {**(found[0] if found else known.sizes), "bits": known.bits}
    lines = [_HEADER.format(name=stamp.name, size=stamp.size)]
    if found and not is_certain:
        lines.append(f"{GUESS}{guessed(shown)}\n# Correct the sizes and remove this and the line above.\n")
        lines += [f"#   or: {guessed({**other, 'bits': known.bits})}\n" for other in found[1:]]
    if not found:
        lines.append("# No usual shape has the size of the file: fill in what is empty.\n")
    lines.append("\n")
    lines += [f"{key}: {'' if shown[key] is None else shown[key]}".rstrip() + "\n" for key in REQUIRED]
    lines.append(_FOOTER)
    facts = {"pixelunit": "micron", **known.facts}
    optional = {"PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0, "PhysicalSizeZ": 1.0, "TimeIncrement": 1.0}
    for key, example in {"pixelunit": "", **optional, "TimeIncrementUnit": "s"}.items():
        lines.append(f"{key}: {facts[key]}\n" if key in facts else f"# {key}: {example}\n")
    return "".join(lines)


def _raw_files(source: str, *, recursive: bool) -> list[str]:
    """Return the RAW files of images that a path means, in natural order."""
    path = Path(source)
    if not path.is_dir():
        if not path.exists():
            raise FileMissingError("no such file or folder", path=source)
        return _listed(path) if path.suffix.lower() == LIST else [source]
    found = path.rglob("*") if recursive else path.iterdir()
    names = [file for file in found if file.name.lower().endswith(".raw") and not is_mask(file.name) and file.is_file()]
    return [str(file) for file in sorted(names, key=lambda file: natural(file.as_posix()))]


def _listed(path: Path) -> list[str]:
    """Return the RAW files that a text file lists."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [str(path.parent / line) for line in lines if line and not line.startswith("#")]
