"""Hostile CZI and Zarr, and paths that are no image."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import tifffile
import zarr
from zarr.codecs import ZstdCodec

from tests.hostile.cases import PAGE, SECRET, STACK, add, case, patched
from tests.support.czi import Attached, Tile, czi_bytes, document

if TYPE_CHECKING:
    from pathlib import Path

TOLD, READ = ("error", "warned"), ("error", "warned", "oracle")
TILES = [Tile(pixels, {"Z": z}, compression="zstd") for z, pixels in enumerate(STACK)]
GOOD = czi_bytes(TILES, document())
DIRECTORY = GOOD.index(b"ZISRAWDIRECTORY")
ENTRY, BLOCK, METADATA = DIRECTORY + 160, GOOD.index(b"ZISRAWSUBBLOCK"), GOOD.index(b"ZISRAWMETADATA")


def written(name: str, data: bytes, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def scaled(value: str) -> str:
    return document(scaling=f'<Distance Id="X"><Value>{value}</Value></Distance>')


for name, data in {
    "dimension_count": patched(GOOD, ENTRY + 28, "<i", 1 << 30),
    "data_size": patched(GOOD, BLOCK + 40, "<q", 1 << 40),
    "negative_width": patched(GOOD, ENTRY + 40, "<i", -64),
    "block_at_metadata": patched(GOOD, ENTRY + 6, "<q", METADATA),
    "block_at_itself": patched(GOOD, ENTRY + 6, "<q", DIRECTORY),
    "directory_at_header": patched(GOOD, 32 + 52, "<q", 32),
    "far_plane": patched(GOOD, ENTRY + 76, "<i", 1 << 30),
    **{f"cut_at_{at}": GOOD[:at] for at in (10, 32, 100, 544, BLOCK + 40, METADATA + 8, DIRECTORY, ENTRY + 9)},
}.items():
    add(f"czi_{name}", partial(written, "a.czi", data), *TOLD)

for value in ("INF", "NaN", "-1e-6", "0", "1e308", "wide"):
    add(f"czi_scale_{value}", partial(written, "a.czi", czi_bytes(TILES, scaled(value))), *READ, pixels=STACK)
for name, attached in {
    "climbs": Attached("../../escaped", "TXT", b"x"),
    "is_absolute": Attached("/tmp/escaped", "TXT", b"x"),  # noqa: S108 - a name in a file
    "is_empty": Attached("TimeStamps", "CZTIMS", b""),
}.items():
    data = czi_bytes(TILES, document(), [attached])
    add(f"czi_attachment_{name}", partial(written, "a.czi", data), *READ, pixels=STACK)
for name, text in {
    "entity": '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><ImageDocument>&e;</ImageDocument>',
    "nested": "<a>" * 100_000,
    "nothing": "",
}.items():
    add(f"czi_xml_{name}", partial(written, "a.czi", czi_bytes(TILES, text)), *READ, pixels=STACK)
BOMB = bytes(imagecodecs.zstd_encode(bytes(1 << 30)))


@case(*TOLD)
def czi_bomb(folder: Path) -> Path:
    """A sub-block that says 2 kB and holds a gigabyte."""
    whole = [Tile(np.frombuffer(BOMB, np.uint8)[None], {"Z": 0})]
    data = czi_bytes(whole, document())
    entry = data.index(b"ZISRAWDIRECTORY") + 160
    for start in (entry, data.index(b"ZISRAWSUBBLOCK") + 48):
        data = patched(data, start + 18, "<i", 5)
        data = patched(patched(data, start + 40, "<ifi", 64, 0.0, 64), start + 60, "<ifi", 64, 0.0, 64)
    return written("a.czi", data, folder)


def hierarchy(folder: Path, **changes: Any) -> Path:
    """Write an OME-Zarr; `changes` replace parts of its only image."""
    path = folder / "a.ome.zarr"
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    scale = {"type": "scale", "scale": [1.0, 0.5, 0.5]}
    image = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [scale]}], **changes}
    group = zarr.open_group(path, mode="w", zarr_format=3)
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    group.create_array("0", data=STACK, chunks=(1, 32, 32), compressors=ZstdCodec())
    return path


def chunk(path: Path) -> Path:
    return path / "0" / "c" / "0" / "0" / "0"


def led(to: str, folder: Path) -> Path:
    zarr.save_array(folder.parent / f"{folder.name}-outside", SECRET)
    scale = {"type": "scale", "scale": [1.0, 1.0, 1.0]}
    place = to.format(folder.parent / f"{folder.name}-outside", f"{folder.name}-outside")
    return hierarchy(folder, datasets=[{"path": place, "coordinateTransformations": [scale]}])


for name, to in {"is_absolute": "{0}", "climbs": "../../{1}", "is_empty": "", "is_a_url": "file://{0}"}.items():
    add(f"zarr_path_{name}", partial(led, to), *TOLD)
for values in ([1, -1, 1], [0, 0, 0], [1, 1], [1e308, 1e308, 1e308], ["a", 1, 1], None):
    step = {"type": "scale", "scale": values}
    told = [{"path": "0", "coordinateTransformations": [step]}]
    add(f"zarr_scale_{values}", partial(hierarchy, datasets=told), *READ, pixels=STACK)


@case(*TOLD)
def zarr_axes_of_two(folder: Path) -> Path:
    return hierarchy(folder, axes=[{"name": "y", "type": "space"}, {"name": "x", "type": "space"}])


@case(*TOLD)
def zarr_chunk_bomb(folder: Path) -> Path:
    path = hierarchy(folder)
    chunk(path).write_bytes(BOMB)
    return path


@case(*TOLD)
def zarr_chunk_is_a_folder(folder: Path) -> Path:
    path = hierarchy(folder)
    chunk(path).unlink()
    chunk(path).mkdir()
    return path


@case(*TOLD)
def zarr_chunk_is_a_pipe(folder: Path) -> Path:
    path = hierarchy(folder)
    chunk(path).unlink()
    os.mkfifo(chunk(path))
    return path


@case(*TOLD)
def zarr_chunk_is_a_link_out(folder: Path) -> Path:
    path = hierarchy(folder)
    outside = folder.parent / f"{folder.name}-outside"
    outside.write_bytes(bytes(imagecodecs.zstd_encode(SECRET.tobytes())))
    chunk(path).unlink()
    chunk(path).symlink_to(outside)
    return path


@case(*READ, pixels=STACK)
def zarr_consolidated_is_stale(folder: Path) -> Path:
    path = hierarchy(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr says that version 3 does not know of it
        zarr.consolidate_metadata(path)
    root = path / "zarr.json"
    said = json.loads(root.read_text())
    said["consolidated_metadata"]["metadata"]["0"]["shape"] = [9, 32, 32]
    root.write_text(json.dumps(said))
    return path


@case("error")
def zarr_of_pickles(folder: Path) -> Path:
    """Version 2, whose objects are made by a codec that runs code."""
    path = folder / "a.zarr"
    path.mkdir()
    said = {"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "|O", "compressor": None, "fill_value": None}
    (path / ".zarray").write_text(json.dumps({**said, "order": "C", "filters": [{"id": "pickle"}]}))
    (path / "0").write_bytes(b"cposix\nsystem\n(S'touch escaped'\ntR.")
    return path


def zipped(folder: Path, *more: tuple[str, bytes]) -> Path:
    source, held = hierarchy(folder), io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for member in sorted(path for path in source.rglob("*") if path.is_file()):
            file.write(member, member.relative_to(source).as_posix())
        for name, content in more:
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written("b.zarr.zip", held.getvalue(), folder)


add("zip_climbs", lambda folder: zipped(folder, ("../escaped", b"x")), *READ, pixels=STACK)
add("zip_of_a_bomb", lambda folder: zipped(folder, ("0/c/9/9/9", bytes(1 << 28))), *READ, pixels=STACK)

for name, data in {
    "a.tif": b"",
    "b.tif": b"plain text, and no picture",
    "c.czi": b"PK\3\4" + bytes(99),
    "d.tif": GOOD,
    "e.tif": bytes(imagecodecs.png_encode(PAGE)),
    "f.ome.zarr": b"{}",
    "g.png": b"\x89PNG\r\n\x1a\n" + bytes(50),
}.items():
    add(f"path_{name}", partial(written, name, data), "error")


@case("error")
def path_tiff_named_czi(folder: Path) -> Path:
    path = folder / "a.czi"
    tifffile.imwrite(path, PAGE)
    return path


@case("error")
def path_folder(folder: Path) -> Path:
    (folder / "a.tif").mkdir()
    return folder / "a.tif"


@case("error")
def path_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.tif")
    return folder / "a.tif"


@case("error")
def path_device(folder: Path) -> Path:
    (folder / "a.tif").symlink_to("/dev/zero")
    return folder / "a.tif"


@case("error")
def path_link_to_itself(folder: Path) -> Path:
    (folder / "a.tif").symlink_to("a.tif")
    return folder / "a.tif"


@case("error")
def path_link_to_nothing(folder: Path) -> Path:
    (folder / "a.tif").symlink_to("b.tif")
    return folder / "a.tif"


@case("error")
def path_of_a_long_name(folder: Path) -> Path:
    return folder / ("a" * 5000 + ".tif")
