"""`MicroscopyDataset.cached`: the same image, from a copy."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zarr

import omio
from omio import errors
from omio.lazy import copied
from omio.lazy.copied import Copied
from omio.store.cache import making
from omio.store.cache.entries import FOLDER, entries
from omio.testing import makers
from tests.backends.zarr.made import write_image
from tests.backends.zarr.test_meaning import write_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.dataset import MicroscopyDataset
    from omio.store.cache.entries import Entry


@pytest.fixture(autouse=True)
def _user_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (making, copied):
        monkeypatch.setattr(module, "_told", set())
    with omio.config(cache_dir=tmp_path_factory.mktemp("user")):
        yield


def pyramid(path: Path) -> Path:
    """Write an OME-TIFF with two coarser levels."""
    full = np.random.default_rng(3).integers(0, 4000, (2, 1, 2, 300, 260), dtype="u2")
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(full, subifds=2, metadata={"axes": "TZCYX", "PhysicalSizeX": 0.5}, tile=(64, 64))
        for step in (2, 4):
            writer.write(full[..., ::step, ::step], subfiletype=1, tile=(64, 64))
    return path


def only(folder: Path) -> Entry:
    (entry,) = entries(folder / FOLDER)
    return entry


def from_copy(image: MicroscopyDataset) -> np.ndarray[Any, Any]:
    """Read the copy itself, which nothing stands in for."""
    assert isinstance(image.recipe, Copied)
    return image.recipe.copy.load()


class TestTheSame:
    def test_pixels_metadata_and_levels(self, tmp_path: Path) -> None:
        image = omio.open(pyramid(tmp_path / "a.ome.tif"))
        copy = image.cached()
        assert [level.shape for level in copy.levels] == [level.shape for level in image.levels]
        for mine, theirs in zip(copy.levels, image.levels, strict=True):
            assert mine.identical(theirs)
            np.testing.assert_array_equal(from_copy(mine), theirs.load())
        assert copy.metadata == image.metadata

    @pytest.mark.parametrize("kind", ["rgb", "imagej", "stack"])
    def test_files_of_all_kinds(self, tmp_path: Path, kind: str) -> None:
        sample = getattr(makers, kind)(tmp_path / "a.tif")
        axes = "ZYX" if kind == "stack" else None
        image = omio.open(sample.path, axes=axes)
        assert image.cached().dims == image.dims
        np.testing.assert_array_equal(from_copy(image.cached()), image.load())

    @pytest.mark.parametrize("dtype", ["?", "i1", "u4", "i8", "f2", "f4", "f8", "c8", "c16"])
    def test_dtypes(self, tmp_path: Path, dtype: str) -> None:
        pixels = (np.arange(1 * 2 * 1 * 30 * 41).reshape(1, 2, 1, 30, 41) % 251).astype(dtype)
        omio.MicroscopyDataset.from_array(pixels).to_omezarr(tmp_path / "a.zarr")
        image = omio.open(tmp_path / "a.zarr").cached()
        np.testing.assert_array_equal(from_copy(image), pixels)
        assert image.dtype == pixels.dtype

    def test_merges_and_selections(self, tmp_path: Path) -> None:
        image = omio.open(makers.sequence(tmp_path).path)
        part = image.isel(T=slice(None, None, -1), X=slice(3, 50, 2)).pad({"Y": (1, 2)})
        merged = part.merge(part, along="Z")
        copy = merged.cached()
        assert copy.identical(merged)
        np.testing.assert_array_equal(from_copy(copy), merged.load())
        assert copy.isel(Z=0).cached().identical(merged.isel(Z=0))
        assert len({part.cached().recipe.copy.stamp.path for part in (image, part, merged)}) == 3  # type: ignore[attr-defined]

    def test_what_is_made_of_it(self, tmp_path: Path) -> None:
        image = omio.open(pyramid(tmp_path / "a.ome.tif"))
        copy = image.cached().sel(X=slice(10, 60)).project("T")
        np.testing.assert_array_equal(copy.load(), image.sel(X=slice(10, 60)).project("T").load())
        image.cached().to_ometiff(tmp_path / "b.ome.tif")
        assert omio.open(tmp_path / "b.ome.tif").identical(image)
        np.testing.assert_array_equal(image.cached().data.values, image.load())

    def test_labels_stay(self, tmp_path: Path) -> None:
        write_image(tmp_path / "a.ome.zarr")
        write_labels(tmp_path / "a.ome.zarr")
        image = omio.open(tmp_path / "a.ome.zarr")
        part = image.isel(X=slice(2, 9))
        for copy, of in ((image.cached(), image), (part.cached(), part), (image.cached().isel(X=slice(2, 9)), part)):
            assert copy.labels["cells"].shape[-1] == of.shape[-1]
            assert copy.labels["cells"].identical(of.labels["cells"])


class TestFound:
    def test_by_content(self, tmp_path: Path) -> None:
        path = pyramid(tmp_path / "a.ome.tif")
        omio.open(path).cached()
        made_at = only(tmp_path).manifest["made_at"]
        omio.open(path).cached().cached()
        assert only(tmp_path).manifest["made_at"] == made_at

    def test_where_file_and_copies_were_copied_to(self, tmp_path: Path) -> None:
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
        path = pyramid(tmp_path / "here" / "a.ome.tif")
        omio.open(path).cached()
        shutil.copytree(tmp_path / "here", tmp_path / "there", dirs_exist_ok=True)
        omio.open(tmp_path / "there" / "a.ome.tif").cached()
        assert only(tmp_path / "there").manifest == only(tmp_path / "here").manifest

    def test_other_images_of_a_stem_have_their_own(self, tmp_path: Path) -> None:
        for place, name in enumerate(("x/a.tif", "y/a.tif", "x/a.tiff")):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            tifffile.imwrite(tmp_path / name, np.full((8, 8), place, "u1"))
            os.utime(tmp_path / name, ns=(1, 1))
        images = [omio.open(tmp_path / name).cached(tmp_path) for name in ("x/a.tif", "y/a.tif", "x/a.tiff")]
        assert [int(from_copy(image).max()) for image in images] == [0, 1, 2]
        assert len(list(entries(tmp_path / FOLDER))) == 3

    def test_other_chunks_and_levels_are_other_copies(self, tmp_path: Path) -> None:
        image = omio.open(pyramid(tmp_path / "a.ome.tif"))
        assert image.cached(chunks={"T": 2, "C": 1, "Y": 100, "X": 50}).recipe.chunk == (2, 1, 1, 100, 50)
        assert zarr.open_array(only(tmp_path).path / "0").chunks == (2, 1, 1, 100, 50)
        single = image.cached(levels=1)
        assert [isinstance(level.recipe, Copied) for level in single.levels] == [True, False, False]
        assert len(list(entries(tmp_path / FOLDER))) == 2
        with pytest.raises(errors.SelectionError, match="4 levels are asked for, and there are 3"):
            image.cached(levels=4)

    def test_any_zarr_reader_opens_a_copy(self, tmp_path: Path) -> None:
        image = omio.open(makers.imagej(tmp_path / "a.tif").path)
        image.cached()
        array = zarr.open_array(only(tmp_path).path, mode="r")
        assert array.metadata.dimension_names == image.dims  # type: ignore[union-attr]
        np.testing.assert_array_equal(array[:], image.load())

    def test_what_a_function_makes_is_refused(self, tmp_path: Path) -> None:
        image = omio.open(makers.imagej(tmp_path / "a.tif").path)
        with pytest.raises(errors.LayoutError, match="made by a function"):
            image.map(lambda data: data + 1).cached()
        assert not (tmp_path / FOLDER).exists()


def test_a_pickle_is_small_and_works_in_another_process(tmp_path: Path) -> None:
    image = omio.open(makers.imagej(tmp_path / "a.tif").path).cached()
    text = pickle.dumps(image)
    assert len(text) < 5000
    code = "import pickle, sys; image = pickle.load(sys.stdin.buffer); print(image.recipe.copy.load().sum())"
    found = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, check=True)
    assert int(found.stdout) == image.load().sum()


class TestLost:
    """A copy that ends while it is in use costs time, not the result."""

    @pytest.fixture
    def image(self, tmp_path: Path) -> MicroscopyDataset:
        return omio.open(pyramid(tmp_path / "a.ome.tif")).cached()

    def test_removed(self, image: MicroscopyDataset, tmp_path: Path) -> None:
        before = image.load()
        only(tmp_path).remove()
        with pytest.warns(omio.OmioWarning, match="a copy can no longer be used, its source is read instead"):
            np.testing.assert_array_equal(image.load(), before)
        np.testing.assert_array_equal(image.load(), before)  # told once: a second warning would be an error

    def test_a_file_of_it_is_lost(self, image: MicroscopyDataset, tmp_path: Path) -> None:
        before = image.load()
        shutil.rmtree(only(tmp_path).path / "0" / "c")
        with pytest.warns(omio.OmioWarning, match="a part is missing"):
            np.testing.assert_array_equal(image.load(), before)

    def test_a_byte_is_flipped(self, image: MicroscopyDataset, tmp_path: Path) -> None:
        before = omio.open(tmp_path / "a.ome.tif").load()
        path = only(tmp_path).path / "0" / "c" / "0" / "0" / "0" / "0" / "0"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 16
        path.write_bytes(content)
        with pytest.warns(omio.OmioWarning, match="its checksum is not that of its bytes"):
            np.testing.assert_array_equal(image.load(), before)

    def test_made_anew(self, image: MicroscopyDataset, tmp_path: Path) -> None:
        only(tmp_path).remove()
        again = omio.open(tmp_path / "a.ome.tif").cached()
        with pytest.warns(omio.OmioWarning, match="changed after it was opened"):
            assert image.identical(again)
        np.testing.assert_array_equal(from_copy(again), image.load())

    @pytest.mark.filterwarnings("ignore:a copy can no longer be used")
    def test_removed_and_made_again_while_it_is_read(self, image: MicroscopyDataset, tmp_path: Path) -> None:
        before, ended = image.load(), Event()

        def read() -> int:
            count = 0
            while not ended.is_set():
                np.testing.assert_array_equal(image.load(), before)
                count += 1
            return count

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            for _ in range(10):
                only(tmp_path).remove()
                omio.open(tmp_path / "a.ome.tif").cached()
            ended.set()
            assert all(reader.result() for reader in readers)

    def test_together_with_its_source(self, image: MicroscopyDataset, tmp_path: Path) -> None:
        only(tmp_path).remove()
        (tmp_path / "a.ome.tif").unlink()
        with pytest.warns(omio.OmioWarning), pytest.raises(errors.FileMissingError, match="no such file"):
            image.load()


def test_where_no_folder_can_be_made_the_users_is_used_and_that_is_told_once(tmp_path: Path) -> None:
    path = pyramid(tmp_path / "a.ome.tif")
    (tmp_path / FOLDER).write_text("a file stands in the way")
    with pytest.warns(omio.OmioWarning, match="cannot be written.*copies go to") as told:
        image = omio.open(path).cached()
    assert len(told) == 1
    omio.open(path).isel(T=0).cached()
    assert Path(image.recipe.copy.stamp.path).is_relative_to(making.user_folder())  # type: ignore[attr-defined]


def test_without_locks_each_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omio.store.platform.try_lock", lambda descriptor: None)
    image = omio.open(pyramid(tmp_path / "a.ome.tif"))
    np.testing.assert_array_equal(from_copy(image.cached()), image.load())


RACE = """
import sys, hashlib, omio
from omio.dataset import caching
made, fill = [], caching._fill
caching._fill = lambda folder, **rest: made.append(folder) or fill(folder, **rest)
for line in sys.stdin:
    made.clear()
    pixels = omio.open(line.strip()).cached().recipe.copy.load()
    print(hashlib.sha256(pixels.tobytes()).hexdigest(), len(made), flush=True)
"""


def test_two_processes_make_one_copy_fifty_times(tmp_path: Path) -> None:
    """Both are told at once, and both wait for the next file."""
    workers = [
        subprocess.Popen([sys.executable, "-c", RACE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found, wanted = [], []
    random = np.random.default_rng(7)
    for number in range(50):
        pixels = random.integers(0, 255, (40, 64, 64), dtype="u1")
        path = tmp_path / f"{number}.tif"
        tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "ZYX"})
        wanted.append(hashlib.sha256(pixels.tobytes()).hexdigest())
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{path}\n")
            worker.stdin.flush()
        found.append([worker.stdout.readline().split() for worker in workers if worker.stdout is not None])
    for worker in workers:
        worker.communicate()
    assert [[digest for digest, _ in pair] for pair in found] == [[digest] * 2 for digest in wanted]
    assert {sum(int(count) for _, count in pair) for pair in found} == {1}
    assert len(list((tmp_path / FOLDER).iterdir())) == 50


KILLED = """
import os, signal, sys, omio
from omio.writers.zarr.checked import CheckedTarget
put, left = CheckedTarget.put, [int(sys.argv[2])]
def dying(self, key, content):
    put(self, key, content)
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
CheckedTarget.put = dying
omio.open(sys.argv[1]).cached()
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("count", [1, 4, 7])
def test_a_killed_process_leaves_nothing_that_is_taken_for_a_copy(tmp_path: Path, count: int) -> None:
    path = pyramid(tmp_path / "a.ome.tif")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), str(count)], check=False)
    assert killed.returncode == -9
    assert list(entries(tmp_path / FOLDER)) == []
    assert len(list((tmp_path / FOLDER).iterdir())) == 2  # the lock and half a copy
    image = omio.open(path)
    np.testing.assert_array_equal(from_copy(image.cached()), image.load())
    assert list((tmp_path / FOLDER).iterdir()) == [only(tmp_path).path]


FAULTS = """
import errno, json, os, sys, warnings, omio
from pathlib import Path
from omio.store.cache.entries import entries
folder = Path(sys.argv[1]).parent / ".omio_cache"
left = [0]
def hook(event, arguments):
    if left[0] and event in ("open", "os.mkdir", "os.rename") and str(folder) in str(arguments[0]):
        left[0] -= 1
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
sys.addaudithook(hook)
image = omio.open(sys.argv[1])
warnings.simplefilter("ignore")
for number in range(1, 500):
    left[0] = number
    try:
        image.cached()
        error = None
    except (omio.OmioError, OSError) as failure:
        error = str(failure)
    reached, left[0] = not left[0], 0
    found = sorted(os.listdir(folder)) if folder.exists() else []
    print(json.dumps([reached, error, found, [list(entry.damage()) for entry in entries(folder)]]))
    if not reached:
        break
    assert len(omio.cleanup_omio_cache(sys.argv[1])) == 1 or error
"""


@pytest.mark.skipif(os.name != "posix", reason="files that are open are not removed elsewhere")
def test_a_full_disk_at_any_time_leaves_a_whole_copy_or_none(tmp_path: Path) -> None:
    """Whatever is opened, made or renamed in the cache folder fails in turn; those after it go well."""
    path = pyramid(tmp_path / "a.ome.tif")
    environment = {**os.environ, "OMIO_CACHE_DIR": str(tmp_path / "user"), "OMIO_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", FAULTS, str(path)], capture_output=True, text=True, check=True, env=environment
    )
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [reached for reached, *_ in rows] == [True] * (len(rows) - 1) + [False]
    assert sum(error is not None for _, error, *_ in rows) > 10
    for _, error, found, damage in rows:
        assert error is None or (str(tmp_path) in error and "No space left" in error)
        assert (found, damage) in (([], []), ([only(tmp_path).path.name], [[]]))


def test_copies_at_once_in_threads_are_one(tmp_path: Path) -> None:
    image = omio.open(pyramid(tmp_path / "a.ome.tif"))
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda _: image.cached(), range(8)))
    for one, other in itertools.pairwise(images):
        assert one.identical(other)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1
