"""``omio merge``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
import tifffile

import omio
from omio.cli import main
from omio.policies.merge import StrictMerge

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def merge(*arguments: str | Path) -> int:
    return main(["merge", *map(str, arguments)])


def frame(path: Path, value: int, *, height: int = 24, dtype: str = "uint16", channel: str = "DAPI") -> Path:
    tifffile.imwrite(
        path,
        np.full((height, 32), value, dtype),
        metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": channel}},
        ome=True,
    )
    return path


def read(path: Path) -> NDArray[np.generic]:
    pixels: NDArray[np.generic] = tifffile.imread(path)
    return pixels


@pytest.fixture
def frames(tmp_path: Path) -> list[Path]:
    return [frame(tmp_path / f"{name}.ome.tif", value) for value, name in enumerate(("b", "a", "c"), start=1)]


def test_joins_in_the_order_given(frames: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "movie.ome.tif"
    assert merge(*frames, "-o", target) == 0
    assert read(target)[:, 0, 0].tolist() == [1, 2, 3]
    with omio.open(target) as movie:
        assert movie.sizes["T"] == 3
        assert movie.pixel_size["X"] == 0.5
    streams = capsys.readouterr()
    assert streams.out.startswith(f"3 images along T -> {target}  ")
    assert not streams.err


@pytest.mark.parametrize("along", ["Z", "C"])
def test_joins_along(along: str, frames: list[Path], tmp_path: Path) -> None:
    assert merge(*frames, "-o", tmp_path / "all.tif", "--along", along) == 0
    with omio.open(tmp_path / "all.tif") as whole:
        assert whole.sizes[along] == 3


def test_conflicts_are_listed_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = frame(tmp_path / "a.tif", 1), frame(tmp_path / "b.tif", 2, height=20, dtype="uint8", channel="GFP")
    assert merge(*parts, "-o", tmp_path / "out.tif") == 1
    told = capsys.readouterr().err
    for conflict in ("dtype: uint16 and uint8", "Y size: 24 and 20", "channel 0 name: DAPI and GFP"):
        assert f"part 2 (b.tif): {conflict}" in told
    assert not (tmp_path / "out.tif").exists()


@pytest.mark.parametrize(
    ("arguments", "height", "last"),
    [
        (["--policy", "padded"], 24, 0),
        (["--pad", "constant:9", "--align", "end"], 24, 2),
        (["--pad", "edge"], 24, 2),
        (["--policy", "cropped", "--align", "center"], 20, 2),
    ],
)
def test_other_sizes(
    arguments: list[str], height: int, last: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = frame(tmp_path / "a.tif", 1), frame(tmp_path / "b.tif", 2, height=20)
    target = tmp_path / "out.tif"
    assert merge(*parts, "-o", target, *arguments) == 0
    pixels = read(target)
    assert pixels.shape == (2, height, 32)
    assert pixels[1, -1, 0] == last
    assert "Y from 2" in capsys.readouterr().err
    steps = [step.model_dump() for step in omio.open(target).metadata.provenance]
    (step,) = (step for step in steps if step["action"] == "merge")
    assert omio.MergePolicy.resolve(step["policy"]).describe() == step["policy"]


@pytest.mark.parametrize("pad", ["constant:", "constant:much", "zero:3"])
def test_a_pad_value_that_means_nothing_is_refused(
    pad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = frame(tmp_path / "a.tif", 1), frame(tmp_path / "b.tif", 2, height=20)
    assert merge(*parts, "-o", tmp_path / "no.tif", "--pad", pad) == 1
    assert "value: " in capsys.readouterr().err


def test_fields_of_the_policy(tmp_path: Path) -> None:
    parts = frame(tmp_path / "a.tif", 1, dtype="uint8"), frame(tmp_path / "b.tif", 300)
    target = tmp_path / "out.tif"
    assert merge(*parts, "-o", target, "--along", "C", "--dtype", "promote", "--names", "source") == 0
    with omio.open(target) as both:
        assert [channel.name for channel in both.metadata.channels] == ["DAPI", "DAPI (b.tif)"]
        assert both.load()[0, 0, :, 0, 0].tolist() == [1, 300]


def test_whose_facts_count(tmp_path: Path) -> None:
    parts = frame(tmp_path / "a.tif", 1), frame(tmp_path / "b.tif", 2, channel="GFP")
    assert merge(*parts, "-o", tmp_path / "no.tif") == 1
    assert merge(*parts, "-o", tmp_path / "out.tif", "--metadata", "channels=first") == 0
    with pytest.raises(SystemExit) as caught:
        merge(*parts, "-o", tmp_path / "no.tif", "--metadata", "channels")
    assert caught.value.code == 2


def test_a_policy_of_ones_own(frames: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Lenient(StrictMerge):
        kind: ClassVar[str] = "lenient-on-the-command-line"

    assert merge(*frames, "-o", tmp_path / "out.tif", "--policy", Lenient.kind) == 0
    assert merge(*frames, "-o", tmp_path / "no.tif", "--policy", "lax") == 1
    told = capsys.readouterr().err
    assert "no policy 'lax' here. There are cropped, " in told
    assert Lenient.kind in told


def test_dry_run_writes_nothing_and_says_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = frame(tmp_path / "a.tif", 1), frame(tmp_path / "b.tif", 2, height=20)
    target = tmp_path / "out.tif"
    assert merge(*parts, "-o", target, "--pad", "zero", "-n") == 0
    head, policy, first, second = capsys.readouterr().out.splitlines()
    assert head.startswith(f"2 images along T -> {target}  would be written: T 2 Z 1 C 1 Y 24 X 32, uint16")
    assert policy == "  policy padded"
    assert first == f"  T 0:1  {parts[0]}"
    assert second == f"  T 1:2  {parts[1]}  padded Y 0:4"
    assert merge(*parts, "-o", target, "--pad", "zero", "-n", "--json", "-q") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["merge"]["parts"][1]["padded"] == {"Y": [0, 4]}
    assert plan["sources"] == [str(part) for part in parts]
    assert not target.exists()


def test_tiles_are_placed_by_their_stage_positions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiles = []
    for number in (1, 2):
        position = {"PositionX": [16.0 * number], "PositionXUnit": ["µm"], "PositionY": [3.0], "PositionYUnit": ["µm"]}
        sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
        tiles.append(tmp_path / f"{number}.ome.tif")
        tifffile.imwrite(
            tiles[-1], np.full((24, 32), number, np.uint8), metadata={"axes": "YX", **sizes, "Plane": position}
        )
    target = tmp_path / "whole.ome.tif"
    assert merge(*tiles, "--along", "M", "-o", target, "-n") == 0
    assert f"Y 0:24, X 32:64  {tiles[1]}" in capsys.readouterr().out
    assert merge(*reversed(tiles), "--along", "M", "-o", target) == 0
    assert read(target)[0, ::16].tolist() == [1, 1, 2, 2]


def test_a_source_is_never_overwritten(frames: list[Path]) -> None:
    before = frames[1].read_bytes()
    assert merge(*frames, "-o", frames[1], "-f") == 1
    assert merge(*frames, "-o", frames[1], "-f", "-n") == 1
    assert frames[1].read_bytes() == before


def test_several_scenes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for name in ("left", "right"):
            writer.write(np.zeros((8, 8), "uint8"), metadata={"axes": "YX", "Name": name})
    assert merge(path, path, "-o", tmp_path / "out.tif") == 1
    told = capsys.readouterr().err
    assert "has 2 scenes" in told
    assert "left" in told
    assert merge(path, path, "-o", tmp_path / "out.tif", "--scene", "left") == 0


def test_a_missing_file_is_named(frames: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert merge(*frames, tmp_path / "gone.tif", "-o", tmp_path / "out.tif") == 1
    assert "gone.tif: no such file" in capsys.readouterr().err
    assert not (tmp_path / "out.tif").exists()


def test_a_mosaic_says_where_its_tiles_lie(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, at in (("a", 0.0), ("b", 16.0)):
        tifffile.imwrite(
            tmp_path / f"{name}.ome.tif",
            np.ones((24, 32), "uint8"),
            metadata={
                "axes": "YX",
                "PhysicalSizeX": 0.5,
                "PhysicalSizeY": 0.5,
                "Plane": {"PositionX": [at], "PositionY": [0.0], "PositionXUnit": ["µm"], "PositionYUnit": ["µm"]},
            },
            ome=True,
        )
    tiles = [tmp_path / f"{name}.ome.tif" for name in "ab"]
    assert merge(*tiles, "-o", tmp_path / "all.tif", "--along", "M", "-n") == 0
    head, policy, _, second = capsys.readouterr().out.splitlines()[:4]
    assert "Y 24 X 64" in head
    assert policy == "  policy mosaic"
    assert second == f"  Y 0:24, X 32:64  {tiles[1]}"
