"""``validate``: each file is held to its own format, then opened and looked at as a user would."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omio import backends
from omio.backends.base import OpenOptions
from omio.checks.pixels import check_images
from omio.checks.report import Findings, Report
from omio.dataset.folders import is_plain_folder
from omio.dataset.opening import folders, single_path
from omio.errors import UnsupportedFormatError
from omio.lazy.handles import HANDLES
from omio.remote.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.backends.base import Backend
    from omio.checks.report import Problem
    from omio.dataset.opening import PathLike


def validate(path: PathLike, *, pixels: bool = False, allow_outside: PathLike | Sequence[PathLike] = ()) -> Report:
    """Say what is wrong with a file, or with the images of a folder.

    Parameters
    ----------
    path
        A file, an image that is a folder (such as an OME-Zarr), or a folder of images, at any depth.
    pixels
        Also read all pixels of all scenes and levels, block by block. Without, headers and documents are read, and
        it is looked whether the pixels that they describe lie in the file.
    allow_outside
        Folders besides the file's own from which it may pull further files.

    Returns
    -------
    Report
        ``report.ok`` where there is no error; the problems of a folder begin with the names of its files.
    """
    name = os.fspath(path)
    reports = list(each(name, pixels=pixels, allow_outside=allow_outside))
    if len(reports) == 1 and reports[0].path == name:
        return reports[0]
    return Report(name, None, tuple(_named(problem, report, name) for report in reports for problem in report.problems))


def _named(problem: Problem, report: Report, folder: str) -> Problem:
    inner = Path(report.path).relative_to(folder).as_posix()
    return replace(problem, place=": ".join(filter(None, (inner, problem.place))))


def each(
    path: PathLike, *, pixels: bool = False, allow_outside: PathLike | Sequence[PathLike] = ()
) -> Iterator[Report]:
    """Yield the report of a file, or of each image of a folder; parameters are those of `validate`."""
    name = os.fspath(path)
    options = OpenOptions(allow_outside=folders(allow_outside))
    whole = Findings(name)
    images: tuple[str, ...] = (name,)
    with whole.watched():
        if is_url(name):
            raise UnsupportedFormatError("remote files are not checked", path=name, remedy="Copy the file here.")
        if is_plain_folder(single_path(name)):
            images = _images(name)
    if whole.found or not images:
        if not images:
            whole.error("", "no image in the folder, nor in those below")
        yield Report(name, None, tuple(whole.found))
        return
    for image in images:
        yield _report(image, options, pixels=pixels)


def _images(folder: str) -> tuple[str, ...]:
    from omio.backends.discovery import image_files

    return image_files(folder, recursive=True)


def _report(path: str, options: OpenOptions, *, pixels: bool) -> Report:
    HANDLES.clear()  # what an open file was warned of once must be told here all the same
    findings, kind = Findings(path), None
    with findings.watched():
        kind = backends.choose(path)
    if kind is None:
        return Report(path, None, tuple(findings.found))
    if _check_format(kind, path, options, findings):
        check_images(path, options, findings, pixels=pixels)
    return Report(path, kind.name, tuple(findings.found))


def _check_format(kind: type[Backend], path: str, options: OpenOptions, findings: Findings) -> bool:
    """Hold a file to what its format asks, where omio knows more of it than how to open it.

    Returns
    -------
    bool
        Whether it should hold images: OME-XML may hold metadata alone.
    """
    from omio.backends.omexml import OmeXmlBackend
    from omio.backends.tiff.base import TiffBackend
    from omio.backends.zarr.hierarchy import ZarrBackend

    if issubclass(kind, TiffBackend):
        from omio.checks.tiff import check_tiff

        check_tiff(kind, path, options, findings)
    elif issubclass(kind, OmeXmlBackend):
        from omio.checks.omexml import check_file

        return check_file(path, findings)
    elif issubclass(kind, ZarrBackend):
        from omio.checks.zarr import check_zarr

        check_zarr(kind, path, options, findings)
    return True
