"""Electron microscopes: TIFF files with the private tags of FEI, Zeiss, TVIPS and Olympus.

Formats, by way of tifffile's reading of the tags: FEI SFEG (34680) and Helios (34682), sections of ``key=value`` lines,
lengths in metres; Zeiss CZ_SEM (34118), lines that name a quantity with its unit; TVIPS (37706), lengths in
nanometres; Olympus SIS (33560), lengths in metres. The pages are those of a plain TIFF.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from omio.backends.base import Confidence
from omio.backends.tiff.plain import PlainTiffBackend
from omio.metadata.axes import Regular
from omio.units import number, positive, to_um

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omio.backends.tiff.series import Series
    from omio.metadata.facts import Facts

FEI_SFEG, FEI_HELIOS, CZ_SEM, TVIPS, SIS = 34680, 34682, 34118, 37706, 33560
DATES = ("%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
"""FEI writes American dates with AM or PM, or German ones; Zeiss names the month."""

type Found = tuple[float | None, float | None, str | None]
"""µm per pixel of Y and X, and the date."""


class SemBackend(PlainTiffBackend):
    """Reads TIFF files of electron microscopes: the pages as a plain TIFF, sizes and date from the maker's tags."""

    name = "sem"
    extensions = (".tif", ".tiff")
    dialects = ("sem",)
    confidence = Confidence.CONTENT

    def _facts(self, series: Series, shape: tuple[int, ...]) -> Facts:
        facts = super()._facts(series, shape)
        with self.document() as document:
            page = document.page(series.first)
            tags = [(maker, page.tags.valueof(code), read) for maker, code, read in READERS]
            named = [(maker, read(value)) for maker, value, read in tags if isinstance(value, dict)]
        for maker, (y, x, date) in named:
            sizes: dict[str, float] = {dim: size for dim, size in (("Y", y), ("X", x)) if size is not None}
            axes = {dim: Regular(0.0, size, facts.sizes[dim]) for dim, size in sizes.items()}
            sources = {f"pixel_size.{dim}": f"file: {maker} tag" for dim in sizes}
            facts = replace(facts, axes={**facts.axes, **axes}).with_sources(sources)
            if date is not None:
                facts = facts.with_static(acquired=date).with_sources({"acquired": f"file: {maker} tag"})
        return facts


def read_fei(tag: Mapping[str, Any]) -> Found:
    """Read the sections of an FEI tag: PixelWidth and PixelHeight of [Scan] or the beam's own section, in metres."""
    sections = [section for section in tag.values() if isinstance(section, dict)]
    preferred = [tag[name] for name in ("Scan", "EScan", "IScan") if isinstance(tag.get(name), dict)]
    sizes: Mapping[str, Any] = next((part for part in [*preferred, *sections] if _metres(part.get("PixelWidth"))), {})
    user = tag.get("User")
    date = f"{user.get('Date', '')} {user.get('Time', '')}" if isinstance(user, dict) else ""
    return _metres(sizes.get("PixelHeight")), _metres(sizes.get("PixelWidth")), _date(date)


def read_zeiss(tag: Mapping[str, Any]) -> Found:
    """Read a Zeiss tag: ``AP_IMAGE_PIXEL_SIZE`` (or ``AP_PIXEL_SIZE``) with its unit, ``AP_DATE`` and ``AP_TIME``."""
    size = None
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        entry = tag.get(key)
        if size is None and isinstance(entry, tuple) and len(entry) == 3 and (found := number(entry[1])) is not None:
            size = positive(to_um(found, str(entry[2])))
    texts = [_text(tag.get(key)) for key in ("ap_date", "ap_time")]
    return size, size, _date(" ".join(texts))


def _text(entry: Any) -> str:
    return str(entry[1]) if isinstance(entry, tuple) and len(entry) > 1 else ""


def read_tvips(tag: Mapping[str, Any]) -> Found:
    """Read a TVIPS tag: PhysicalPixelSize is the camera's, PixelSize the specimen's, in nanometres."""
    return _nanometres(tag.get("PixelSizeY")), _nanometres(tag.get("PixelSizeX")), None


def read_sis(tag: Mapping[str, Any]) -> Found:
    """Read an Olympus SIS tag: sizes in metres, and a date."""
    date = tag.get("datetime")
    text = date.isoformat() if isinstance(date, datetime) else None
    return _metres(tag.get("pixelsizey")), _metres(tag.get("pixelsizex")), text


READERS: tuple[tuple[str, int, Callable[[Mapping[str, Any]], Found]], ...] = (
    ("FEI SFEG", FEI_SFEG, read_fei),
    ("FEI Helios", FEI_HELIOS, read_fei),
    ("Zeiss SEM", CZ_SEM, read_zeiss),
    ("TVIPS", TVIPS, read_tvips),
    ("Olympus SIS", SIS, read_sis),
)


def _metres(value: Any) -> float | None:
    return positive((number(value) or 0.0) * 1e6)


def _nanometres(value: Any) -> float | None:
    return positive((number(value) or 0.0) / 1e3)


def _date(text: str) -> str | None:
    for form in DATES:
        try:
            return datetime.strptime(text.strip(), form).isoformat()
        except ValueError:
            continue
    return None
