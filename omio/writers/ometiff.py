"""OME-TIFF: planes in the order T, Z, C, tiles or strips, SubIFD pyramids, OME-XML with all that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omio.ome.write import ome_xml, pixel_type
from omio.writers import codecs, registry
from omio.writers.source import source_of, stamps_of, target_dtype
from omio.writers.tiffplan import TiffPlan, plan_tiff
from omio.writers.tiffstream import resolution, write_tiff
from omio.writers.tiffwriter import TiffWriter

if TYPE_CHECKING:
    from omio.image import Image
    from omio.ome.write import OmeXml
    from omio.policies.write import WritePolicy
    from omio.writers.report import WriteReport

CASTS = {"int64": "int32", "uint64": "uint32", "float16": "float32", "longdouble": "float64"}
"""What OME does not know -> the nearest that it knows."""


class OmeTiffWriter(TiffWriter):
    """Writes OME-TIFF of schema 2016-06.

    RGB is stored as interleaved samples; samples beyond three are unspecified extra samples. Pixels of bool become
    1-bit pages (OME ``bit``).
    """

    name: ClassVar[str] = "ometiff"
    extensions: ClassVar[tuple[str, ...]] = (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf8")

    def lost(self, image: Image, policy: WritePolicy) -> tuple[str, ...]:
        """Return what reading the file back would lack."""
        return (*self._plan(image, policy).lost, *self._document(image, policy, "").lost)

    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        """Stream the pixels into an OME-TIFF; see `Writer.write`."""
        if policy.flavor == "imagej":
            return registry.load("imagej")().write(image, path, policy)
        plan = self._plan(image, policy)
        document = self._document(image, policy, path)
        tags = {"metadata": None, "software": "omio", "resolutionunit": "CENTIMETER", **resolution(image.facts, 1e4)}
        return write_tiff(
            source_of(image, policy),
            plan,
            path,
            policy,
            stamps=stamps_of(image),
            tags=tags,
            text=document.encode(),
            container={"ome": False},
            lost=document.lost,
        )

    def is_big(self, image: Image, policy: WritePolicy) -> bool:
        """Whether the file will be a BigTIFF, up to the length of its name; no pixel is read."""
        return self._plan(image, policy).is_big(self._document(image, policy, "").encode())

    def _plan(self, image: Image, policy: WritePolicy) -> TiffPlan:
        dtype = target_dtype(image, policy)
        if pixel_type(dtype) is None:
            raise codecs.unknown(dtype, CASTS)
        return plan_tiff(image, policy, dtype)

    def _document(self, image: Image, policy: WritePolicy, path: str) -> OmeXml:
        facts = image.facts.with_step("write", format="OME-TIFF", file=_name(path), policy=policy.describe())
        return ome_xml(facts, target_dtype(image, policy))


def _name(path: str) -> str:
    """Return a file's name without its folders, which are nobody else's business."""
    return path.replace("\\", "/").rpartition("/")[2]
