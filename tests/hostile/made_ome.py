"""Hostile OME-TIFF files: sizes, plane maps, physical sizes, XML, members of sets."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import tifffile

from tests.hostile.cases import STACK, add, case, secret

if TYPE_CHECKING:
    from pathlib import Path

TOLD, READ = ("error", "warned"), ("error", "warned", "oracle")
UUID = "urn:uuid:11111111-2222-3333-4444-555555555555"
OTHER = "urn:uuid:99999999-2222-3333-4444-555555555555"
SIZES = {
    "SizeX": "32",
    "SizeY": "32",
    "SizeZ": "3",
    "SizeC": "1",
    "SizeT": "1",
    "Type": "uint16",
    "DimensionOrder": "XYZCT",
    "ID": "Pixels:0",
}


def document(inside: str = "<TiffData/>", /, *, doctype: str = "", **attributes: str | None) -> str:
    said = " ".join(f'{name}="{value}"' for name, value in {**SIZES, **attributes}.items() if value is not None)
    return (
        f'{doctype}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{UUID}"><Image ID="Image:0">'
        f'<Pixels {said}><Channel ID="Channel:0"/>{inside}</Pixels></Image></OME>'
    )


def without(attribute: str) -> str:
    return document().replace(f' {attribute}="{SIZES[attribute]}"', "")


def ome(folder: Path, text: str | bytes, name: str = "a.ome.tif") -> Path:
    content = text.encode() if isinstance(text, str) else text
    path = folder / name
    with tifffile.TiffWriter(path) as tiff:
        for number, pixels in enumerate(STACK):
            description = content if number == 0 else None
            tiff.write(pixels, contiguous=False, description=description, metadata=None, photometric="minisblack")
    return path


def said(text: str | bytes, folder: Path) -> Path:
    return ome(folder, text)


for attribute in ("SizeX", "SizeZ", "SizeC"):
    for value in ("0", "-3", "2147483647", "99999999999999999999", "3.5"):
        add(f"ome_{attribute}_{value}", partial(said, document(**{attribute: value})), *READ, pixels=STACK)
    add(f"ome_without_{attribute}", partial(said, without(attribute)), *READ, pixels=STACK)

for order in ("XYZ", "XYZZZ", None):
    add(f"ome_order_{order}", partial(said, document(DimensionOrder=order)), *READ, pixels=STACK)

for number, inside in enumerate(
    (
        '<TiffData PlaneCount="2000000000"/>',
        '<TiffData PlaneCount="-1"/>',
        '<TiffData IFD="-1"/>',
        '<TiffData IFD="-1" PlaneCount="3"/>',
        '<TiffData IFD="2147483647"/>',
        '<TiffData IFD="99999999999999999999"/>',
        '<TiffData IFD="1" PlaneCount="3"/>',
        '<TiffData FirstZ="-1"/>',
        '<TiffData FirstZ="2147483647"/>',
        '<TiffData FirstC="7"/>',
        '<TiffData IFD="0"/><TiffData IFD="0"/>',
        '<TiffData IFD="x"/>',
        "<TiffData/>" * 20_000,
    )
):
    add(f"ome_map_{number}", partial(said, document(inside)), *READ, pixels=STACK)

for axis in "XYZ":
    for size in ("INF", "NaN", "1e308", "1e-320", "0", "-0.5") if axis == "X" else ("INF", "-0.5"):
        told = document(**{f"PhysicalSize{axis}": size})
        add(f"ome_size_{axis}_{size}", partial(said, told), *READ, pixels=STACK)
    told = document(**{f"PhysicalSize{axis}": "0.5", f"PhysicalSize{axis}Unit": "parsec_of_hell"})
    add(f"ome_unit_of_{axis}", partial(said, told), *READ, pixels=STACK)
told = document(PhysicalSizeX="0.5", PhysicalSizeXUnit="mm", PhysicalSizeY="500", PhysicalSizeYUnit="nm")
add("ome_units_that_differ", partial(said, told), "oracle", pixels=STACK, spacing=500.0)
for interval in ("-1", "NaN", "INF", "0"):
    add(f"ome_interval_{interval}", partial(said, document(TimeIncrement=interval)), *READ, pixels=STACK)

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LOL = f'<!DOCTYPE o [<!ENTITY l0 "lol">{LAUGHS}]>'
TEXTS: dict[str, str | bytes] = {
    "laughs": document(doctype=LOL).replace('ID="Image:0"', 'ID="Image:0" Name="&l9;"'),
    "file": document(doctype='<!DOCTYPE o [<!ENTITY e SYSTEM "file:///etc/passwd">]>').replace(
        "<Pixels", "<Description>&e;</Description><Pixels"
    ),
    "utf16": b"\xff\xfe" + document(doctype='<?xml version="1.0" encoding="UTF-16"?>').encode("utf-16-le"),
    "no_utf8": document().encode().replace(b'ID="Image:0"', b'ID="Image:0" Name="\xc3\x28\xff"'),
    "nul": document().replace('ID="Image:0"', 'ID="Image:0" Name="a\0b"').encode(),
    "nested": document("<a>" * 100_000 + "</a>" * 100_000),
    "many_attributes": document().replace("<Image ", "<Image " + "".join(f'a{n}="" ' for n in range(50_000))),
    "cut": document()[:-30],
    "no_pixels": '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"/></OME>',
    "nothing": "<OME/>",
    "unknown_type": document(Type="quaternion"),
}
for name, text in TEXTS.items():
    add(f"ome_xml_{name}", partial(said, text), *READ, pixels=STACK)


def member(name: str, folder: Path, uuid: str = OTHER) -> Path:
    """Return a file whose only TiffData names another."""
    inside = f'<TiffData PlaneCount="3"><UUID FileName="{name}">{uuid}</UUID></TiffData>'
    return ome(folder, document(inside))


@case(*TOLD)
def omf_climbs(folder: Path) -> Path:
    path = secret(folder)
    return member(f"../{path.parent.name}/{path.name}", folder)


@case(*TOLD)
def omf_absolute(folder: Path) -> Path:
    return member(str(secret(folder)), folder)


@case(*TOLD)
def omf_url(folder: Path) -> Path:
    return member(secret(folder).as_uri(), folder)


@case(*TOLD)
def omf_link(folder: Path) -> Path:
    (folder / "b.ome.tif").symlink_to(secret(folder))
    return member("b.ome.tif", folder)


@case(*TOLD)
def omf_device(folder: Path) -> Path:
    return member("/dev/zero", folder)


@case(*TOLD)
def omf_link_to_a_device(folder: Path) -> Path:
    (folder / "b.ome.tif").symlink_to("/dev/zero")
    return member("b.ome.tif", folder)


@case(*TOLD)
def omf_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "b.ome.tif")
    return member("b.ome.tif", folder)


@case(*TOLD)
def omf_folder(folder: Path) -> Path:
    (folder / "b.ome.tif").mkdir()
    return member("b.ome.tif", folder)


@case(*TOLD)
def omf_other_uuid(folder: Path) -> Path:
    ome(folder, document().replace(UUID, "urn:uuid:00000000-2222-3333-4444-555555555555"), "b.ome.tif")
    return member("b.ome.tif", folder)


@case(*TOLD)
def omf_missing(folder: Path) -> Path:
    return member("b.ome.tif", folder)


@case(*TOLD)
def omf_name_of_a_megabyte(folder: Path) -> Path:
    return member("b" * (1 << 20), folder)


@case(*TOLD)
def omf_companion_in_a_ring(folder: Path) -> Path:
    text = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><BinaryOnly MetadataFile="{}" UUID="{}"/></OME>'
    )
    (folder / "b.companion.ome").write_text(text.format("a.ome.tif", UUID))
    return ome(folder, text.format("b.companion.ome", UUID))
