"""``omio convert``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio.cli import main
from omio.cli.convert import stem
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path

    from omio.testing.makers import Sample


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    folder = tmp_path / "two words µ"
    folder.mkdir()
    return makers.ome_tiff(folder / "cells.ome.tif")


def convert(*arguments: str | Path) -> int:
    return main(["convert", *map(str, arguments)])


def test_writes_what_it_read(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out µ.ome.tif"
    assert convert(sample.path, "-o", target) == 0
    with omio.open(target) as written, omio.open(sample.path) as source:
        assert written.identical(source)
    np.testing.assert_array_equal(tifffile.imread(target), sample.pixels)
    streams = capsys.readouterr()
    assert streams.out.startswith(f"{sample.path} -> {target}  ")
    assert not streams.err


def test_takes_a_part(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "part.ome.tif"
    assert convert(sample.path, "-o", target, "--channel", "mCherry", "--crop", "Z=1.5um:4.5um,T=::2,X=10:50") == 0
    with omio.open(target) as part:
        np.testing.assert_array_equal(part.load(), sample.pixels[::2, 1:4, 1:, :, 10:50])
        assert [channel.name for channel in part.metadata.channels] == ["mCherry"]
        assert part.metadata.time_increment == 5.0
        assert part.metadata.pixel_size == sample.pixel_size


def test_says_how_it_is_written(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "a.ome.tif"
    fields = ["--compression", "zstd:3", "--levels", "2", "--tile", "32x64", "--downsampling", "nearest"]
    assert convert(sample.path, "-o", target, *fields) == 0
    with tifffile.TiffFile(target) as file:
        page = file.pages.first
        assert (page.compression, page.tilelength, page.tilewidth) == (tifffile.COMPRESSION.ZSTD, 32, 64)
    with omio.open(target) as image:
        assert [level.sizes["X"] for level in image.levels] == [128, 64]


def test_strips_when_there_shall_be_no_tiles(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "a.ome.tif"
    assert convert(sample.path, "-o", target, "--tile", "none", "--compression", "none") == 0
    with tifffile.TiffFile(target) as file:
        assert not file.pages.first.is_tiled


def test_imagej(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "fiji.tif"
    assert convert(sample.path, "-o", target, "--flavor", "imagej") == 0
    with tifffile.TiffFile(target) as file:
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["slices"] == 5
    np.testing.assert_array_equal(tifffile.imread(target), sample.pixels)


def test_casts(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "a.ome.tif"
    assert convert(sample.path, "-o", target, "--cast", "float32") == 0
    assert tifffile.imread(target).dtype == np.float32


def test_names_axes(tmp_path: Path) -> None:
    stack = makers.stack(tmp_path / "stack.tif")
    assert convert(stack.path, "-o", tmp_path / "a.ome.tif") == 1
    assert convert(stack.path, "-o", tmp_path / "a.ome.tif", "--axes", "ZYX") == 0
    with omio.open(tmp_path / "a.ome.tif") as image:
        assert image.sizes["Z"] == 5


def test_a_pattern_is_one_image(tmp_path: Path) -> None:
    sequence = makers.sequence(tmp_path)
    assert convert(sequence.path, "-o", tmp_path / "movie.ome.tif") == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "movie.ome.tif"), sequence.pixels)


def test_several_sources_go_into_a_folder(tmp_path: Path) -> None:
    first, second = makers.ome_tiff(tmp_path / "a.ome.tif"), makers.imagej(tmp_path / "b.tif")
    assert convert(first.path, second.path, "-o", tmp_path / "new" / "out") == 0
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["a.ome.tif", "b.ome.tif"]


def test_a_failure_stops_nothing_and_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = makers.rgb(tmp_path / "good.tif").path
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"II*\0 is no TIFF")
    assert convert(bad, tmp_path / "absent.tif", good, "-o", tmp_path / "out") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.ome.tif"]
    *_, last = capsys.readouterr().err.splitlines()
    assert last == f"omio: 2 of 3 failed: {bad}, {tmp_path / 'absent.tif'}"


def test_two_sources_never_share_a_destination(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        makers.rgb(tmp_path / folder / "same.tif")
    assert convert(tmp_path / "x" / "same.tif", tmp_path / "y" / "same.tif", "-o", tmp_path / "out") == 1
    assert not (tmp_path / "out").exists()
    assert "would be written there" in capsys.readouterr().err


def test_an_existing_file_is_kept_unless_told(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "a.ome.tif"
    target.write_bytes(b"mine")
    assert convert(sample.path, "-o", target) == 1
    assert target.read_bytes() == b"mine"
    assert convert(sample.path, "-o", target, "--overwrite", "increment") == 0
    assert target.read_bytes() == b"mine"
    assert len(list(tmp_path.glob("*.tif"))) == 2
    assert convert(sample.path, "-o", target, "-f") == 0
    np.testing.assert_array_equal(tifffile.imread(target), sample.pixels)


def test_a_source_is_never_overwritten(sample: Sample) -> None:
    before = sample.path.read_bytes()
    assert convert(sample.path, "-o", sample.path, "-f") == 1
    assert sample.path.read_bytes() == before


def test_dry_run_writes_nothing(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "a.ome.tif"
    assert convert(sample.path, "-o", target, "--dry-run", "--json", "--crop", "Z=0:2") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["path"] == str(target)
    assert plan["sizes"] == {"T": 3, "Z": 2, "C": 2, "Y": 96, "X": 128}
    assert plan["lost"] == []
    assert plan["policy"]["compression"] == "zlib"
    assert not target.parent.exists()


def test_dry_run_sees_what_would_fail(sample: Sample, tmp_path: Path) -> None:
    target = tmp_path / "a.ome.tif"
    target.write_bytes(b"")
    assert convert(sample.path, "-o", target, "-n") == 1
    assert convert(sample.path, "-o", target, "-n", "-f") == 0
    assert convert(sample.path, "-o", sample.path, "-n", "-f") == 1
    assert convert(sample.path, "-o", tmp_path / "b.tif", "-n", "--flavor", "imagej", "--cast", "int32") == 1


def test_reports_as_json(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.ome.tif"
    assert convert(sample.path, tmp_path / "absent.tif", "-o", f"{tmp_path}/out/", "--json", "--verify") == 1
    done, failed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    target = tmp_path / "out" / "cells.ome.tif"
    assert (done["source"], done["path"]) == (str(sample.path), str(target))
    assert done["nbytes"] == target.stat().st_size
    assert done["lost"] == []
    assert done["digests"][0] == done["digests"][1]
    assert "absent.tif: no such file or folder. " in failed["error"]


def test_quiet_says_nothing(sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(sample.path, "-o", tmp_path / "a.ome.tif", "-q") == 0
    streams = capsys.readouterr()
    assert not streams.out
    assert not streams.err


@pytest.mark.parametrize("name", ["a.png", "a", "a.ome", "a.czi"])
def test_only_writes_what_the_name_says(name: str, sample: Sample, tmp_path: Path) -> None:
    assert convert(sample.path, "-o", tmp_path / name) == 1
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    "arguments",
    [["--levels", "0"], ["--tile", "big"], ["--crop", "Q=1"], ["--flavor", "gif"], ["--overwrite", "maybe"]],
)
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        convert("a.tif", "-o", "b.tif", *arguments)
    assert caught.value.code == 2


def test_wrong_codec_is_an_error_that_names_it(
    sample: Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(sample.path, "-o", tmp_path / "a.tif", "--compression", "brotlix") == 1
    assert "brotlix" in capsys.readouterr().err
    assert convert(sample.path, "-o", tmp_path / "a.tif", "--compression", "zlib:high") == 1
    assert not (tmp_path / "a.tif").exists()


@pytest.mark.parametrize(
    ("source", "name"),
    [("a.b.tif", "a.b"), ("x/y", "y"), ("dir/x.OME.TIFF", "x"), ("C:\\data\\y.czi", "y"), ("{T}.tif", "image")],
)
def test_stem(source: str, name: str) -> None:
    assert stem(source) == name


class TestOmeZarr:
    @pytest.mark.parametrize("name", ["a.ome.zarr", "a.zarr", "a.ozx", "a.OME.ZARR"])
    def test_the_name_says_the_format(self, sample: Sample, tmp_path: Path, name: str) -> None:
        assert convert(sample.path, "-o", tmp_path / name) == 0
        with omio.open(tmp_path / name) as written, omio.open(sample.path) as source:
            assert written.identical(source)

    def test_and_back(self, sample: Sample, tmp_path: Path) -> None:
        assert convert(sample.path, "-o", tmp_path / "a.ome.zarr") == 0
        assert convert(tmp_path / "a.ome.zarr", "-o", tmp_path / "b.ome.tif") == 0
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.ome.tif"), sample.pixels)
        with omio.open(tmp_path / "b.ome.tif") as written, omio.open(sample.path) as source:
            assert written.identical(source)

    def test_how_it_is_written(self, sample: Sample, tmp_path: Path) -> None:
        fields = ["--version", "0.4", "--chunks", "Z=2,Y=32,X=64", "--levels", "2", "--compression", "zstd:5"]
        assert convert(sample.path, "-o", tmp_path / "a.ome.zarr", *fields) == 0
        full, half = (zarr.open_array(tmp_path / "a.ome.zarr" / level, mode="r") for level in "01")
        assert (full.metadata.zarr_format, full.chunks, half.shape[3:]) == (2, (1, 1, 2, 32, 64), (48, 64))
        described = json.loads((tmp_path / "a.ome.zarr" / "0" / ".zarray").read_bytes())
        assert (described["compressor"]["id"], described["compressor"]["level"]) == ("zstd", 5)

    def test_shards(self, sample: Sample, tmp_path: Path) -> None:
        assert convert(sample.path, "-o", tmp_path / "a.ome.zarr", "--shards", "--chunks", "32x64") == 0
        array = zarr.open_array(tmp_path / "a.ome.zarr" / "0", mode="r")
        assert array.chunks[-2:] == (32, 64)
        assert array.shards is not None

    def test_a_folder_of_results(self, sample: Sample, tmp_path: Path) -> None:
        assert convert(sample.path, "-o", tmp_path, "--to", "omezarr") == 0
        assert convert(tmp_path / "cells.ome.zarr", "-o", f"{tmp_path}/new/") == 0
        assert (tmp_path / "new" / "cells.ome.tif").is_file()

    def test_one_that_is_there_is_a_result_and_not_a_folder_for_results(self, sample: Sample, tmp_path: Path) -> None:
        target = tmp_path / "a.ome.zarr"
        assert convert(sample.path, "-o", target, "--crop", "T=0") == 0
        assert convert(sample.path, "-o", target) == 1
        assert convert(sample.path, "-o", target, "-f") == 0
        assert convert(target, "-o", target, "-f") == 1
        assert zarr.open_array(target / "0", mode="r").shape[0] == 3
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ome.zarr", sample.path.parent.name]

    def test_several_sources_do_not_go_into_a_hierarchy(self, sample: Sample, tmp_path: Path) -> None:
        target = tmp_path / "a.ome.zarr"
        assert convert(sample.path, "-o", target) == 0
        before = sorted(target.rglob("*"))
        assert convert(sample.path, makers.rgb(tmp_path / "b.tif").path, "-o", target, "-f") == 1
        assert sorted(target.rglob("*")) == before

    @pytest.mark.parametrize(
        ("name", "option", "text"),
        [
            ("a.ome.zarr", ["--tile", "512"], "omezarr has no --tile"),
            ("a.ome.zarr", ["--verify", "--flavor", "ome"], "omezarr has no --flavor and no --verify"),
            ("a.ome.tif", ["--shards"], "ometiff has no --shards"),
            ("a.tif", ["--version", "0.4"], "ometiff has no --version"),
            ("a.ome.tif", ["--to", "omezarr"], "is no name that omezarr takes"),
            ("a.ome.zarr", ["--to", "tape"], "no writer 'tape'"),
        ],
    )
    def test_options_of_another_format_are_an_error(
        self,
        sample: Sample,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        name: str,
        option: list[str],
        text: str,
    ) -> None:
        assert convert(sample.path, "-o", tmp_path / name, *option) == 1
        assert text in capsys.readouterr().err
        assert not (tmp_path / name).exists()

    @pytest.mark.parametrize("chunks", ["big", "Q=1", "Y=-1", "Y=", "1x2x3"])
    def test_wrong_chunks(self, chunks: str) -> None:
        with pytest.raises(SystemExit) as caught:
            convert("a.tif", "-o", "b.ome.zarr", "--chunks", chunks)
        assert caught.value.code == 2


class TestScheduler:
    def test_nobody_answers(self, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("omio.lazy.cluster.PATIENCE", 0.2)
        assert convert(sample.path, "-o", tmp_path / "a.ome.zarr", "--scheduler", "tcp://127.0.0.1:9") == 1
        assert not (tmp_path / "a.ome.zarr").exists()

    def test_the_extra_is_missing(
        self, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "distributed", None)
        assert convert(sample.path, "-o", tmp_path / "a.ome.zarr", "--scheduler", "tcp://127.0.0.1:9") == 1
        assert 'pip install "omio[distributed]"' in capsys.readouterr().err
