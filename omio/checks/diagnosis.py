"""What is wrong with a file, and what can be saved of it."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from omio.backends.base import OpenOptions
from omio.checks.planes import look_through
from omio.checks.report import Findings
from omio.checks.validation import each
from omio.collection.scenes import Opening, Scenes
from omio.dataset.opening import folders
from omio.dataset.opening import open as open_image
from omio.errors import AxesError, DamagedFileError, DamagedFileWarning
from omio.lazy.handles import HANDLES
from omio.lazy.patched import Patched
from omio.policies.axes import LikeImageJ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from omio.checks.planes import Condition, Progress
    from omio.checks.report import Report
    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.opening import PathLike

FILLED_WITH = "0, or the fill value that the file itself states"

type Verdict = Literal["whole", "damaged", "unreadable"]


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a file.

    Attributes
    ----------
    report
        What is wrong with its structure, as `validate` says it.
    scenes
        Which planes of each scene are whole; None for a scene that cannot be opened. Without `pixels` they were opened,
        and not looked through.
    opened
        How many scenes can be opened.
    """

    report: Report
    scenes: Mapping[str, Condition | None] = field(default_factory=dict)
    opened: int = 0

    @property
    def path(self) -> str:
        """The file."""
        return self.report.path

    @property
    def verdict(self) -> Verdict:
        """Whether the file is whole, damaged, or nothing of it can be read."""
        looked = [condition for condition in self.scenes.values() if condition is not None]
        if not self.opened or (looked and all(condition.nothing for condition in looked)):
            return "unreadable"
        broken = any(condition.broken or condition.remarks for condition in looked)
        return "damaged" if broken or self.report.errors else "whole"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        scenes = {key: None if found is None else found.to_dict() for key, found in self.scenes.items()}
        return {**self.report.to_dict(), "verdict": self.verdict, "scenes": scenes}


def diagnose(
    path: PathLike,
    *,
    pixels: bool = True,
    allow_outside: PathLike | Sequence[PathLike] = (),
    progress: Callable[[str, float], None] | None = None,
) -> Iterator[Diagnosis]:
    """Say what is wrong with a file, or with each image of a folder, and which planes can be read.

    Parameters
    ----------
    path
        As for `validate`.
    pixels
        False: look at the structure alone, decode nothing.
    allow_outside
        Folders besides the file's own from which it may pull further files.
    progress
        Called with the path and the fraction of a scene that is done.
    """
    options = OpenOptions(strict=False, allow_outside=folders(allow_outside))
    for report in each(path, allow_outside=allow_outside):
        yield _diagnosed(report, options, pixels=pixels, progress=progress)


def _diagnosed(
    report: Report, options: OpenOptions, *, pixels: bool, progress: Callable[[str, float], None] | None
) -> Diagnosis:
    findings = Findings(report.path, dict.fromkeys(report.problems))
    found: dict[str, Condition | None] = {}
    opened = 0
    for key, image in _scenes(report, options, findings):
        opened += image is not None
        if image is None or not pixels:
            found |= {key: None} if image is None else {}
            continue
        with image, findings.watched(_place(key)):
            condition = look_through(image.recipe, progress and _within(progress, report.path))
            found[key] = condition
            for text in condition.remarks:
                findings.error(_place(key), text)
    return Diagnosis(replace(report, problems=tuple(findings.found)), found, opened)


def _within(progress: Callable[[str, float], None], path: str) -> Progress:
    return lambda fraction: progress(path, fraction)


def _place(key: str) -> str:
    return f"scene {key!r}"


def _scenes(report: Report, options: OpenOptions, findings: Findings) -> Iterator[tuple[str, MicroscopyDataset | None]]:
    """Open each scene leniently; None for one that cannot be."""
    if report.format is None:
        return
    HANDLES.clear()  # an open file warns once
    scenes: Scenes | None = None
    keys: tuple[str, ...] = ()
    with findings.watched():
        scenes = Scenes(report.path, Opening(options, report.format, "auto", None))
        keys = scenes.keys()
    for key in keys:
        image = None
        with findings.watched(_place(key)):
            image = _opened(scenes, key, options)
        yield key, image


def _opened(scenes: Scenes | None, key: str, options: OpenOptions) -> MicroscopyDataset | None:
    """Open a scene; pages whose axes the file does not name are looked at as a stack."""
    if scenes is None:
        return None
    try:
        return scenes.open(key)
    except AxesError:
        opening = Opening(replace(options, axes=LikeImageJ()), scenes.backend, "auto", None)
        return Scenes(scenes.path, opening).open(key)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """List what is warned of as damage; all warnings go on to whoever listens."""
    damage: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield damage
    for item in caught:
        damage += [str(item.message)] if issubclass(item.category, DamagedFileWarning) else []
        warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)


def salvage(path: PathLike, *, progress: Progress | None = None, **options: Any) -> tuple[MicroscopyDataset, Condition]:
    """Open what is whole of a damaged file: all pixels are read once to know what that is.

    Parameters
    ----------
    path
        What `omio.open` takes.
    progress
        Called with the fraction that is looked through.
    **options
        Of `omio.open`: ``scene``, ``axes`` and the like.

    Returns
    -------
    dataset
        Pixels that cannot be read are 0, or the fill value that the file itself states (Zarr, GDAL). The last step of
        its provenance lists the planes that are damaged and those that are missing. It has the full resolution alone:
        coarser levels that a damaged file stores need not agree with it.
    condition
        The same, with places and causes; its `remarks` are what the file says of itself and does not hold.

    Raises
    ------
    DamagedFileError
        Nothing of it can be read.
    """
    HANDLES.clear()  # an open file warns once
    with _overheard() as remarks:
        image = open_image(path, strict=False, **options)
    condition = look_through(image.recipe, progress)
    condition = replace(condition, remarks=(*remarks, *condition.remarks))
    if condition.nothing:
        first = condition.broken[0]
        raise DamagedFileError(f"not one plane can be read: {first.cause}", path=os.fspath(path), place=first.place)
    recipe = Patched(image.recipe, condition.unreadable) if condition.unreadable else image.recipe
    named = {state: [plane.name for plane in condition.of(state)] for state in ("damaged", "missing")}
    if condition.remarks:
        named["warnings"] = list(condition.remarks)
    facts = image.facts.with_step("salvage", planes=condition.planes, filled_with=FILLED_WITH, **named)
    return image._replace(_recipe=recipe, _facts=facts, _coarser=()), condition
