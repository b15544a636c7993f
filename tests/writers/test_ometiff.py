from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omio.errors import DamagedFileError, OmioError, PolicyError, SourceOverwriteError, UnwritableError, WriteError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.policies.write import WritePolicy
from omio.writers import names, registry
from omio.writers.codecs import CODECS
from omio.writers.ometiff import OmeTiffWriter
from omio.writers.pyramid import halve
from tests.support import bioformats
from tests.support.schema import ome_xml_of, schema_errors
from tests.writers.images import SampleImage, random_pixels, rich_facts

if TYPE_CHECKING:
    from omio.lazy.recipe import Recipe
    from omio.writers.report import WriteReport

OME_DTYPES = ["int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64", "complex64", "complex128"]
SHAPE = (2, 3, 2, 37, 53)


def write(pixels: Any, path: Path, **policy: Any) -> WriteReport:
    image = pixels if isinstance(pixels, SampleImage) else SampleImage.of(pixels)
    return OmeTiffWriter().write(image, str(path), WritePolicy.resolve(None, **policy))


def digest(pixels: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()).hexdigest()


def read(path: Path, shape: tuple[int, ...], level: int = 0) -> np.ndarray[Any, Any]:
    with tifffile.TiffFile(path) as tif:
        assert len(tif.series) == 1
        pixels: np.ndarray[Any, Any] = tif.series[0].levels[level].asarray()
    return pixels.reshape(shape)


class TestPixels:
    @pytest.mark.parametrize("dtype", OME_DTYPES)
    @pytest.mark.parametrize("compression", ["none", "zlib"])
    def test_every_dtype_of_ome_is_read_by_tifffile_and_bio_formats(
        self, tmp_path: Path, dtype: str, compression: str
    ) -> None:
        pixels, path = random_pixels(SHAPE, dtype), tmp_path / "a.ome.tif"
        report = write(pixels, path, compression=compression, tile=(16, 32) if compression == "zlib" else None)
        assert report.lost == ()
        np.testing.assert_array_equal(read(path, SHAPE), pixels)
        assert schema_errors(ome_xml_of(path)) == []
        if not dtype.startswith("complex"):  # Bio-Formats has no complex pixels
            (series,) = bioformats.describe(path)
            assert (series.shape, series.dtype, series.sha256) == (SHAPE, dtype, digest(pixels))
            assert bioformats.validation_errors(path) == []

    def test_bool_is_one_bit(self, tmp_path: Path) -> None:
        pixels, path = random_pixels(SHAPE, bool), tmp_path / "a.ome.tif"
        assert write(pixels, path, levels=2).lost == ("dtype: bool reads back as uint8 of 0 and 1",)
        np.testing.assert_array_equal(read(path, SHAPE), pixels)
        (series,) = bioformats.describe(path)
        assert series.sha256 == digest(pixels.astype(np.uint8))

    @pytest.mark.parametrize("samples", [1, 2, 3, 4, 5])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_samples_stay_samples(self, tmp_path: Path, samples: int, dtype: str) -> None:
        shape = (2, 1, 2, 37, 53, samples)
        pixels, path = random_pixels(shape, dtype), tmp_path / "a.ome.tif"
        write(pixels, path, levels=2)
        np.testing.assert_array_equal(read(path, shape), pixels)
        (series,) = bioformats.describe(path)
        assert (series.shape, series.sha256) == (shape if samples > 1 else shape[:5], digest(pixels))
        with tifffile.TiffFile(path) as tif:
            assert tif.pages.first.extrasamples == (0,) * (samples - 3 if samples in (3, 4) else samples - 1)

    @pytest.mark.parametrize("name", [name for name, codec in CODECS.items() if not codec.is_lossy])
    @pytest.mark.parametrize("dtype", OME_DTYPES)
    @pytest.mark.parametrize("samples", [1, 3])
    def test_codecs_give_back_what_they_hold_and_refuse_the_rest(
        self, tmp_path: Path, name: str, dtype: str, samples: int
    ) -> None:
        codec, shape = CODECS[name], (2, 1, 1, 40, 61, *((3,) if samples == 3 else ()))
        pixels, path = random_pixels(shape, dtype), tmp_path / "a.ome.tif"
        image, policy = SampleImage.of(pixels), WritePolicy(compression=name, tile=(32, 32))
        holds = (codec.dtypes is None or dtype in codec.dtypes) and (codec.samples is None or samples in codec.samples)
        assert OmeTiffWriter().is_incompatible(image, policy) is False or not holds
        if holds:
            assert write(pixels, path, compression=name, tile=(32, 32)).lost == ()
            np.testing.assert_array_equal(read(path, shape), pixels)
        else:
            with pytest.raises(UnwritableError, match='compression="zlib"'):
                write(pixels, path, compression=name)

    @pytest.mark.parametrize("name", ["zlib", "zstd", "lzw", "packbits", "jpeg2000"])
    def test_codecs_that_bio_formats_reads(self, tmp_path: Path, name: str) -> None:
        pixels, path = random_pixels(SHAPE, "uint16"), tmp_path / "a.ome.tif"
        write(pixels, path, compression=name, tile=(32, 32))
        assert bioformats.describe(path)[0].sha256 == digest(pixels)

    @pytest.mark.parametrize("samples", [(), (3,)])
    def test_jpeg_is_nearly_right_and_says_so(self, tmp_path: Path, samples: tuple[int, ...]) -> None:
        y, x = np.mgrid[:100, :120]
        plane = ((np.sin(y / 9) + np.cos(x / 7) + 2) * 60).astype(np.uint8)
        pixels = np.broadcast_to(plane.reshape(1, 1, 1, 100, 120, *(1,) * len(samples)), (2, 1, 1, 100, 120, *samples))
        path = tmp_path / "a.ome.tif"
        report = write(pixels, path, compression="jpeg", tile=(64, 64), verify=True)
        assert report.lost == ("pixels: jpeg changes them",)
        assert report.digests is not None
        assert report.digests[0] != report.digests[1]
        assert np.abs(read(path, pixels.shape).astype(int) - pixels).max() < 12

    @given(
        shape=st.tuples(*[st.integers(1, 3)] * 3, st.integers(1, 70), st.integers(1, 70)),
        samples=st.sampled_from([(), (), (3,), (4,)]),
        dtype=st.sampled_from(OME_DTYPES),
        compression=st.sampled_from(["none", "zlib", "zstd", "lzw", "packbits"]),
        tile=st.sampled_from(["auto", None, (16, 16), (32, 16)]),
        levels=st.sampled_from([None, 1, 2, 4, "auto"]),
        downsampling=st.sampled_from(["mean", "nearest", "mode", "median", "max", "min"]),
        bigtiff=st.sampled_from([None, True]),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_policy_gives_the_pixels_back(
        self, tmp_path: Path, shape: tuple[int, ...], samples: tuple[int, ...], dtype: str, **policy: Any
    ) -> None:
        pixels = random_pixels((*shape, *samples), dtype)
        path = tmp_path / "a.ome.tif"
        report = write(pixels, path, overwrite="replace", **policy)
        assert report.nbytes == path.stat().st_size
        np.testing.assert_array_equal(read(path, pixels.shape), pixels)
        for level in range(1, report.details["levels"]):
            planes = halve(pixels.reshape(-1, *pixels.shape[3:]), policy["downsampling"])
            pixels = planes.reshape(*pixels.shape[:3], *planes.shape[1:])
            np.testing.assert_array_equal(read(path, pixels.shape, level), pixels)

    @pytest.mark.parametrize("tile", [(16, 16), None])
    def test_levels_of_planes_that_are_cut_into_many_jobs(
        self, tmp_path: Path, tile: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("cut.JOB_BYTES", "cut.BLOCK_BYTES", "stream.JOB_BYTES", "stream.BLOCK_BYTES"):
            monkeypatch.setattr(f"omio.writers.{name}", 1000)
        pixels, path = random_pixels((2, 1, 2, 101, 67), np.uint16), tmp_path / "a.ome.tif"
        write(pixels, path, tile=tile, levels=3)
        np.testing.assert_array_equal(read(path, pixels.shape), pixels)
        for level in (1, 2):
            planes = halve(pixels.reshape(-1, *pixels.shape[3:]), "mean")
            pixels = planes.reshape(2, 1, 2, *planes.shape[1:])
            np.testing.assert_array_equal(read(path, pixels.shape, level), pixels)


class TestLayout:
    def test_defaults_are_deflate_1_with_predictor_in_tiles_of_512(self, tmp_path: Path) -> None:
        report = write(np.zeros((1, 1, 1, 1024, 1100), np.uint16), tmp_path / "a.ome.tif")
        with tifffile.TiffFile(report.path) as tif:
            page = tif.pages.first
            assert (page.compression, page.predictor, page.tilelength, page.tilewidth) == (8, 2, 512, 368)
            assert page.software == "omio"
        assert report.details["compression_level"] == 1

    def test_floats_have_no_predictor_unless_asked(self, tmp_path: Path) -> None:
        pixels = random_pixels(SHAPE, np.float32)
        for predictor, tag in ((None, 1), (True, 3)):
            report = write(pixels, tmp_path / f"{tag}.ome.tif", predictor=predictor)
            with tifffile.TiffFile(report.path) as tif:
                assert tif.pages.first.predictor == tag
            np.testing.assert_array_equal(read(Path(report.path), SHAPE), pixels)

    def test_files_of_small_planes_do_not_grow(self, tmp_path: Path) -> None:
        pixels = random_pixels((4, 1, 1, 20, 20), np.uint8)
        assert write(pixels, tmp_path / "a.ome.tif", compression="none").nbytes < pixels.nbytes + 8000

    def test_uncompressed_stacks_can_be_mapped(self, tmp_path: Path) -> None:
        pixels, path = random_pixels(SHAPE, np.uint16), tmp_path / "a.ome.tif"
        write(pixels, path, compression="none")
        mapped = tifffile.memmap(path, mode="r")
        np.testing.assert_array_equal(mapped.reshape(SHAPE), pixels)
        del mapped

    def test_bigtiff_is_decided_by_an_upper_bound(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pixels = np.zeros((1, 1, 1, 600, 600), np.uint16)
        assert not write(pixels, tmp_path / "small.ome.tif").details["bigtiff"]
        monkeypatch.setattr("omio.writers.tiffplan.CLASSIC_LIMIT", 600 * 600)
        path = tmp_path / "big.ome.tif"
        assert write(pixels, path).details["bigtiff"]
        assert path.stat().st_size < 600 * 600  # zeros: a sample would have said otherwise
        with tifffile.TiffFile(path) as tif:
            assert tif.is_bigtiff

    def test_levels_are_resolutions_for_bio_formats(self, tmp_path: Path) -> None:
        pixels, path = random_pixels((2, 1, 2, 300, 200), np.uint16), tmp_path / "a.ome.tif"
        report = write(pixels, path, levels="auto", tile=(64, 64))
        assert report.details["levels"] == 4
        (series,) = bioformats.describe(path)
        assert (series.resolutions, series.sha256) == (4, digest(pixels))

    def test_as_many_levels_as_the_source_has(self, tmp_path: Path) -> None:
        class Pyramid(SampleImage):
            @property
            def levels(self) -> tuple[Any, ...]:
                return (self, self, self)

        image = Pyramid(ArrayRecipe(np.zeros((1, 1, 1, 64, 64), np.uint8)), Facts.of((1, 1, 1, 64, 64)))
        assert write(image, tmp_path / "a.ome.tif").details["levels"] == 3
        assert write(image, tmp_path / "b.ome.tif", levels=1).details["levels"] == 1

    def test_planes_lie_with_c_fastest(self, tmp_path: Path) -> None:
        pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1, 1)
        report = write(pixels, tmp_path / "a.ome.tif")
        with tifffile.TiffFile(report.path) as tif:
            assert [int(page.asarray().flat[0]) for page in tif.pages] == list(range(24))

    def test_plain_readers_find_the_pixel_size_in_the_tags(self, tmp_path: Path) -> None:
        image = SampleImage.of(np.zeros((1, 1, 1, 40, 40), np.uint8), pixel_size={"Y": 0.5, "X": 0.25})
        report = write(image, tmp_path / "a.ome.tif", levels=2)
        with tifffile.TiffFile(report.path) as tif:
            page = tif.pages.first
            assert (page.resolutionunit, page.resolution) == (3, (40000, 20000))
            assert page.pages is not None
            assert page.pages[0].aspage().resolution == (20000, 10000)

    def test_unknown_pixel_sizes_are_not_written(self, tmp_path: Path) -> None:
        report = write(np.zeros(SHAPE, np.uint8), tmp_path / "a.ome.tif")
        assert b"PhysicalSize" not in ome_xml_of(Path(report.path))
        assert bioformats.describe(Path(report.path))[0].physical_size == {"X": None, "Y": None, "Z": None}


class TestFacts:
    @pytest.fixture
    def image(self) -> SampleImage:
        return SampleImage.of(random_pixels(SHAPE, np.uint16), **rich_facts(), original=Original({"a": "\x00"}.copy))

    def test_bio_formats_reads_sizes_times_channels_and_positions(self, tmp_path: Path, image: SampleImage) -> None:
        path = tmp_path / "a.ome.tif"
        assert write(image, path, levels=2).lost == ()
        assert schema_errors(ome_xml_of(path)) == []
        (series,) = bioformats.describe(path)
        assert series.physical_size == {"X": 0.1 + 0.2, "Y": 0.1, "Z": 1.5}
        assert series.time_increment == 2.5
        assert series.name == "cells 2"
        assert [channel["name"] for channel in series.channels] == ["DAPI & <b>", "Grün µ"]
        assert [channel["rgba"] for channel in series.channels] == [0x0000FFFF, 0xFF8000FF]
        assert (series.channels[0]["excitation_nm"], series.channels[0]["emission_nm"]) == (405, 461.5)
        last = series.planes[-1]
        assert [last[name] for name in ("T", "Z", "C", "delta_t", "exposure")] == [1, 2, 1, 1.1, 11.1]
        assert [last[name] for name in ("stage_x", "stage_y", "stage_z")] == [-11, 1.1e6, None]

    def test_the_provenance_gets_a_step_without_folders(self, tmp_path: Path, image: SampleImage) -> None:
        report = write(image, tmp_path / "out.ome.tif", compression="zstd")
        xml = ome_xml_of(Path(report.path)).decode()
        step = json.loads(xml.partition('Namespace="omio:native/1"><Value>')[2].partition("</Value>")[0])["provenance"][
            -1
        ]
        assert (step["action"], step["file"], step["policy"]["compression"]) == ("write", "out.ome.tif", "zstd")
        assert str(tmp_path) not in xml

    def test_what_is_lost_is_told_before_and_after(self, tmp_path: Path) -> None:
        image = SampleImage.of(np.zeros(SHAPE, np.float64), name="a\x00b")
        policy = WritePolicy(cast="float32")
        wanted = ("dtype: float64 was cast to float32", "name: characters that XML cannot hold")
        assert OmeTiffWriter().lost(image, policy) == wanted
        assert OmeTiffWriter().write(image, str(tmp_path / "a.ome.tif"), policy).lost == wanted


class TestCasts:
    @pytest.mark.parametrize(("dtype", "cast"), [("int64", "int32"), ("uint64", "uint32"), ("float16", "float32")])
    def test_the_error_names_the_cast(self, tmp_path: Path, dtype: str, cast: str) -> None:
        pixels = np.ones(SHAPE, dtype)
        reason = OmeTiffWriter().is_incompatible(SampleImage.of(pixels), WritePolicy())
        assert isinstance(reason, str)
        assert f'cast="{cast}"' in reason
        with pytest.raises(UnwritableError, match=f'cast="{cast}"') as caught:
            write(pixels, tmp_path / "a.ome.tif")
        assert isinstance(caught.value, TypeError)
        path = Path(write(pixels, tmp_path / "a.ome.tif", cast=cast).path)
        assert read(path, SHAPE).dtype == cast

    @pytest.mark.parametrize(("value", "cast"), [(300, "uint8"), (-1, "uint16"), (1 << 40, "int32")])
    def test_integers_that_do_not_fit_are_never_wrapped(self, tmp_path: Path, value: int, cast: str) -> None:
        pixels = np.zeros(SHAPE, np.int64)
        pixels[1, 2, 1, 3, 4] = value
        with pytest.raises(UnwritableError, match=f"a pixel is {value}, which {cast} does not hold"):
            write(pixels, tmp_path / "a.ome.tif", cast=cast)
        assert not list(tmp_path.iterdir())

    def test_fractions_are_rounded_and_nan_is_no_integer(self, tmp_path: Path) -> None:
        pixels = np.full((1, 1, 1, 2, 2), 1.6)
        path = Path(write(pixels, tmp_path / "a.ome.tif", cast="uint8").path)
        assert (read(path, pixels.shape) == 2).all()
        pixels[0, 0, 0, 0, 0] = np.nan
        with pytest.raises(UnwritableError, match="nan"):
            write(pixels, tmp_path / "b.ome.tif", cast="uint8")

    @pytest.mark.parametrize("cast", ["uint7", "U3", "float32"])
    def test_casts_that_are_none(self, tmp_path: Path, cast: str) -> None:
        with pytest.raises(PolicyError, match=cast):
            write(np.ones(SHAPE, np.complex64), tmp_path / "a.ome.tif", cast=cast)


class TestPolicies:
    def test_an_unknown_compression_lists_the_known(self, tmp_path: Path) -> None:
        with pytest.raises(PolicyError, match=r"no compression 'brotli'. There are none, zlib, zstd, lzw"):
            write(np.zeros(SHAPE, np.uint8), tmp_path / "a.ome.tif", compression="brotli")

    @pytest.mark.parametrize("spelling", ["deflate", "ZLIB", "JPEG-XL-lossless", "jxl", "webp-lossless", "jpeg_2000"])
    def test_spellings(self, tmp_path: Path, spelling: str) -> None:
        pixels = random_pixels((1, 1, 1, 32, 32, 3), np.uint8)
        report = write(pixels, tmp_path / "a.ome.tif", compression=spelling)
        assert report.details["compression"] in ("zlib", "jpeg-xl", "webp", "jpeg2000")
        np.testing.assert_array_equal(read(Path(report.path), pixels.shape), pixels)

    @pytest.mark.parametrize(
        ("policy", "text"),
        [
            ({"compression_level": 13}, "zlib has the levels 0 to 12"),
            ({"compression": "lzw", "compression_level": 1}, "lzw has no levels"),
            ({"compression": "none", "predictor": True}, "has none"),
            ({"compression": "jpeg-xl", "predictor": True}, "has none"),
            ({"tile": (100, 100)}, "multiples of 16"),
        ],
    )
    def test_policies_that_cannot_be(self, tmp_path: Path, policy: dict[str, Any], text: str) -> None:
        with pytest.raises(PolicyError, match=text):
            write(np.zeros(SHAPE, np.uint8), tmp_path / "a.ome.tif", **policy)
        assert not list(tmp_path.iterdir())

    def test_an_empty_image_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UnwritableError, match="Z of length 0"):
            write(np.zeros((1, 0, 1, 2, 2), np.uint8), tmp_path / "a.ome.tif")

    def test_the_writers_are_registered(self) -> None:
        assert set(names()) >= {"ometiff", "imagej"}
        assert registry.load("ometiff") is OmeTiffWriter


class Failing(ArrayRecipe):
    """Pixels that cannot be read beyond the first plane."""

    error: BaseException = DamagedFileError("is damaged", path="source.tif")

    def read(self, key: Any, out: Any) -> None:
        if key[0][-1]:
            raise self.error
        super().read(key, out)


class Interrupted(Failing):
    error = KeyboardInterrupt()


class TestOutcome:
    @pytest.mark.parametrize("recipe", [Failing, Interrupted])
    @pytest.mark.parametrize("levels", [1, 3])
    def test_a_failure_leaves_nothing(self, tmp_path: Path, recipe: type[Failing], levels: int) -> None:
        shape = (4, 1, 1, 900, 900)
        image = SampleImage(recipe(np.zeros(shape, np.uint16)), Facts.of(shape))
        with pytest.raises(type(recipe.error)):
            write(image, tmp_path / "a.ome.tif", levels=levels)
        assert not list(tmp_path.iterdir())

    def test_the_source_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "source.tif"
        path.write_bytes(b"source")
        recipe = FileRecipe(_never, FileStamp.of(path), (), None, (1, 1, 1, 2, 2), np.dtype(np.uint8), (1, 1, 1, 2, 2))
        image = SampleImage(recipe, Facts.of(recipe.shape))
        with pytest.raises(SourceOverwriteError):
            write(image, path, overwrite="replace")
        assert path.read_bytes() == b"source"

    def test_files_of_a_set_are_sources(self, tmp_path: Path) -> None:
        paths = [tmp_path / "one.tif", tmp_path / "two.tif"]
        for path in paths:
            path.write_bytes(b"source")
        first, second = map(FileStamp.of, paths)
        recipe = FileRecipe(_never, first, ((second,),), None, (1, 1, 1, 2, 2), np.dtype(np.uint8), (1, 1, 1, 2, 2))
        with pytest.raises(SourceOverwriteError):
            write(SampleImage(recipe, Facts.of(recipe.shape)), paths[1], overwrite="replace")

    def test_increment_is_returned(self, tmp_path: Path) -> None:
        pixels = np.zeros(SHAPE, np.uint8)
        reports = [write(pixels, tmp_path / "a.ome.tif", overwrite="increment") for _ in range(2)]
        assert [Path(report.path).name for report in reports] == ["a.ome.tif", "a-1.ome.tif"]

    def test_an_overflowing_classic_tiff_is_an_error_and_no_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import struct

        def overflow(*_: Any, **__: Any) -> None:
            raise struct.error("'I' format requires 0 <= number <= 4294967295")

        monkeypatch.setattr(tifffile.TiffWriter, "write", overflow)
        with pytest.raises(WriteError, match="bigtiff=None"):
            write(np.zeros(SHAPE, np.uint8), tmp_path / "a.ome.tif", bigtiff=False)
        assert not list(tmp_path.iterdir())


def _never(path: str) -> Any:
    raise AssertionError(f"{path} is not to be read")


class TestVerify:
    @pytest.mark.parametrize("shape", [SHAPE, (1, 1, 1, 700, 900), (2, 1, 1, 70, 90, 3)])
    @pytest.mark.parametrize("compression", ["none", "zlib"])
    def test_digests_are_those_of_the_pixels(
        self, tmp_path: Path, shape: tuple[int, ...], compression: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("omio.writers.verify.BAND_BYTES", 40_000)
        pixels = random_pixels(shape, np.uint16)
        report = write(pixels, tmp_path / "a.ome.tif", verify=True, compression=compression, levels=2)
        assert report.digests == (digest(pixels), digest(pixels))

    def test_bits_are_verified(self, tmp_path: Path) -> None:
        pixels = random_pixels(SHAPE, bool)
        assert write(pixels, tmp_path / "a.ome.tif", verify=True).digests == (digest(pixels),) * 2

    def test_a_mismatch_leaves_no_output(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("omio.writers.tiffstream.file_digest", lambda _: "other")
        with pytest.raises(WriteError, match="not those of the source"):
            write(np.zeros(SHAPE, np.uint8), tmp_path / "a.ome.tif", verify=True)
        assert not list(tmp_path.iterdir())


CHILD = """
import sys
from tests.writers.large import main
sys.argv[1:] = [sys.argv[1], "[40,1,1,1000,1000]", "[1,1,1,1000,1000]", '{"overwrite": "replace"}']
print("ready", flush=True)
main()
"""
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_kills_leave_the_old_file_or_the_whole_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    write(np.zeros(SHAPE, np.uint8), path)
    old, outcomes = path.read_bytes(), set()
    for delay in (0.0, 0.05, 0.1, 0.2, 0.4, 5.0):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(delay)
            child.kill()
        is_old = path.read_bytes() == old
        outcomes.add(is_old)
        with tifffile.TiffFile(path) as tif:
            assert len(tif.pages) == (12 if is_old else 40)
        path.write_bytes(old)
    assert True in outcomes
    write(np.zeros(SHAPE, np.uint8), path, overwrite="replace")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ome.tif"]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    slow = _Slow(np.zeros((1, 1, 1, 64, 64), np.uint8))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))

    def interrupted() -> None:
        timer.start()
        write(SampleImage(slow, Facts.of(slow.shape)), tmp_path / "a.ome.tif")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    timer.join()
    assert not list(tmp_path.iterdir())


class _Slow(ArrayRecipe):
    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (100_000, 1, 1, 64, 64)

    def read(self, key: Any, out: Any) -> None:
        time.sleep(0.01)
        out[...] = 1


def memory(path: Path, shape: list[int], unit: list[int], **policy: Any) -> float:
    """Return the highest memory of a fresh process that writes so much, in MB."""
    arguments = [str(path), *map(json.dumps, (shape, unit, policy))]
    command = [sys.executable, "-m", "tests.writers.large", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(json.loads(answer.stdout)["peak"])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the highest memory")
@pytest.mark.parametrize(
    ("small", "large", "unit", "policy"),
    [
        ([20, 1, 1, 1024, 1024], [400, 1, 1, 1024, 1024], [1, 1, 1, 1024, 1024], {}),
        ([1, 1, 1, 4000, 20000], [1, 1, 1, 20000, 20000], [1, 1, 1, 1, 20000], {"levels": "auto"}),
        ([5000, 1, 1, 64, 64], [50000, 1, 1, 64, 64], [1, 1, 1, 64, 64], {}),
    ],
)
def test_memory_does_not_grow_with_the_image(
    tmp_path: Path, small: list[int], large: list[int], unit: list[int], policy: dict[str, Any]
) -> None:
    before, after = (memory(tmp_path / f"{sum(shape)}.ome.tif", shape, unit, **policy) for shape in (small, large))
    assert after < 150
    assert after - before < 25


def test_errors_are_omios(tmp_path: Path) -> None:
    for pixels in (np.zeros((1, 1, 1, 2, 2), "U1"), np.zeros((1, 1, 1, 2, 2), "datetime64[s]")):
        with pytest.raises(OmioError):
            write(pixels, tmp_path / "a.ome.tif")


def test_recipes_that_are_foreign_have_no_files_behind_them(tmp_path: Path) -> None:
    class Bare(ArrayRecipe):
        def leaves(self) -> Any:
            yield from ()

    recipe: Recipe = Bare(np.zeros(SHAPE, np.uint8))
    assert write(SampleImage(recipe, Facts.of(SHAPE)), tmp_path / "a.ome.tif").lost == ()
