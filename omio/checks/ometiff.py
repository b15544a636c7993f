"""Whether the OME-XML of a TIFF is true: sizes, the map of planes, and the UUIDs of a set.

Rules: the OME-TIFF specification (OME data model documentation, 6.x) and the schema 2016-06, element ``TiffData``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from omio.backends.tiff.document import TiffDocument
from omio.backends.tiff.omescene import describe_scene, missing_planes
from omio.backends.tiff.omeset import same_uuid
from omio.backends.tiff.omesource import XmlSource, uuid_of
from omio.backends.tiff.ometiff import OmeTiffBackend
from omio.checks.omexml import PLACE, check_xml
from omio.indexing import distinct
from omio.lazy.leaf import FileStamp, lease
from omio.ome.document import document_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.members import Member
    from omio.backends.tiff.omescene import OmeScene
    from omio.checks.report import Findings
    from omio.ome.document import OmeImage

type Used = dict[FileStamp, set[int]]
"""Pages that planes lie in, file by file."""


def check_set(path: str, options: OpenOptions, findings: Findings) -> tuple[str, ...]:
    """Check the document of a file and of the metadata file that it refers to; return the files of its images."""
    source = None
    with findings.watched():
        own = XmlSource(FileStamp.of(path))
        check_xml(own.read(), findings)
        source = OmeTiffBackend(path, replace(options, strict=False)).source
        if source != own:
            check_xml(source.read(), findings, f"{source.stamp.name}: {PLACE}")
    if source is None:
        return ()
    used: Used = {}
    with findings.watched():
        for image in document_of(source).images:
            with findings.watched(f"{PLACE} {image.place}"):
                _check_image(source, image, options, used, findings)
        _check_unused(used, findings)
    return tuple(stamp.path for stamp in used)


def _check_image(source: XmlSource, image: OmeImage, options: OpenOptions, used: Used, findings: Findings) -> None:
    place = f"{PLACE} {image.place}"
    scene = describe_scene(source, image, replace(options, strict=False))
    for text in scene.disagreements():
        findings.error(place, text)
    for member in scene.plan.members:
        _check_member(member, place, findings)
    planes = scene.plan.map()
    for text in planes.problems:
        findings.error(f"{PLACE} TiffData", text)
    if (planes.page < 0).any():
        findings.error(f"{PLACE} TiffData", missing_planes(planes.page, source.path).cause)
    for number in distinct(planes.file.ravel()).tolist():
        stamp = scene.plan.members[number].stamp
        if stamp is not None:
            pages = planes.page[(planes.file == number) & (planes.page >= 0)]
            used.setdefault(stamp, set()).update(pages.tolist())
            _check_pages(scene, stamp, distinct(pages), findings)


def _check_member(member: Member, place: str, findings: Findings) -> None:
    """Hold a file of the set to the name and the UUID that the document gives it."""
    if member.stamp is None:
        findings.error(place, f"its file {member.name} {member.trouble}")
        return
    if Path(member.name.replace("\\", "/")).name not in (member.stamp.name, member.uuid):
        findings.warning(place, f"it names a file {member.name}, which was found by its UUID as {member.stamp.name}")
    if member.uuid is None:
        return
    with lease(TiffDocument, member.stamp) as document:
        found = document.memo(uuid_of)
    if found is None:
        findings.warning(place, f"its file {member.name} has no UUID, and is known as {member.uuid}")
    elif not same_uuid(found, member.uuid):
        findings.error(place, f"its file {member.name} has the UUID {found}, and is known as {member.uuid}")


def _check_pages(scene: OmeScene, stamp: FileStamp, pages: NDArray[np.int64], findings: Findings) -> None:
    """Hold each page that planes lie in to the size and type of the first, and to being there."""
    with lease(TiffDocument, stamp) as document:
        beyond = pages[pages >= document.page_count]
        if len(beyond):
            text = f"gives IFD {beyond[0]} of {stamp.name}, which has {document.page_count}"
            findings.error(f"{PLACE} TiffData", text)
        there = pages[pages < document.page_count]
        kinds = document.ifds().kinds[there]
        for kind in distinct(kinds).tolist():
            page = int(there[kinds == kind][0])
            layout = document.layout(page)
            if (layout.frame, layout.dtype) != (scene.layout.frame, scene.layout.dtype):
                found, first = (_shown(one.frame, one.dtype) for one in (layout, scene.layout))
                findings.error(f"{stamp.name}: page {page}", f"has {found}, the first plane of its image {first}")


def _shown(frame: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str:
    height, width, samples = frame
    return f"{height} x {width} pixels of {f'{samples} x ' if samples > 1 else ''}{dtype}"


def _check_unused(used: Used, findings: Findings) -> None:
    for stamp, pages in used.items():
        with lease(TiffDocument, stamp) as document:
            count = document.page_count
        unused = sorted(set(range(count)) - pages)
        if unused:
            text = f"{len(unused)} of {count} pages hold no plane of any image, the first is page {unused[0]}"
            findings.warning(stamp.name, text)
