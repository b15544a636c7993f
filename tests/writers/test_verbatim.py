from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.errors import DamagedFileError, OmioError
from omio.writers import stream, tiffstream

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def pixels(frames: int = 4, side: int = 40, dtype: str = "<u2") -> NDArray[Any]:
    return np.random.default_rng(frames).integers(0, 200, (frames, side, side)).astype(dtype)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often segments are made from pixels."""
    calls: list[int] = []

    def counting(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return stream.encoded(*arguments, **options)

    monkeypatch.setattr(tiffstream, "encoded", counting)
    return calls


def written(image: omio.MicroscopyDataset, path: Path, **policy: Any) -> NDArray[Any]:
    image.to_ometiff(path, **{"compression": "none", "levels": 1, **policy})
    found: NDArray[Any] = tifffile.imread(path)
    return found


@pytest.mark.parametrize("rows", [40, 8])
def test_uncompressed_planes_of_many_files_are_copied(tmp_path: Path, encoded: list[int], rows: int) -> None:
    parts = [pixels(frames) for frames in (3, 1, 5)]
    for k, part in enumerate(parts):
        tifffile.imwrite(tmp_path / f"{k}.tif", part, imagej=True, metadata={"axes": "TYX"}, rowsperstrip=rows)
    merged = omio.merge([omio.open(tmp_path / f"{k}.tif") for k in range(3)])

    found = written(merged, tmp_path / "all.ome.tif")

    np.testing.assert_array_equal(found, np.concatenate(parts))
    assert not encoded


def test_a_selection_of_planes_is_copied_in_its_order(tmp_path: Path, encoded: list[int]) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(9), metadata={"axes": "TYX"}, byteorder="<")
    image = omio.open(tmp_path / "a.ome.tif")

    np.testing.assert_array_equal(written(image.isel(T=slice(None, None, -2)), tmp_path / "b.ome.tif"), pixels(9)[::-2])

    assert not encoded


@pytest.mark.parametrize(
    "made",
    [
        {"byteorder": ">"},
        {"compression": "zlib"},
        {"tile": (16, 16)},
    ],
    ids=["byte order", "codec", "tiles"],
)
def test_what_lies_otherwise_is_encoded(tmp_path: Path, encoded: list[int], made: dict[str, Any]) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(), metadata={"axes": "TYX"}, **{"byteorder": "<", **made})

    np.testing.assert_array_equal(written(omio.open(tmp_path / "a.ome.tif"), tmp_path / "b.ome.tif"), pixels())

    assert encoded


def test_crops_and_pyramids_are_made_from_pixels(tmp_path: Path, encoded: list[int]) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(), metadata={"axes": "TYX"}, byteorder="<")
    image = omio.open(tmp_path / "a.ome.tif")

    np.testing.assert_array_equal(written(image.isel(X=slice(3, 20)), tmp_path / "b.ome.tif"), pixels()[..., 3:20])
    np.testing.assert_array_equal(written(image, tmp_path / "c.ome.tif", levels=2), pixels())

    assert len(encoded) == 3  # the crop, and both levels


def test_a_source_that_was_cut_short_leaves_no_output(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(), metadata={"axes": "TYX"}, byteorder="<")
    image = omio.open(tmp_path / "a.ome.tif")
    with (tmp_path / "a.ome.tif").open("r+b") as file:
        file.truncate(file.seek(0, 2) - 4000)

    with pytest.raises(OmioError, match=r"a\.ome\.tif"):
        image.to_ometiff(tmp_path / "b.ome.tif", compression="none")

    assert not (tmp_path / "b.ome.tif").exists()


def test_a_file_whose_last_plane_ends_early_is_damaged(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(), metadata={"axes": "TYX"}, byteorder="<")
    whole = (tmp_path / "a.ome.tif").read_bytes()
    (tmp_path / "a.ome.tif").write_bytes(whole[:-4000])

    with pytest.raises(DamagedFileError):
        omio.open(tmp_path / "a.ome.tif").to_ometiff(tmp_path / "b.ome.tif", compression="none")

    assert not (tmp_path / "b.ome.tif").exists()
