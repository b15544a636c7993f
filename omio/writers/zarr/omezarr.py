"""OME-Zarr: all levels in one pass, whole or absent, in a folder, a zip file or a store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Literal

from omio.errors import OmioError, PolicyError
from omio.lazy.cluster import cluster_for
from omio.policies.write import OmeZarrPolicy
from omio.writers.base import Writer
from omio.writers.report import WriteReport
from omio.writers.zarr.encode import codec_named
from omio.writers.zarr.journal import header_of
from omio.writers.zarr.parts import describe, format_of, image_parts, plan_of
from omio.writers.zarr.places import opened
from omio.writers.zarr.stream import Cutter, write_levels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.image import Image
    from omio.writers.zarr.parts import Part
    from omio.writers.zarr.places import Opening


class OmeZarrWriter(Writer[OmeZarrPolicy]):
    """Writes OME-Zarr 0.5 or 0.4; see `OmeZarrPolicy`.

    Arrays have the axes t, c, z, y, x. What OME-Zarr has no place for lies in ``OME/METADATA.ome.xml`` within the
    group of the image, as in the bioformats2raw layout; a name that ends in ``.ozx`` or ``.zip`` makes a zip file, and
    a URL is written to directly.
    """

    name: ClassVar[str] = "omezarr"
    policies: ClassVar[type[OmeZarrPolicy]] = OmeZarrPolicy
    extensions: ClassVar[tuple[str, ...]] = (".ome.zarr", ".zarr", ".ozx", ".zarr.zip")

    def is_incompatible(self, image: Image, policy: OmeZarrPolicy) -> Literal[False] | str:
        """Return False, or why the image cannot be written so."""
        try:
            codec_named(policy.compression, policy.compression_level)
            plan_of(image, policy)
        except OmioError as error:
            return str(error)
        return False

    def lost(self, image: Image, policy: OmeZarrPolicy) -> tuple[str, ...]:
        """Return what reading it back would lack."""
        return describe(image, policy, "", plan_of(image, policy))[1]

    def write(
        self, image: Image, path: str, policy: OmeZarrPolicy, *, labels: Mapping[str, Image] | None = None
    ) -> WriteReport:
        """Write and report; see `Writer.write`.

        Parameters
        ----------
        labels
            Name -> label image, written below the image.
        """
        parts, groups = image_parts(image, policy, path, labels=labels)
        return self.write_parts(parts, groups, path, policy)

    def write_parts(
        self, parts: Sequence[Part], groups: Mapping[str, bytes], path: str, policy: OmeZarrPolicy
    ) -> WriteReport:
        """Write a hierarchy of images.

        Parameters
        ----------
        groups
            Key -> content of the documents that belong to no image.
        """
        started = time.perf_counter()
        if path.lower().endswith(".ozx") and policy.version == "0.4":
            raise PolicyError(
                "an .ozx file holds OME-Zarr 0.5", path=path, remedy='Name it .zarr.zip for version="0.4".'
            )
        codec, level = codec_named(policy.compression, policy.compression_level)
        version = format_of(policy)
        header = header_of(parts, [codec.name, level, version]) if policy.resume else None
        clusters = [cluster_for(part.source) for part in parts]
        with opened(
            path,
            tuple(dict.fromkeys(stamp for part in parts for stamp in part.stamps)),
            policy.overwrite,
            options=policy.storage_options,
            comment=policy.version if version == 3 else None,
            resume=header,
            size=sum(part.plan.nbytes for part in parts) if codec.name == "none" else None,
            many=any(clusters),
        ) as opening:
            _put_documents(parts, groups, opening)
            for part, cluster in zip(parts, clusters, strict=True):
                cutter = Cutter(opening.target, codec, level, version, place=part.place)
                write_levels(part.source, part.plan, cutter, part.how, cluster=cluster, journal=opening.journal)
        details = {"version": policy.version, "levels": len(parts[0].plan.arrays), "compression": codec.name}
        seconds = time.perf_counter() - started
        return WriteReport(opening.path, opening.nbytes, _lost(parts), seconds, None, details)


def _put_documents(parts: Sequence[Part], groups: Mapping[str, bytes], opening: Opening) -> None:
    """Put all documents: that of the root first, then those of one depth after those of another, OME-XML last."""
    documents = {**groups, **{key: content for part in parts for key, content in part.documents.items()}}
    for key in sorted(documents, key=lambda key: (key.endswith(".xml"), key.count("/"), key)):
        opening.target.put(key, documents[key])


def _lost(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return what is lost of all images, those below the root with their places."""
    return tuple(f"{part.place}: {fact}" if part.place else fact for part in parts for fact in part.lost)
