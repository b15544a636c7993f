"""``omio info``."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from omio.cli import main
from omio.cli.info import describe, lines
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omio.testing.makers import Sample

DIMS = ("T", "Z", "C", "Y", "X", "S")


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(["info", "--json", *arguments])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_tells_what_went_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = makers.project(tmp_path)
    for sample, report in zip(samples, json_of(capsys, *[str(s.path) for s in samples]), strict=True):
        (scene,) = report["scenes"]
        assert scene["sizes"] == dict(zip(DIMS, sample.pixels.shape, strict=False))
        assert scene["dtype"] == sample.pixels.dtype
        assert scene["nbytes"] == sample.pixels.nbytes
        assert known(scene["pixel_size"]) == pytest.approx(sample.pixel_size)
        assert scene["time_increment"] == sample.time_increment
        if sample.channels:
            assert tuple(channel["name"] for channel in scene["channels"]) == sample.channels
        assert report["backend"] in report["backends"]
        assert report["warnings"] == []
        check_files(sample, report)


def known(sizes: dict[str, float | None]) -> dict[str, float]:
    return {dim: size for dim, size in sizes.items() if size is not None}


def check_files(sample: Sample, report: dict[str, Any]) -> None:
    paths = sorted(sample.path.parent.glob("t*.ome.tif")) if "{" in sample.path.name else [sample.path]
    assert report["files"] == [str(path) for path in paths]
    assert report["nbytes"] == sum(path.stat().st_size for path in paths)


def test_text_is_for_people(tmp_path: Path) -> None:
    sample = makers.ome_tiff(tmp_path / "two words µ.ome.tif")
    text = "\n".join(lines(describe(str(sample.path))))
    for line in (
        "two words µ.ome.tif",
        "pixels    T 3  Z 5  C 2  Y 96  X 128   uint16, 737 kB",
        "spacing   T 2.5 s  Z 1.5 µm  Y 0.325 µm  X 0.325 µm",
        "channels  0  EGFP  #00FF00  excitation 488 nm  emission 509 nm",
        "          1  mCherry  #FF0000",
        "ometiff by content",
    ):
        assert line in text


def test_unknown_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = makers.stack(tmp_path / "stack.tif")
    (report,) = json_of(capsys, str(stack.path), "--axes", "ZYX")
    (scene,) = report["scenes"]
    assert scene["pixel_size"] == {"Z": None, "Y": None, "X": None}
    assert scene["time_increment"] is None
    assert scene["sizes"]["Z"] == 5
    assert "spacing   T unknown  Z unknown" in "\n".join(lines(report))


def test_an_axis_without_a_name_is_an_error_that_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = makers.stack(tmp_path / "stack.tif")
    assert main(["info", str(stack.path)]) == 1
    streams = capsys.readouterr()
    assert "axes" in streams.err
    assert "stored    " in streams.out


def test_goes_on_after_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = makers.rgb(tmp_path / "good.tif").path
    text = tmp_path / "notes.txt"
    text.write_text("no image")
    assert main(["info", str(tmp_path / "absent"), str(text), str(good)]) == 1
    streams = capsys.readouterr()
    assert str(good) in streams.out
    assert streams.err.count("omio: error: ") == 2
    assert "no backend reads this file" in streams.err


def test_a_folder_tells_each_image_also_beside_a_damaged_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    makers.stack(tmp_path / "a.tif")
    (tmp_path / "b.tif").write_bytes(b"II*\0" + b"\xff" * 8)
    assert main(["info", str(tmp_path), "--axes", "ZYX"]) == 1
    shown = capsys.readouterr()
    assert "a folder of images" in shown.out
    assert "b.tif: the first IFD" in shown.err
    (report,) = json_of(capsys, str(tmp_path), "--axes", "ZYX")
    assert [scene["name"] for scene in report["scenes"]] == ["a.tif", "b.tif"]
    assert "sizes" in report["scenes"][0]
    assert "error" in report["scenes"][1]


def test_a_failure_is_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (report,) = json_of(capsys, str(tmp_path / "absent"))
    assert "absent: no such file or folder. " in report["error"]


def test_an_unknown_scene_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = makers.rgb(tmp_path / "a.tif")
    assert main(["info", str(sample.path), "--scene", "nowhere"]) == 1
    assert "no scene 'nowhere'" in capsys.readouterr().err


HEAVY = {"dask", "xarray", "zarr", "ome_types", "rich", "pandas", "matplotlib"}


def loaded_by_info(sample: Sample) -> set[str]:
    code = f"import omio.cli, sys; omio.cli.main(['info', {str(sample.path)!r}]); print(*sys.modules, file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    return set(result.stderr.split())


@pytest.mark.parametrize("maker", [makers.ome_tiff, makers.imagej, makers.rgb])
def test_needs_nothing_heavy(maker: Callable[[Path], Sample], tmp_path: Path) -> None:
    assert not loaded_by_info(maker(tmp_path / "a.tif")) & (HEAVY | {"pydantic"})


def test_a_sequence_needs_only_its_policy(tmp_path: Path) -> None:
    assert not loaded_by_info(makers.sequence(tmp_path)) & HEAVY
