from __future__ import annotations

import functools
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.errors import AxesError, ChangedFileError, MergeError, OptionError
from tests.dataset.sequence.files import corners, read_npy

if TYPE_CHECKING:
    from pathlib import Path

    from omio.dataset.dataset import MicroscopyDataset


def save(folder: Path, count: int = 4, shape: tuple[int, ...] = (3, 4, 5), dtype: str = "uint16") -> Path:
    for t in range(count):
        np.save(folder / f"t{t}.npy", (np.arange(np.prod(shape)) + 100 * t).reshape(shape).astype(dtype))
    return folder / "t{T}.npy"


class Counting:
    """A reader that knows what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, path: str) -> Any:
        self.calls.append(path[-6:])
        return np.load(path)


def total(image: MicroscopyDataset) -> int:
    return int(image.load().sum())


def test_a_function_reads_what_omio_does_not(tmp_path: Path) -> None:
    image = omio.open(save(tmp_path), reader=read_npy, axes="ZYX")
    assert image.shape == (4, 3, 1, 4, 5)
    assert image.load()[:, 1, 0, 0, 2].tolist() == [22, 122, 222, 322]
    assert image.metadata.provenance[0].model_dump()["backend"] == "reader read_npy"


def test_it_is_called_once_at_opening_and_then_for_what_is_read(tmp_path: Path) -> None:
    reader = Counting()
    image = omio.open(save(tmp_path), reader=reader, axes="ZYX")
    assert reader.calls == ["t0.npy"]
    image.isel(T=2, Z=1, X=slice(1, 3)).load()
    assert reader.calls == ["t0.npy", "t2.npy"]
    image.data.mean().compute()
    assert sorted(reader.calls[2:]) == [f"t{t}.npy" for t in range(4)]


def test_dims_in_any_order(tmp_path: Path) -> None:
    pattern = save(tmp_path, shape=(5, 4, 3))
    image = omio.open(pattern, reader=np.load, axes="XYS")
    assert image.shape == (4, 1, 1, 4, 5, 3)
    np.testing.assert_array_equal(image.load()[2, 0, 0], np.load(tmp_path / "t2.npy").swapaxes(0, 1))


def test_dims_that_nobody_names(tmp_path: Path) -> None:
    with pytest.raises(AxesError, match=r'the 3 axes are that the reader returns\. Name them: axes="ZYX"'):
        omio.open(save(tmp_path), reader=np.load)
    with pytest.raises(OptionError, match="Name the dims of what the reader returns"):
        omio.open(save(tmp_path), reader=np.load, axes="time")
    assert omio.open(save(tmp_path, shape=(4, 5)), reader=np.load).shape == (4, 1, 1, 4, 5)


@pytest.mark.parametrize(("shape", "dtype"), [((3, 4, 6), "uint16"), ((3, 4, 5), "uint8"), ((3, 5, 4), "uint16")])
def test_a_file_of_another_shape_is_named_when_it_is_read(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    pattern = save(tmp_path)
    np.save(tmp_path / "t2.npy", np.zeros(shape, dtype))
    image = omio.open(pattern, reader=np.load, axes="ZYX")
    assert image.isel(T=1).load().max() == 159
    with pytest.raises(MergeError, match=r"t2\.npy: the reader returns .* not uint16 of \(3, 4, 5\)"):
        image.isel(T=2).load()


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    image = omio.open(save(tmp_path), reader=np.load, axes="ZYX")
    image.isel(T=1).load()
    np.save(tmp_path / "t1.npy", np.zeros((9, 9)))
    with pytest.raises(ChangedFileError, match=r"t1\.npy"):
        image.isel(T=1).load()


def test_big_endian_files_are_read_as_native(tmp_path: Path) -> None:
    image = omio.open(save(tmp_path, dtype=">u2"), reader=np.load, axes="ZYX")
    assert image.dtype == np.dtype("uint16")
    assert image.load()[3, 0, 0, 0, 1] == 301


def test_gaps_are_filled(tmp_path: Path) -> None:
    pattern = save(tmp_path, shape=(4, 5))
    (tmp_path / "t2.npy").unlink()
    with pytest.warns(omio.OmioWarning, match="T=2"):
        image = omio.open(pattern, reader=np.load, on_missing="fill", fill_value=7)
    assert corners(image) == [[[0]], [[100]], [[7]], [[300]]]


def test_equal_readers_have_equal_digests(tmp_path: Path) -> None:
    pattern = save(tmp_path)

    def digest(reader: Any) -> str:
        return omio.open(pattern, reader=reader, axes="ZYX").recipe.digest

    assert digest(read_npy) == digest(read_npy) != digest(np.load)
    assert digest(functools.partial(np.load, mmap_mode="r")) == digest(functools.partial(np.load, mmap_mode="r"))
    assert digest(functools.partial(np.load, mmap_mode="r")) != digest(functools.partial(np.load, mmap_mode=None))


def test_other_processes_read_it(tmp_path: Path) -> None:
    image = omio.open(save(tmp_path), reader=functools.partial(np.load), axes="ZYX")
    assert len(pickle.dumps(image)) < 4000
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        sums = list(pool.map(total, [image.isel(T=t) for t in range(4)]))
    assert sums == [int(np.load(tmp_path / f"t{t}.npy").sum()) for t in range(4)]
