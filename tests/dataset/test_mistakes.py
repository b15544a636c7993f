"""Plausible mistakes are told by their name, with the word that was perhaps meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[omio.MicroscopyDataset]:
    with omio.open(makers.ome_tiff(tmp_path_factory.mktemp("mistakes") / "cells.ome.tif").path) as image:
        yield image


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda ds, _: omio.open(ds.recipe.stamp.path, scen="A"), "scene"),
        (lambda ds, _: omio.open(ds.recipe.stamp.path, backend="ometif"), "ometiff"),
        (lambda ds, _: ds.sel(c="EGFP"), "C"),
        (lambda ds, _: ds.sel(C="EGPF"), "EGFP"),
        (lambda ds, _: ds.style(gama=1), "gamma"),
        (lambda ds, _: ds.merge(ds, policy="paded"), "padded"),
        (lambda ds, _: ds.with_metadata(pixelsize={}), "pixel_size"),
        (lambda ds, folder: ds.to_ometiff(folder / "a.ome.tif", compresion="zlib"), "compression"),
        (lambda ds, folder: ds.to_ometiff(folder / "a.ome.tif", compression="zlb"), "zlib"),
        (lambda ds, folder: ds.to_omezarr(folder / "a.ome.zarr", compression="zst"), "zstd"),
        (lambda ds, _: omio.PaddedMerge(pad="zro"), "zero"),
    ],
)
def test_the_near_word_is_named(
    call: Callable[..., Any], meant: str, cells: omio.MicroscopyDataset, tmp_path: Path
) -> None:
    with pytest.raises(omio.OmioError, match=f"Did you mean '{meant}'"):
        call(cells, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda ds, _: ds.associated["label"], "no picture 'label'. There are none."),
        (
            lambda ds, folder: ds.to_omezarr(folder / "a.zarr", labels={"n": np.zeros((96, 128), int)}),
            "from_array makes",
        ),
        (lambda ds, _: type(ds).from_xarray(np.zeros((4, 4))), "a ndarray is no DataArray"),
        (lambda ds, _: omio.TileCanvas("QQ"), "has unknown Q. "),
        (lambda ds, _: ds.level_for(), "a level for what\\? Give"),
    ],
)
def test_the_remedy_is_named(
    call: Callable[..., Any], text: str, cells: omio.MicroscopyDataset, tmp_path: Path
) -> None:
    with pytest.raises(omio.OmioError, match=text):
        call(cells, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda ds: ds.sel(C=slice("mCherry", "EGFP")), "SelectionError", "'mCherry' comes after 'EGFP'"),
        (lambda ds: ds.isel(Y=slice(0)).pad({"Y": 1}, policy="edge"), "PolicyError", "Y has no pixels to repeat"),
        (lambda ds: ds.with_metadata(original=5), "MetadataError", "original is 5"),
        (lambda _: omio.Facts.of((1, 1, 1, 4, 4), channels=[{"nmae": "a"}]), "MetadataError", "unknown .*: nmae"),
        (lambda _: omio.Facts.of((1, 1, 1, 4, 4), channels=[{}, {}]), "MetadataError", "2 channels .* has 1"),
        (lambda ds: type(ds).from_array(np.array([[1, None]])), "LayoutError", "dtype object are no numbers"),
        (lambda ds: ds.levels[5], "TileRangeError", "no level 5. There is level 0 only"),
        (lambda _: omio.Facts.of((4, 4)), "AxesError", "an image has 5 dims .*, not 2"),
    ],
    ids=[
        "channels-backwards",
        "edge-of-nothing",
        "original",
        "channel-field",
        "channel-count",
        "objects",
        "level",
        "dims",
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[[omio.MicroscopyDataset], Any], error: str, told: str, cells: omio.MicroscopyDataset
) -> None:
    with pytest.raises(getattr(omio.errors, error), match=told):
        call(cells)
