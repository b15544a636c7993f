"""Files that make up one image, named by a pattern: ``t{T:03d}_z{Z}_{C}.tif``."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

from omio.dataset.opening import build, choose_scene, make_backend
from omio.errors import AxesError, FileMissingError, MergeError, OmioWarning
from omio.lazy.blank import Blank
from omio.lazy.leaf import FileStamp
from omio.lazy.lifetime import Lifetime
from omio.naming import natural

if TYPE_CHECKING:
    from omio.backends.base import Backend, OpenOptions
    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.chunks import ChunkChoice

_FIELD = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_ORDER = ("T", "Z", "C")

type Place = tuple[int | str, ...]


@dataclass(frozen=True)
class FileGrid:
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


def find_files(pattern: str) -> FileGrid:
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
    return FileGrid(dims, dict(sorted(found.items(), key=_in_order)))


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

    The first file is opened; the others only where their first bytes do not prove that they say the same.

    Raises
    ------
    MergeError
        Files that are missing between others (filled with zeros and told where ``strict=False``), or do not fit.
    """
    sequence = find_files(pattern)
    missing = _missing(sequence, pattern, strict=options.strict)
    paths = iter(sequence.files.items())
    place, path = next(paths)
    reader = make_backend(str(path), backend, options)
    first = build(reader, choose_scene(reader, None), 0, chunks, max_bytes)
    images = {place: first}
    images |= {place: _open_next(path, first, reader, backend, options, chunks, max_bytes) for place, path in paths}
    images |= {place: first._replace(_recipe=Blank(first.shape, first.dtype), _coarser=()) for place in missing}
    merged = _merge(dict(sorted(images.items(), key=_in_order)), sequence)
    step = {"source": Path(pattern).name, "files": [path.name for path in sequence.files.values()]}
    filled = [list(place) for place in missing]
    merges = tuple(done for done in merged.facts.static.provenance if done["action"] == "merge")
    facts = merged.facts.with_static(provenance=()).with_step(
        "open", **step, backend=reader.name, filled=filled or None
    )
    return merged._replace(
        _facts=facts.with_static(provenance=(*facts.static.provenance, *merges)),
        _associated={},
        _lifetime=Lifetime(),
    )


def _in_order(item: tuple[Place, object]) -> tuple[object, ...]:
    return tuple(map(natural, item[0]))


def _missing(sequence: FileGrid, pattern: str, *, strict: bool) -> list[Place]:
    """Return the places of the grid that have no file."""
    wanted = product(*(_expected(sequence.labels(dim)) for dim in sequence.dims))
    missing = [place for place in wanted if place not in sequence.files]
    if not missing:
        return []
    shown = "; ".join(", ".join(f"{d}={v}" for d, v in zip(sequence.dims, p, strict=True)) for p in missing[:10])
    cause = f"{len(missing)} files are missing: {shown}{' …' if len(missing) > 10 else ''}"
    if strict:
        raise MergeError(cause, path=pattern, remedy="Add them, narrow the pattern, or fill them with strict=False.")
    warnings.warn(f"{pattern}: {cause}; they are filled with zeros", OmioWarning, stacklevel=2)
    return missing


def _expected(labels: list[int | str]) -> list[int | str]:
    """Return the labels with those that are left out of an even count, such as 2 in 0, 1, 3."""
    numbers = [label for label in labels if isinstance(label, int)]
    if len(numbers) < 2 or len(numbers) != len(labels):
        return labels
    step = min(after - before for before, after in pairwise(numbers))
    even = all((number - numbers[0]) % step == 0 for number in numbers)
    return list(range(numbers[0], numbers[-1] + 1, step if even else 1))


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


def _merge(images: dict[Place, MicroscopyDataset], sequence: FileGrid) -> MicroscopyDataset:
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
