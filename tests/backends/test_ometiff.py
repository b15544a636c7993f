"""OME-TIFF files and sets; they are written by tifffile, the OME-XML by hand."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pytest
import tifffile

import omio
from omio.backends import candidates
from omio.backends.base import OpenOptions
from omio.backends.tiff.ometiff import OmeTiffBackend
from omio.errors import AxesError, DamagedFileError, FileMissingError, OmioWarning, SceneError
from omio.testing.backend_tests import BackendTests
from tests.ome.support import NAMESPACE

if TYPE_CHECKING:
    from numpy.typing import NDArray

UUIDS = [f"urn:uuid:00000000-0000-4000-8000-00000000000{number}" for number in range(6)]
STACK = np.arange(6 * 8 * 10, dtype=np.uint16).reshape(1, 6, 1, 8, 10)


def ome(images: str, uuid: str | None = None, attributes: str = "") -> bytes:
    named = f' UUID="{uuid}"' if uuid else ""
    return f'<?xml version="1.0"?><OME xmlns="{NAMESPACE}"{named} {attributes}>{images}</OME>'.encode()


def image(inside: str, shape: tuple[int, ...], *, dtype: str = "uint16", name: str = "a", samples: int = 1) -> str:
    t, z, c, y, x = shape[:5]
    channels = f'<Channel SamplesPerPixel="{samples}"/>' * c
    return (
        f'<Image ID="Image:{name}" Name="{name}"><Pixels ID="Pixels:{name}" DimensionOrder="XYCZT" Type="{dtype}" '
        f'SizeX="{x}" SizeY="{y}" SizeC="{c * samples}" SizeZ="{z}" SizeT="{t}">{channels}{inside}</Pixels></Image>'
    )


def write(path: Path, pages: NDArray[Any], xml: bytes, **how: Any) -> Path:
    """Write planes as pages, the document into the first."""
    with tifffile.TiffWriter(path) as tiff:
        for number, page in enumerate(pages):
            options = {"photometric": "minisblack", **how}
            tiff.write(page, description=xml if number == 0 else None, metadata=None, contiguous=False, **options)
    return path


def single(folder: Path, inside: str = "<TiffData/>", pages: NDArray[Any] = STACK[0, :, 0], **how: Any) -> Path:
    return write(folder / "one.ome.tif", pages, ome(image(inside, (1, 6, 1, 8, 10), **how)))


def member_data(names: list[str]) -> str:
    """Describe three files of two planes each."""
    return "".join(
        f'<TiffData FirstZ="{2 * number + plane}" IFD="{plane}"><UUID FileName="{name}">{uuid}</UUID></TiffData>'
        for number, (name, uuid) in enumerate(zip(names, UUIDS, strict=False))
        for plane in range(2)
    )


def make_set(folder: Path, names: list[str] | None = None) -> list[Path]:
    """Write a set of three files that all hold the document."""
    names = names or [f"part{number}.ome.tif" for number in range(3)]
    described = image(member_data(names), (1, 6, 1, 8, 10))
    paths = [folder / Path(name).name for name in names]
    for number, path in enumerate(paths):
        write(path, STACK[0, 2 * number : 2 * number + 2, 0], ome(described, UUIDS[number]))
    return paths


def loaded(path: Path, **how: Any) -> NDArray[Any]:
    return np.asarray(omio.open(path, **how))


class TestOmeTiff(BackendTests):
    backend = OmeTiffBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "image.ome.tif"
        pixels = np.random.default_rng(0).integers(0, 999, (2, 3, 2, 32, 48), dtype=np.uint16)
        metadata = {"axes": "TZCYX", "PhysicalSizeX": 0.5, "TimeIncrement": 2.0, "Channel": {"Name": ["a", "b"]}}
        tifffile.imwrite(path, pixels, ome=True, metadata=metadata, photometric="minisblack", tile=(16, 16))
        return path


class TestOmeTiffSet(BackendTests):
    backend = OmeTiffBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return make_set(tmp_path)[1]

    def test_survives_its_backend(self, path: Path, image: Any) -> None:
        """A set's recipe names several files; each of them must be there."""
        del path
        assert pickle.loads(pickle.dumps(image.recipe)).token() == image.recipe.token()  # noqa: S301


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = single(tmp_path).rename(tmp_path / "plain.dat")
    np.testing.assert_array_equal(loaded(path), STACK)


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<TiffData/>",
        '<TiffData IFD="0" PlaneCount="6"/>',
        "".join(f'<TiffData IFD="{z}" FirstZ="{z}"/>' for z in range(6)),
        '<TiffData IFD="3" PlaneCount="3" FirstZ="3"/><TiffData IFD="0" PlaneCount="3"/>',
    ],
)
def test_all_ways_to_say_the_same(tmp_path: Path, inside: str) -> None:
    np.testing.assert_array_equal(loaded(single(tmp_path, inside)), STACK)


def test_planes_may_lie_in_any_order(tmp_path: Path) -> None:
    inside = "".join(f'<TiffData IFD="{5 - z}" FirstZ="{z}"/>' for z in range(6))
    np.testing.assert_array_equal(loaded(single(tmp_path, inside)), STACK[:, ::-1])


def test_large_maps_are_read_late_and_right(tmp_path: Path) -> None:
    pages = np.arange(4100, dtype=np.uint16)[:, None, None] * np.ones((1, 2, 2), np.uint16)
    rows = "".join(f'<TiffData IFD="{4099 - t}" FirstT="{t}"/>' for t in range(4100))
    path = write(tmp_path / "large.ome.tif", pages, ome(image(rows, (4100, 1, 1, 2, 2))))
    dataset = omio.open(path)
    assert np.asarray(dataset)[:, 0, 0, 0, 0].tolist() == list(range(4099, -1, -1))
    cut_off = write(tmp_path / "cut.ome.tif", pages[:3000], ome(image(rows, (4100, 1, 1, 2, 2))))
    with pytest.raises(DamagedFileError, match="1100 of 4100 planes lie in no page"):
        np.asarray(omio.open(cut_off))


def test_several_images_are_scenes(tmp_path: Path) -> None:
    parts = [
        image(f'<TiffData IFD="{k}" FirstZ="0" PlaneCount="1"/>', (1, 1, 1, 8, 10), name=n)
        for k, n in ((1, "b"), (0, "a"))
    ]
    path = write(tmp_path / "x.ome.tif", STACK[0, :2, 0], ome("".join(parts)))
    with pytest.raises(SceneError, match="'b', 'a'"):
        omio.open(path)
    scenes = omio.open_collection(path)
    assert list(scenes) == ["b", "a"]
    np.testing.assert_array_equal(np.asarray(scenes["b"])[0, 0], STACK[0, 1])
    np.testing.assert_array_equal(np.asarray(scenes["a"])[0, 0], STACK[0, 0])


@pytest.mark.parametrize("planar", [False, True])
def test_rgb_has_samples_last(tmp_path: Path, planar: bool) -> None:  # noqa: FBT001
    pixels = np.random.default_rng(1).integers(0, 255, (2, 8, 10, 3), dtype=np.uint8)
    stored = np.moveaxis(pixels, -1, 1) if planar else pixels
    xml = ome(image("<TiffData/>", (1, 1, 2, 8, 10), dtype="uint8", samples=3))
    how = {"photometric": "rgb", "planarconfig": "separate" if planar else "contig"}
    found = loaded(write(tmp_path / "rgb.ome.tif", stored, xml, **how))
    np.testing.assert_array_equal(found, pixels[None, None])


def test_samples_that_the_xml_does_not_tell(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (2, 8, 10, 3), dtype=np.uint8)
    one = write(tmp_path / "1.ome.tif", pixels[:1], ome(image("", (1, 1, 3, 8, 10), dtype="uint8")), photometric="rgb")
    two = write(tmp_path / "2.ome.tif", pixels, ome(image("", (1, 1, 2, 8, 10), dtype="uint8")), photometric="rgb")
    with pytest.warns(OmioWarning, match="describes 3 channels, the image has 1"):
        np.testing.assert_array_equal(loaded(one), pixels[None, None, :1])
    np.testing.assert_array_equal(loaded(two), pixels[None, None])
    assert "SamplesPerPixel" in omio.open(two).metadata.sources["sizes.S"]


def test_subifds_are_levels(tmp_path: Path) -> None:
    path = tmp_path / "pyramid.ome.tif"
    pixels = np.arange(3 * 64 * 64, dtype=np.uint16).reshape(1, 3, 1, 64, 64)
    with tifffile.TiffWriter(path) as tiff:
        for z in range(3):
            xml = ome(image("<TiffData/>", pixels.shape)) if z == 0 else None
            how: dict[str, Any] = {"metadata": None, "photometric": "minisblack", "tile": (16, 16), "contiguous": False}
            tiff.write(pixels[0, z, 0], subifds=2, description=xml, **how)
            tiff.write(pixels[0, z, 0, ::2, ::2], subfiletype=1, **how)
            tiff.write(pixels[0, z, 0, ::4, ::4], subfiletype=1, **how)
    levels = omio.open(path).levels
    assert [level.shape[3:] for level in levels] == [(64, 64), (32, 32), (16, 16)]
    for step, level in zip((1, 2, 4), levels, strict=True):
        np.testing.assert_array_equal(np.asarray(level), pixels[..., ::step, ::step])


def test_palette_becomes_a_lookup_table(tmp_path: Path) -> None:
    colors = np.arange(768, dtype=np.uint16).reshape(3, 256) * 256 // 3
    pixels = np.arange(80, dtype=np.uint8).reshape(1, 8, 10)
    xml = ome(image("", (1, 1, 1, 8, 10), dtype="uint8"))
    path = write(tmp_path / "p.ome.tif", pixels, xml, photometric="palette", colormap=colors)
    lut = omio.open(path).metadata.channels[0].lut
    assert lut is not None
    assert bytes.fromhex(lut[:12]) == bytes((colors[:, :2].T >> 8).ravel().tolist())


def test_type_and_size_of_the_tiff_win(tmp_path: Path) -> None:
    path = single(tmp_path, dtype="float")
    with pytest.warns(OmioWarning, match="says pixels are float32, the TIFF has uint16"):
        np.testing.assert_array_equal(loaded(path), STACK)
    wrong = ome(image("", (1, 6, 1, 7, 10)))
    path = write(tmp_path / "y.ome.tif", STACK[0, :, 0], wrong)
    with pytest.warns(OmioWarning, match="says 10 x 7 pixels, the TIFF has 10 x 8"):
        np.testing.assert_array_equal(loaded(path), STACK)


def test_planes_that_no_page_holds(tmp_path: Path) -> None:
    path = single(tmp_path, pages=STACK[0, :4, 0])
    with pytest.raises(DamagedFileError, match="2 of 6 planes lie in no page of the file: T0 Z4 C0, T0 Z5 C0"):
        omio.open(path)
    with pytest.warns(OmioWarning, match="filled with 0"):
        found = loaded(path, strict=False)
    np.testing.assert_array_equal(found[:, :4], STACK[:, :4])
    assert not found[:, 4:].any()


@pytest.mark.parametrize("inside", ['<TiffData IFD="9" PlaneCount="6"/>', '<TiffData IFD="6"/>'])
def test_a_first_page_that_is_not_there(tmp_path: Path, inside: str) -> None:
    with pytest.raises(DamagedFileError, match="6 of 6 planes lie in no page"):
        omio.open(single(tmp_path, inside))


def test_more_planes_than_any_file_of_that_size_holds(tmp_path: Path) -> None:
    xml = ome(image("<TiffData/>", (1, 2**31 - 1, 1, 8, 10)))
    with pytest.raises(DamagedFileError, match="more than files of this size can hold"):
        omio.open(write(tmp_path / "x.ome.tif", STACK[0, :, 0], xml))


def test_axes_and_pages_are_the_documents(tmp_path: Path) -> None:
    path = single(tmp_path)
    np.testing.assert_array_equal(loaded(path, axes="ZYX"), STACK)
    for how in ({"axes": "TYX"}, {"pages": slice(2)}):
        with pytest.raises(AxesError, match='backend="tiff"'):
            omio.open(path, **how)


def test_a_document_without_image(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ome.tif", STACK[0, :, 0], ome("<Plate/>"))
    with pytest.raises(DamagedFileError, match="describes no image"):
        omio.open(path)


def test_images_without_tiffdata_do_not_share_pages(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ome.tif", STACK[0, :, 0], ome(image("", STACK.shape) + image("", STACK.shape)))
    with pytest.raises(DamagedFileError, match="which pages belong to which image"):
        omio.open(path, scene=0)


def test_any_member_opens_the_set(tmp_path: Path) -> None:
    paths = make_set(tmp_path)
    for path in paths:
        np.testing.assert_array_equal(loaded(path), STACK)
        assert sorted(OmeTiffBackend(str(path)).files()) == [str(other) for other in paths]


def test_a_selection_reads_only_the_files_it_meets(tmp_path: Path) -> None:
    paths = make_set(tmp_path)
    dataset = omio.open(paths[0])
    paths[1].unlink()
    np.testing.assert_array_equal(np.asarray(dataset.isel(Z=[5, 0, 4])), STACK[:, [5, 0, 4]])
    with pytest.raises(FileMissingError, match="part1"):
        np.asarray(dataset.isel(Z=2))


def test_a_missing_member_is_named_or_filled(tmp_path: Path) -> None:
    paths = make_set(tmp_path)
    paths[2].unlink()
    with pytest.raises(
        FileMissingError, match=r"1 of the 3 files of the set cannot be read: part2\.ome\.tif is missing"
    ):
        omio.open(paths[0])
    with pytest.warns(OmioWarning, match=r"filled with 0: part2\.ome\.tif is missing"):
        found = loaded(paths[0], strict=False)
    np.testing.assert_array_equal(found[:, :4], STACK[:, :4])
    assert not found[:, 4:].any()


def test_renamed_members_are_found_by_their_uuid(tmp_path: Path) -> None:
    paths = make_set(tmp_path)
    for path in paths:
        path.rename(tmp_path / f"new-{path.name}")
    np.testing.assert_array_equal(loaded(tmp_path / "new-part1.ome.tif"), STACK)


def test_a_member_of_another_set_is_refused(tmp_path: Path) -> None:
    paths = make_set(tmp_path)
    write(paths[2], STACK[0, :2, 0], ome(image("", (1, 2, 1, 8, 10)), UUIDS[5]))
    with pytest.raises(DamagedFileError, match=rf"its UUID is {UUIDS[5]}, the set names {UUIDS[2]}"):
        loaded(paths[0])
    with pytest.raises(DamagedFileError, match=f"its UUID is {UUIDS[5]}"):
        omio.open(paths[0]).to_reference(tmp_path / "set.json")
    with pytest.warns(OmioWarning, match="its UUID is"):
        assert not loaded(paths[0], strict=False)[:, 4:].any()


def test_a_member_of_another_size_is_refused(tmp_path: Path) -> None:
    paths = make_set(tmp_path)
    write(paths[2], STACK[0, :2, 0, :4], ome(image("", (1, 2, 1, 4, 10)), UUIDS[2]))
    with pytest.raises(DamagedFileError, match="4 x 10 x 1 pixels, the image has 8 x 10 x 1"):
        loaded(paths[0])


@pytest.mark.parametrize("name", ["../secret/part2.ome.tif", "{secret}/part2.ome.tif", "link.ome.tif"])
def test_no_file_outside_of_the_folder_is_read(tmp_path: Path, name: str) -> None:
    inside, secret = tmp_path / "set", tmp_path / "secret"
    inside.mkdir()
    secret.mkdir()
    names = ["part0.ome.tif", "part1.ome.tif", name.format(secret=secret)]
    paths = make_set(inside, names)
    shutil.move(paths[2], secret / "part2.ome.tif")
    if name.startswith("link"):
        (inside / name).symlink_to(secret / "part2.ome.tif")
    with pytest.raises(DamagedFileError, match="lies outside of the folder"):
        omio.open(paths[0])
    with pytest.warns(OmioWarning, match="lies outside of the folder"):
        assert not loaded(paths[0], strict=False)[:, 4:].any()
    np.testing.assert_array_equal(loaded(paths[0], allow_outside=[secret]), STACK)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are made on POSIX systems")
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_only_regular_files_are_members(tmp_path: Path, kind: str) -> None:
    paths = make_set(tmp_path)
    paths[2].unlink()
    if kind == "pipe":
        os.mkfifo(paths[2])
    elif kind == "folder":
        paths[2].mkdir()
    else:
        paths[2].symlink_to("/dev/zero")
    with pytest.raises(DamagedFileError, match=r"part2\.ome\.tif (is no regular file|lies outside)"):
        omio.open(paths[0])


def test_names_with_a_folder_of_another_machine(tmp_path: Path) -> None:
    make_set(tmp_path, ["part0.ome.tif", "part1.ome.tif", r"D:\data\part2.ome.tif"])
    (tmp_path / r"D:\data\part2.ome.tif").rename(tmp_path / "part2.ome.tif")
    np.testing.assert_array_equal(loaded(tmp_path / "part0.ome.tif"), STACK)


def make_companion(folder: Path, companion: str = "set.companion.ome", uuid: str | None = UUIDS[4]) -> list[Path]:
    names = [f"part{number}.ome.tif" for number in range(3)]
    xml = ome(image(member_data(names), STACK.shape), uuid)
    (folder / "set.companion.ome").write_bytes(xml)
    refer = f'<BinaryOnly MetadataFile="{companion}" UUID="{UUIDS[4]}"/>'
    for number, name in enumerate(names):
        write(folder / name, STACK[0, 2 * number : 2 * number + 2, 0], ome(refer, UUIDS[number]))
    return [folder / name for name in names]


def test_companion_and_every_member_open_the_set(tmp_path: Path) -> None:
    paths = [*make_companion(tmp_path), tmp_path / "set.companion.ome"]
    for path in paths:
        assert candidates(path)[0] == "ometiff"
        np.testing.assert_array_equal(loaded(path), STACK)
        assert set(OmeTiffBackend(str(path)).files()) == {str(other) for other in paths}


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"companion": "no.companion.ome"}, FileMissingError, "its metadata file no.companion.ome is missing"),
        ({"uuid": UUIDS[5]}, DamagedFileError, "is not the metadata file it refers to"),
    ],
)
def test_a_companion_that_is_not_the_one(
    tmp_path: Path, how: dict[str, str], error: type[Exception], words: str
) -> None:
    paths = make_companion(tmp_path, **how)
    with pytest.raises(error, match=words):
        omio.open(paths[0])


def test_recipes_of_sets_travel_and_close(tmp_path: Path) -> None:
    dataset = omio.open(make_set(tmp_path)[0])
    again = pickle.loads(pickle.dumps(dataset))  # noqa: S301
    np.testing.assert_array_equal(np.asarray(again), STACK)
    dataset.close()


def test_opening_walks_no_planes(tmp_path: Path) -> None:
    rows = "".join(
        f'<TiffData IFD="{t}" FirstT="{t}"/><Plane TheT="{t}" TheZ="0" TheC="0" DeltaT="{t}"/>' for t in range(4100)
    )
    xml = ome(image(rows, (4100, 1, 1, 2, 2)).replace("<Pixels ", '<Pixels TimeIncrement="1" '))
    path = write(tmp_path / "large.ome.tif", np.zeros((4100, 2, 2), np.uint16), xml)
    with mock.patch("omio.ome.planes.planes_of") as planes, mock.patch("omio.ome.tiffdata.plane_map") as whole:
        reader = OmeTiffBackend(str(path), OpenOptions())
        reader.array("a")
        assert reader.metadata("a").axes["T"].spacing == 1
    planes.assert_not_called()
    whole.assert_not_called()
