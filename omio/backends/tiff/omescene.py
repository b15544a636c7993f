"""One image of an OME-TIFF: which files, pages and layout its pixels have, found without reading its planes."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.members import Folder, Member, check_members, listed
from omio.backends.tiff.omeset import OmeSet, SetPlan, find_member
from omio.backends.tiff.where import Affine, Table
from omio.errors import DamagedFileError, OmioWarning
from omio.lazy.leaf import FileStamp, lease
from omio.ome.pixels import Pixels
from omio.ome.tiffdata import FirstElement, first_element, missing, references

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.layout import Layout
    from omio.backends.tiff.omesource import XmlSource
    from omio.backends.tiff.where import Pages, PlaneMap
    from omio.ome.document import OmeImage

SMALLEST_IFD = 18
"""Bytes of an IFD with one tag: no file has more pages than that allows."""
CHECKED_AT_ONCE = 4096
"""Planes up to which the map is checked when the image is opened; larger maps are checked at the first read."""


@dataclass(frozen=True)
class OmeScene:
    """An image as it is described and as it is stored.

    Attributes
    ----------
    image, pixels
        As the XML describes them.
    plan
        Files and order of its planes.
    stamp, page
        The file and IFD of the first plane that is to be had.
    layout
        Of that IFD.
    is_regular
        Whether its planes follow each other from `page` on.
    """

    image: OmeImage
    pixels: Pixels
    plan: SetPlan
    stamp: FileStamp
    page: int
    layout: Layout
    is_regular: bool

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of T, Z and C."""
        return dict(zip("TZC", self.plan.sizes, strict=True))

    @property
    def shape(self) -> tuple[int, ...]:
        """T Z C Y X [S], rows and columns as the TIFF says."""
        samples = (self.layout.samples,) if self.layout.samples > 1 else ()
        return (*self.plan.sizes, self.layout.height, self.layout.width, *samples)

    @property
    def is_set(self) -> bool:
        """Whether several files hold planes."""
        return len(self.plan.members) > 1

    @property
    def planes(self) -> PlaneMap:
        """Which page holds which plane, for an image in one file."""
        if self.is_regular:
            return Affine.ordered(self.plan.order, self.sizes, self.page)
        return Table(page_table, (self.plan,))

    def disagreements(self) -> list[str]:
        """Return in what XML and TIFF differ; the TIFF is right."""
        told = (self.pixels.sizes["Y"], self.pixels.sizes["X"])
        stored = (self.layout.height, self.layout.width)
        found = [f"says {told[1]} x {told[0]} pixels, the TIFF has {stored[1]} x {stored[0]}"] * (told != stored)
        if self.pixels.dtype is not None and self.pixels.dtype != self.layout.dtype:
            found.append(f"says pixels are {self.pixels.dtype}, the TIFF has {self.layout.dtype}")
        return found


def describe_scene(source: XmlSource, image: OmeImage, options: OpenOptions) -> OmeScene:
    """Find the files of an image and the layout of its first plane.

    Raises
    ------
    DamagedFileError, FileMissingError
        For sizes that cannot be, members that are not to be had (unless ``options.strict`` is False), and maps that
        do not give all planes.
    """
    pixels = Pixels.of(image)
    first = first_element(image)
    members = _members(source, image, first, options)
    home = next((number for number, member in enumerate(members) if member.stamp is not None), None)
    stamp = members[home].stamp if home is not None else None
    if stamp is None or options.strict:
        check_members(members, source.path)
    stamp = stamp or source.stamp
    page = max(first.ifd or 0, 0) if home == 0 else 0
    with lease(TiffDocument, stamp) as document:
        if page and page >= document.page_count:  # whose absence the check of the map tells
            page = 0
        layout = document.layout(page)
    bare = SetPlan(source, image.number, pixels.order, (1, 1, 1), layout.samples, members, options.strict)
    plan = _sized(bare, pixels, image, stamp)
    total = math.prod(plan.sizes)
    scene = OmeScene(image, pixels, plan, stamp, page, layout, is_regular=False)
    if scene.is_set or first.count > 1 or len(image.document.images) > 1:
        return scene
    covers = first.planes == total or (first.planes is None and (first.ifd is None or total == 1))
    regular = page == (first.ifd or 0) and covers and (total > CHECKED_AT_ONCE or _pages(stamp) >= page + total)
    return replace(scene, is_regular=regular)


def _pages(stamp: FileStamp) -> int:
    with lease(TiffDocument, stamp) as document:
        return document.page_count


def _members(source: XmlSource, image: OmeImage, first: FirstElement, options: OpenOptions) -> tuple[Member, ...]:
    document = image.document
    if not first.count and len(document.images) > 1:
        raise DamagedFileError(
            "no TiffData says which pages belong to which image", path=source.path, place=f"OME-XML {image.place}"
        )
    named = (first.reference,) if first.is_alone else references(image)
    folder = Folder.of(source.path, options.allow_outside)
    return tuple(find_member(reference, source, document.uuid, folder) for reference in named)


def _sized(plan: SetPlan, pixels: Pixels, image: OmeImage, stamp: FileStamp) -> SetPlan:
    """Settle whether SizeC counts the samples of a pixel.

    It should; a file that has pages enough for every one of them does not do so.
    """
    joined, apart = (pixels.shape(plan.samples, joined=joined) for joined in (True, False))
    plan = replace(plan, sizes=(joined[0], joined[1], joined[2]))
    _check_total(plan, image)
    if joined == apart or pixels.said_samples == plan.samples:
        return plan
    wider = replace(plan, sizes=(apart[0], apart[1], apart[2]))
    _check_total(wider, image)
    pages = wider.map().page
    return wider if (pages >= 0).all() and pages.max() < _pages(stamp) else plan


def _check_total(plan: SetPlan, image: OmeImage) -> None:
    total = math.prod(plan.sizes)
    most = sum(member.stamp.size for member in plan.members if member.stamp is not None) // SMALLEST_IFD
    if total > max(most, CHECKED_AT_ONCE):
        raise DamagedFileError(
            f"{total} planes are described, which is more than files of this size can hold",
            path=plan.source.path,
            place=f"OME-XML {image.place}",
        )


def page_table(document: TiffDocument, plan: SetPlan) -> Pages:
    """Return the pages of the planes of an image in one file, (T, Z, C); -1 where it has no such page."""
    found = plan.map()
    pages: NDArray[np.intp] = np.where(found.page < document.page_count, found.page, -1).astype(np.intp)
    if plan.strict and (pages < 0).any():
        raise missing_planes(pages, plan.source.path)
    return pages


def check_map(scene: OmeScene, *, strict: bool) -> list[str]:
    """Check that the map gives every plane; return what is to be told of it.

    Large maps of one file are left to the first read.

    Raises
    ------
    DamagedFileError
        Naming planes that no page holds, when strict.
    """
    plan = scene.plan
    if scene.is_set:
        with lease(OmeSet, plan.source.stamp, plan) as reader:
            pages, problems = reader.planes.page, list(reader.planes.problems)
        lacking = [member for member in plan.members if member.stamp is None]
        problems += [f"gives files that cannot be read, filled with 0: {listed(lacking)}"] * bool(lacking)
    elif scene.is_regular or math.prod(plan.sizes) > CHECKED_AT_ONCE:
        return []
    else:
        found = plan.map()
        pages, problems = np.where(found.page < _pages(scene.stamp), found.page, -1), list(found.problems)
    if (pages < 0).any():
        error = missing_planes(pages, plan.source.path)
        if strict:
            raise error
        problems.append(f"{error.cause}; they are filled with 0")
    return problems


def missing_planes(pages: NDArray[np.integer], path: str) -> DamagedFileError:
    """Return the error that names planes which no page holds."""
    count = int((pages < 0).sum())
    names = ", ".join(missing(pages)) + (", …" if count > 10 else "")
    cause = f"{count} of {pages.size} planes lie in no page of the file: {names}"
    remedy = "Where other files hold them, open the first file or the folder; strict=False fills them with 0."
    return DamagedFileError(cause, path=path, place="OME-XML TiffData", remedy=remedy)


def warn(path: str, problems: list[str] | tuple[str, ...]) -> None:
    """Tell all problems of a document in one warning."""
    if problems:
        warnings.warn(f"{path}: the OME-XML {'; '.join(dict.fromkeys(problems))}", OmioWarning, stacklevel=3)
