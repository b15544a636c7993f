"""Files that make up one image, named by a pattern: ``t{T:03d}_z{Z}_{C}.tif``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from omio.dataset.opening import build, choose_scene, make_backend
from omio.errors import AxesError, FileMissingError, MergeError
from omio.lazy.leaf import FileStamp

if TYPE_CHECKING:
    from omio.backends.base import Backend, OpenOptions
    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.chunks import ChunkChoice

_FIELD = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_ORDER = ("T", "Z", "C")

type Place = tuple[int | str, ...]


@dataclass(frozen=True)
class Sequence:
    """Files by their place on the dims that the pattern names.

    Attributes
    ----------
    dims
        The dims of the pattern, T before Z before C.
    files
        Place -> file, in order: numbers by value, names by natural order.
    """

    dims: tuple[str, ...]
    files: dict[Place, Path]

    def labels(self, dim: str) -> list[int | str]:
        """Return the values of one dim, in order."""
        at = self.dims.index(dim)
        return list(dict.fromkeys(sorted((place[at] for place in self.files), key=natural)))


def natural(value: int | str) -> tuple[tuple[bool, int, str], ...]:
    """Return a sort key that puts t2 before t10."""
    pieces = re.split(r"(\d+)", str(value))
    return tuple((piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in pieces)


def find_files(pattern: str) -> Sequence:
    """List the files that a pattern names.

    Raises
    ------
    AxesError
        A field that is no dim, or a repeated one.
    FileMissingError
        No file matches.
    """
    folder, name = Path(pattern).parent, Path(pattern).name
    fields = _FIELD.findall(name)
    if not fields or len(set(fields)) != len(fields) or not set(fields) <= set(_ORDER):
        remedy = "Use each of {T}, {Z}, {C} at most once."
        raise AxesError(f"the pattern has fields {fields}", path=pattern, remedy=remedy)
    matcher = re.compile(_expression(name))
    dims = tuple(dim for dim in _ORDER if dim in fields)
    found: dict[Place, Path] = {}
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if match := matcher.fullmatch(path.name):
            place = tuple(match[dim] if dim == "C" else int(match[dim]) for dim in dims)
            if place in found:
                raise AxesError(f"{found[place].name} and {path.name} have the same place", path=pattern)
            found[place] = path
    if not found:
        raise FileMissingError("no file matches the pattern", path=pattern)
    return Sequence(dims, dict(sorted(found.items(), key=lambda item: tuple(map(natural, item[0])))))


def _expression(name: str) -> str:
    pieces, end = [], 0
    for match in _FIELD.finditer(name):
        dim = match[1]
        pieces += [re.escape(name[end : match.start()]), f"(?P<{dim}>{'.+?' if dim == 'C' else '[0-9]+'})"]
        end = match.end()
    return "".join(pieces) + re.escape(name[end:])


def open_sequence(
    pattern: str, options: OpenOptions, backend: str | None, chunks: ChunkChoice, max_bytes: int | None
) -> MicroscopyDataset:
    """Open the files of a pattern as one lazy dataset, merged by `StrictMerge`.

    The first file is opened; the others only where their first bytes do not prove that they are laid out alike.

    Raises
    ------
    MergeError
        Files that are missing on the grid, or do not fit.
    """
    sequence = find_files(pattern)
    _check_complete(sequence, pattern)
    paths = iter(sequence.files.items())
    place, path = next(paths)
    reader = make_backend(str(path), backend, options)
    first = build(reader, choose_scene(reader, None), 0, chunks, max_bytes)
    images = {place: first}
    images |= {place: _open_next(path, first, reader, backend, options, chunks, max_bytes) for place, path in paths}
    merged = _merge(images, sequence)
    step = {"source": Path(pattern).name, "files": [path.name for path in sequence.files.values()]}
    return merged._replace(
        _facts=merged.facts.with_static(provenance=()).with_step("open", **step, backend=reader.name),
        _associated={},
    )


def _check_complete(sequence: Sequence, pattern: str) -> None:
    from itertools import product

    wanted = product(*(sequence.labels(dim) for dim in sequence.dims))
    missing = [place for place in wanted if place not in sequence.files]
    if missing:
        shown = "; ".join(", ".join(f"{d}={v}" for d, v in zip(sequence.dims, p, strict=True)) for p in missing[:10])
        remedy = "Add them, or narrow the pattern."
        raise MergeError(f"{len(missing)} files are missing: {shown}", path=pattern, remedy=remedy)


def _open_next(
    path: Path,
    first: MicroscopyDataset,
    reader: Backend,
    backend: str | None,
    options: OpenOptions,
    chunks: ChunkChoice,
    max_bytes: int | None,
) -> MicroscopyDataset:
    alike = reader.sibling(reader.scenes()[0], FileStamp.of(path))
    if alike is not None:
        return first._replace(_recipe=alike, _coarser=())
    other = make_backend(str(path), backend, options)
    return build(other, choose_scene(other, None), 0, chunks, max_bytes)


def _merge(images: dict[Place, MicroscopyDataset], sequence: Sequence) -> MicroscopyDataset:
    """Merge the innermost dim first, so that each dim's parts are whole."""
    dims = list(sequence.dims)
    while dims:
        along = dims.pop()
        groups: dict[Place, list[MicroscopyDataset]] = {}
        for place, image in images.items():
            labelled = _name_channel(image, place[len(dims)]) if along == "C" else image
            groups.setdefault(place[: len(dims)], []).append(labelled)
        images = {place: parts[0].merge(*parts[1:], along=along) for place, parts in groups.items()}
    return images[()]


def _name_channel(image: MicroscopyDataset, label: int | str) -> MicroscopyDataset:
    if image.sizes["C"] != 1 or "name" in image.facts.channels:
        return image
    return image.with_metadata(channels=[str(label)])
