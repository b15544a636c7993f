from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
import tifffile
import xarray as xr

import omio
from omio import Backend, Facts, MicroscopyDataset
from omio.backends import registry
from omio.backends.base import Confidence
from omio.errors import (
    AxesError,
    ChangedFileError,
    FileAccessError,
    FileMissingError,
    MergeError,
    OptionError,
    SceneError,
    UnsupportedFormatError,
)
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.handles import HANDLES
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.lazy.recipe import Recipe


class TwoScenes(Backend):
    """Scenes and levels that exist only for these tests."""

    name = "two-scenes"
    extensions: ClassVar[tuple[str, ...]] = (".two",)
    option_names: ClassVar[tuple[str, ...]] = ("fill",)

    def scenes(self) -> tuple[str, ...]:
        return ("A1", "B2")

    def level_count(self, scene: str) -> int:
        return 2 if scene == "B2" else 1

    def array(self, scene: str, level: int = 0) -> Recipe:
        fill = self.options.extra.get("fill", 0) + self.scenes().index(scene)
        return ArrayRecipe(np.full((1, 1, 1, 8 >> level, 8 >> level), fill, np.uint8))

    def metadata(self, scene: str) -> Facts:
        return Facts.of((1, 1, 1, 8, 8), name=scene, pixel_size={"X": 0.5})


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Path]:
    omio.register_backend(TwoScenes)
    path = tmp_path / "plate.two"
    path.write_bytes(b"anything")
    yield path
    registry.unregister("two-scenes")


@pytest.fixture
def stack(tmp_path: Path) -> makers.Sample:
    return makers.ome_tiff(tmp_path / "cells.ome.tif")


class TestChoosing:
    def test_content_decides_not_the_name(self, tmp_path: Path, stack: makers.Sample) -> None:
        renamed = stack.path.rename(tmp_path / "cells.dat")
        assert omio.open(renamed).identical(omio.open(renamed, backend="ometiff"))
        assert omio.backends.candidates(renamed)[0] == "ometiff"
        assert "ometiff: content" in omio.backends.explain(renamed)

    def test_nobody_reads_it(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.tif"
        path.write_text("no image")
        with pytest.raises(UnsupportedFormatError, match=r"notes.tif: no backend reads this file.*ometiff"):
            omio.open(path)
        with pytest.raises(UnsupportedFormatError, match="no backend 'nd3'"):
            omio.open(path, backend="nd3")

    def test_nothing_is_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"absent.tif"):
            omio.open(tmp_path / "absent.tif")

    def test_what_is_no_file_is_not_read(self, tmp_path: Path) -> None:
        if not hasattr(os, "mkfifo"):
            pytest.skip("this system has no named pipes")
        pipe = tmp_path / "pipe.tif"
        os.mkfifo(pipe)
        with pytest.raises(UnsupportedFormatError, match=r"pipe.tif: is neither a file nor a folder"):
            omio.open(pipe)

    def test_what_may_not_be_read_is_told(self, stack: makers.Sample, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(FileAccessError, match=r"cells.ome.tif: cannot be read: Permission denied"):
            omio.open(stack.path)

    def test_options_are_the_backends_own(self, two: Path) -> None:
        assert (omio.open(two, scene=0, fill=7).load() == 7).all()
        with pytest.raises(OptionError, match=r"no option fil.*fill"):
            omio.open(two, scene=0, fil=7)

    def test_two_that_are_equally_sure(self, two: Path) -> None:
        class Rival(TwoScenes):
            name = "rival"

        omio.register_backend(Rival)
        try:
            with pytest.raises(UnsupportedFormatError, match="equally sure"):
                omio.open(two, scene=0)
        finally:
            registry.unregister("rival")

    def test_a_broken_plug_in_is_one_warning(self, stack: makers.Sample, monkeypatch: pytest.MonkeyPatch) -> None:
        from omio.registry import PluginSpec

        monkeypatch.setitem(registry._specs, "broken", PluginSpec("broken", "omio_absent_package:Nothing"))
        with pytest.warns(omio.OmioWarning, match="broken"):
            omio.open(stack.path)
        omio.open(stack.path)

    def test_confidence_is_ordered(self) -> None:
        assert Confidence.NO < Confidence.EXTENSION < Confidence.GENERIC < Confidence.CONTENT


class TestScenesAndLevels:
    def test_several_scenes_must_be_chosen_from(self, two: Path) -> None:
        with pytest.raises(SceneError, match=r"has 2 scenes. Choose with scene=: 'A1', 'B2'"):
            omio.open(two)
        with pytest.raises(KeyError, match="no scene 'C3'"):
            omio.open(two, scene="C3")
        assert omio.open(two, scene="B2").name == omio.open(two, scene=1).name == omio.open(two, scene=-1).name == "B2"

    def test_a_collection_is_a_lazy_mapping(self, two: Path) -> None:
        scenes = omio.open_collection(two)
        assert list(scenes) == ["A1", "B2"]
        assert [image.load().max() for image in scenes.values()] == [0, 1]
        assert scenes["A1"] is scenes["A1"]
        with pytest.raises(SceneError, match=r"no scene 'C'. Choose with scene=: 'A1', 'B2'"):
            scenes["C"]

    def test_opening_a_level(self, two: Path) -> None:
        level = omio.open(two, scene="B2", level=1)
        assert level.sizes["X"] == 4
        assert level.pixel_size["X"] == 1.0
        with pytest.raises(SceneError, match="There are levels 0 to 1"):
            omio.open(two, scene="B2", level=2)

    def test_xarray_opens_scenes_as_a_tree(self, two: Path) -> None:
        tree = xr.open_datatree(two, engine="omio")
        assert set(tree.children) == {"A1", "B2"}
        assert tree["B2/level_1"].image.sizes["X"] == 4
        assert xr.open_dataset(two, engine="omio", scene="A1").image.shape == (1, 1, 1, 8, 8)


class TestFiles:
    def test_what_went_in_comes_out(self, stack: makers.Sample) -> None:
        image = omio.open(stack.path)
        np.testing.assert_array_equal(image.load(), stack.pixels)
        assert image.pixel_size == stack.pixel_size
        assert image.metadata.time_increment == stack.time_increment
        assert tuple(channel.name for channel in image.metadata.channels) == stack.channels

    def test_xarray_opens_it_lazily(self, stack: makers.Sample) -> None:
        image = xr.open_dataset(stack.path, engine="omio").image
        assert image.dims == tuple("TZCYX")
        np.testing.assert_array_equal(image.sel(C="EGFP").values, stack.pixels[:, :, 0])

    def test_a_file_that_changed_is_noticed(self, stack: makers.Sample) -> None:
        image = omio.open(stack.path)
        HANDLES.clear()
        tifffile.imwrite(stack.path, np.zeros((4, 4), "uint8"))
        with pytest.raises(ChangedFileError, match="Open it again"):
            image.load()

    def test_closing_lets_go_of_the_file(self, stack: makers.Sample) -> None:
        image = omio.open(stack.path)
        image.load()
        image.close()
        descriptors = Path("/proc/self/fd")
        if not descriptors.exists():
            pytest.skip("this system does not list open files")
        held = {link.readlink() for link in descriptors.iterdir() if link.is_symlink()}
        assert stack.path not in held

    def test_recipes_are_small(self, stack: makers.Sample) -> None:
        assert len(pickle.dumps(omio.open(stack.path).recipe)) < 1000

    @pytest.mark.parametrize("method", ["fork", "spawn"])
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_other_processes_read_it(self, stack: makers.Sample, method: str) -> None:
        if method not in multiprocessing.get_all_start_methods():
            pytest.skip(f"this system does not {method}")
        image = omio.open(stack.path)
        image.load()
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            sums = list(pool.map(total, [image.isel(T=t) for t in range(image.sizes["T"])]))
        assert sums == [int(frame.sum()) for frame in stack.pixels]

    def test_opening_needs_no_heavy_package(self, stack: makers.Sample) -> None:
        heavy = ("dask", "xarray", "zarr", "pydantic", "ome_types", "czifile")
        code = (
            f"import sys, omio; image = omio.open({str(stack.path)!r}); image.isel(T=0).load(); repr(image);"
            f"sys.exit(' '.join(name for name in {heavy} if name in sys.modules) or 0)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def total(image: MicroscopyDataset) -> int:
    return int(image.load().sum())


class TestSequences:
    def test_numbers_are_sorted_by_value(self, tmp_path: Path) -> None:
        for t in (10, 8, 9):
            tifffile.imwrite(tmp_path / f"t{t}.tif", np.full((4, 5), t, "uint16"))
        image = omio.open(tmp_path / "t{T}.tif")
        assert image.load()[:, 0, 0, 0, 0].tolist() == [8, 9, 10]
        assert image.metadata.time_increment is None

    def test_several_fields(self, tmp_path: Path) -> None:
        for t in range(2):
            for z in range(3):
                for c in ("DAPI", "GFP"):
                    value = 100 * t + 10 * z + len(c)
                    tifffile.imwrite(tmp_path / f"a_t{t:03d}_z{z}_{c}.tif", np.full((4, 5), value, "uint16"))
        image = omio.open(tmp_path / "a_t{T:03d}_z{Z}_{C}.tif")
        assert image.shape == (2, 3, 2, 4, 5)
        assert image.sel(C="GFP").isel(T=1, Z=2).load().max() == 123
        assert len(image.metadata.provenance[0].model_dump()["files"]) == 12

    def test_times_and_sizes_of_the_files_are_kept(self, tmp_path: Path) -> None:
        made = makers.sequence(tmp_path)
        image = omio.open(made.path)
        np.testing.assert_array_equal(image.load(), made.pixels)
        assert image.pixel_size == made.pixel_size

    def test_gaps_are_named(self, tmp_path: Path) -> None:
        for t, z in ((0, 0), (0, 1), (1, 0)):
            tifffile.imwrite(tmp_path / f"t{t}_z{z}.tif", np.zeros((4, 5), "uint8"))
        with pytest.raises(MergeError, match="1 file is missing: T=1, Z=1"):
            omio.open(tmp_path / "t{T}_z{Z}.tif")

    def test_a_gap_in_time_is_an_error_or_filled(self, tmp_path: Path) -> None:
        for t in (0, 1, 3):
            tifffile.imwrite(tmp_path / f"t{t:03d}.tif", np.full((4, 5), t + 1, "uint8"))
        with pytest.raises(MergeError, match="T=2"):
            omio.open(tmp_path / "t{T}.tif")
        with pytest.warns(omio.OmioWarning, match=r"T=2; they are filled with zeros"):
            image = omio.open(tmp_path / "t{T}.tif", strict=False)
        assert image.load()[:, 0, 0, 0, 0].tolist() == [1, 2, 0, 4]
        assert image.metadata.provenance[0].model_dump()["filled"] == [[2]]

    def test_even_strides_are_no_gaps(self, tmp_path: Path) -> None:
        for t in (0, 10, 20):
            tifffile.imwrite(tmp_path / f"t{t:03d}.tif", np.zeros((4, 5), "uint8"))
        assert omio.open(tmp_path / "t{T}.tif").sizes["T"] == 3

    def test_files_that_do_not_fit_are_named(self, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "t0.tif", np.zeros((4, 5), "uint8"))
        tifffile.imwrite(tmp_path / "t1.tif", np.zeros((4, 6), "uint8"))
        with pytest.raises(MergeError, match="X size: 5 and 6"):
            omio.open(tmp_path / "t{T}.tif")

    def test_patterns_that_say_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(FileMissingError, match="no file matches"):
            omio.open(tmp_path / "t{T}.tif")
        with pytest.raises(AxesError, match="fields"):
            omio.open(tmp_path / "t{Q}.tif")
        with pytest.raises(AxesError, match="along which axis"):
            omio.open([tmp_path / "a.tif", tmp_path / "b.tif"])


@pytest.mark.parametrize("path", [None, 0, 3, b"a.tif"])
def test_what_is_no_path_is_named(path: object) -> None:
    with pytest.raises(OptionError, match=r"path=.* Give a path"):
        omio.open(path)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"fname=.* Give a path"):
        omio.create_thorlabs_raw_yaml(path)  # type: ignore[arg-type]
