"""ImageJ stacks and hyperstacks, by ImageJ's own rules."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from omio.backends.base import OpenOptions
from omio.backends.tiff.imagej import ImageJBackend
from omio.errors import AxesError, DamagedFileError, OmioWarning
from tests.backends.tiff.made import noise, write

if TYPE_CHECKING:
    from pathlib import Path

    from omio.metadata.facts import Facts


def opened(path: Path, **options: Any) -> ImageJBackend:
    return ImageJBackend(str(path), OpenOptions(**options))


def described(path: Path, pixels: Any, *lines: str, **options: Any) -> Path:
    """Write pages whose description is exactly these lines."""
    text = "\n".join(("ImageJ=1.54f", *lines, ""))
    return write(path, pixels, description=text, **options)


def spacing(facts: Facts) -> dict[str, float | None]:
    return {dim: axis.spacing for dim, axis in facts.axes.items()}


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"byteorder": "<"}])
def test_channels_run_fastest_then_slices_then_frames(tmp_path: Path, options: dict[str, Any]) -> None:
    pixels = noise(4, 3, 2, 20, 30)
    path = write(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "TZCYX"}, **options)
    recipe = opened(path).array("0")
    assert recipe.shape == pixels.shape
    np.testing.assert_array_equal(recipe.load(), pixels)
    np.testing.assert_array_equal(recipe[3, 1, 0], pixels[3, 1, 0])
    assert len(pickle.dumps(recipe)) < 1500


def test_images_alone_are_slices(tmp_path: Path) -> None:
    pixels = noise(6, 20, 30)
    path = described(tmp_path / "a.tif", pixels, "images=6")
    assert opened(path).array("0").shape == (1, 6, 1, 20, 30)
    relabelled = opened(path, axes="TYX").array("0")
    assert relabelled.shape == (6, 1, 1, 20, 30)
    np.testing.assert_array_equal(relabelled.load()[:, 0, 0], pixels)


def test_relabelling_must_fit(tmp_path: Path) -> None:
    path = described(tmp_path / "a.tif", noise(6, 20, 30), "images=6", "slices=3", "frames=2")
    assert opened(path).array("0").shape == (2, 3, 1, 20, 30)
    assert opened(path, axes="ZTYX").array("0").shape == (3, 2, 1, 20, 30)
    with pytest.raises(AxesError, match="3 axes"):
        opened(path, axes="TYX").array("0")


def test_a_wrong_product_gives_slices_and_a_warning(tmp_path: Path) -> None:
    path = described(tmp_path / "a.tif", noise(3, 20, 30), "images=3", "channels=7", "slices=5", "frames=2")
    with pytest.warns(OmioWarning, match="C 7, the file has 3 planes"):
        backend = opened(path)
    assert backend.array("0").shape == (1, 3, 1, 20, 30)


def test_chosen_planes(tmp_path: Path) -> None:
    pixels = noise(6, 20, 30)
    path = described(tmp_path / "a.tif", pixels, "images=6", "frames=6")
    np.testing.assert_array_equal(opened(path, pages=slice(1, 5, 2)).array("0").load()[:, 0, 0], pixels[1:5:2])


def test_rgb(tmp_path: Path) -> None:
    pixels = noise(5, 20, 30, 3, dtype="uint8")
    path = write(tmp_path / "a.tif", pixels, imagej=True, photometric="rgb", metadata={"axes": "ZYXS"})
    recipe = opened(path).array("0")
    assert recipe.shape == (1, 5, 1, 20, 30, 3)
    np.testing.assert_array_equal(recipe.load()[0, :, 0], pixels)


class TestOneIfd:
    @pytest.fixture
    def large(self, tmp_path: Path) -> Path:
        """Write what ImageJ writes beyond 4 GB: one IFD, all planes behind it; most of the file is a hole."""
        path, size, count = tmp_path / "a.tif", 2 * 512 * 1024, 4500
        planes = noise(1, 512, 1024)
        described(path, planes[0], f"images={count}", "frames=1500", "channels=3", "hyperstack=true", byteorder=">")
        with tifffile.TiffFile(path) as tiff:
            start = tiff.pages.first.dataoffsets[0]
        with path.open("r+b") as file:
            file.truncate(start + count * size)
            file.seek(start + 4499 * size)
            file.write((planes[0] + 1).astype(">u2").tobytes())
        return path

    def test_all_planes_are_there(self, large: Path) -> None:
        assert large.stat().st_size > 4 << 30
        recipe = opened(large).array("0")
        assert recipe.shape == (1500, 1, 3, 512, 1024)
        first = noise(1, 512, 1024)[0]
        np.testing.assert_array_equal(recipe[0, 0, 0], first)
        np.testing.assert_array_equal(recipe[1499, 0, 2, 100:110, 5:600], (first + 1)[100:110, 5:600])
        assert not recipe[700, 0, 1].any()

    def test_a_cut_file_is_damage(self, large: Path) -> None:
        with large.open("r+b") as file:
            file.truncate(3 << 20)
        with pytest.raises(DamagedFileError, match="ends after 2 of 4500 planes"):
            opened(large)
        recipe = opened(large, strict=False).array("0")
        with pytest.warns(OmioWarning, match="page 3, segment 0"):
            assert not recipe[1, 0, 0].any()
        np.testing.assert_array_equal(recipe[0, 0, 0], noise(1, 512, 1024)[0])


class TestCalibration:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (("unit=um",), {"X": 0.5, "Y": 0.25}),
            (("unit=micron", "spacing=2"), {"X": 0.5, "Y": 0.25, "Z": 2.0}),
            (("unit=\\u00B5m", "spacing=2"), {"X": 0.5, "Y": 0.25, "Z": 2.0}),
            (("unit=nm", "spacing=200"), {"X": 0.0005, "Y": 0.00025, "Z": 0.2}),
            (("unit=mm", "spacing=0.002"), {"X": 500.0, "Y": 250.0, "Z": 2.0}),
            (("unit=inch",), {"X": 12700.0, "Y": 6350.0}),
            (("unit=cm", "yunit=mm", "zunit=um", "spacing=3"), {"X": 5000.0, "Y": 250.0, "Z": 3.0}),
            (("unit=pixel", "spacing=2"), {}),
            (("unit=",), {}),
            ((), {}),
            (("finterval=2.5",), {"T": 2.5}),
            (("finterval=2", "tunit=min"), {"T": 120.0}),
            (("finterval=40", "tunit=ms"), {"T": 0.04}),
            (("fps=10",), {"T": 0.1}),
            (("finterval=0", "fps=4"), {"T": 0.25}),
            (("finterval=0",), {}),
        ],
    )
    def test_units(self, tmp_path: Path, lines: tuple[str, ...], expected: dict[str, float]) -> None:
        path = described(tmp_path / "a.tif", noise(4, 8, 8), "images=4", "slices=4", *lines, resolution=(2, 4))
        facts = opened(path).metadata("0")
        assert spacing(facts) == pytest.approx(expected)
        assert len(facts.static.sources) == len(expected)

    @pytest.mark.parametrize("line", ["spacing=-5", "spacing=1e-19", "spacing=inf", "finterval=-1", "finterval=nan"])
    def test_what_cannot_be_is_unknown_and_told(self, tmp_path: Path, line: str) -> None:
        path = described(tmp_path / "a.tif", noise(4, 8, 8), "images=4", "unit=um", line)
        with pytest.warns(OmioWarning, match="cannot be"):
            backend = opened(path)
        facts = backend.metadata("0")
        assert "Z" not in facts.axes
        assert "T" not in facts.axes
        assert facts.static.original["refused"]
        assert facts.static.original["ImageJ"][line.split("=")[0]] == line.split("=")[1]

    def test_72_per_inch_is_what_imagej_takes_for_none(self, tmp_path: Path) -> None:
        path = described(tmp_path / "a.tif", noise(8, 8), "unit=inch", resolution=(72, 72), resolutionunit="inch")
        assert not opened(path).metadata("0").axes

    def test_a_renamed_axis_does_not_keep_its_spacing(self, tmp_path: Path) -> None:
        path = described(tmp_path / "a.tif", noise(4, 8, 8), "images=4", "slices=4", "unit=um", "spacing=2")
        assert "Z" not in opened(path, axes="TYX").metadata("0").axes


class TestMetadata:
    @pytest.fixture
    def facts(self, tmp_path: Path) -> Facts:
        ramp = np.arange(256, dtype="u1")
        fire = np.random.default_rng(0).integers(0, 256, (3, 256), dtype="u1")
        red = np.stack([ramp, 0 * ramp, 0 * ramp])
        metadata = {
            "axes": "ZCYX",
            "Labels": [f"plane {number}" for number in range(6)],
            "LUTs": [red, fire],
            "Ranges": (0.0, 100.0, 5.0, 900.0),
            "Info": "what the microscope said",
            "mode": "composite",
        }
        path = write(tmp_path / "a.tif", noise(3, 2, 20, 30), imagej=True, metadata=metadata)
        return opened(path).metadata("0")

    def test_labels_lie_on_planes(self, facts: Facts) -> None:
        assert facts.planes is not None
        labels = facts.planes.columns["label"]
        assert labels.shape == (1, 3, 2)
        assert labels[0].tolist() == [["plane 0", "plane 1"], ["plane 2", "plane 3"], ["plane 4", "plane 5"]]

    def test_luts_give_colours_where_they_are_ramps(self, facts: Facts) -> None:
        assert facts.channels["color"] == ("#FF0000", None)
        assert facts.channels["lut"][0].startswith("000000010000020000")
        assert [len(lut) for lut in facts.channels["lut"]] == [1536, 1536]
        assert facts.channels["window"] == ((0.0, 100.0), (5.0, 900.0))

    def test_the_rest_is_original(self, facts: Facts) -> None:
        original = pickle.loads(pickle.dumps(facts.static.original))  # noqa: S301
        assert original["Info"] == "what the microscope said"
        assert original["ImageJ"]["mode"] == "composite"
        assert "Labels" not in original
        assert "LUTs" not in original

    def test_labels_of_another_number_stay_in_original(self, tmp_path: Path) -> None:
        metadata = {"axes": "ZYX", "Labels": ["one", "two"]}
        path = write(tmp_path / "a.tif", noise(3, 20, 30), imagej=True, metadata=metadata)
        facts = opened(path).metadata("0")
        assert facts.planes is None
        assert facts.static.original["Labels"] == ["one", "two"]

    def test_the_range_of_a_single_channel(self, tmp_path: Path) -> None:
        path = described(tmp_path / "a.tif", noise(8, 8), "min=10.0", "max=250.5")
        assert opened(path).metadata("0").channels["window"] == ((10.0, 250.5),)
