"""`BackendTests`: what every backend must do.

Subclass it in your tests, set ``backend``, and define the fixture ``path``::

    class TestMyBackend(BackendTests):
        backend = MyBackend

        @pytest.fixture
        def path(self, tmp_path):
            ...  # make a good file
            return tmp_path / "image.my"

The laws of good files are here, those of damaged and strange ones in `omio.testing.never_tests`.
"""

from __future__ import annotations

import itertools
import json
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.backends import read_head
from omio.backends.base import Backend, Confidence
from omio.dataset.opening import build
from omio.errors import OmioError
from omio.lazy.handles import HANDLES
from omio.testing.keys import pick, sample_keys
from omio.testing.never_tests import NeverTests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.recipe import Recipe

SMALL_PICKLE = 4096
TURNS = 4096


@contextmanager
def giving_way() -> Iterator[None]:
    """Let threads that begin meanwhile wait for others after each of the first calls out of Python.

    Else a thread is seldom interrupted where it matters: one that seeks and reads in a small file takes microseconds.
    """
    turns = itertools.count()

    def give_way(_: object, event: str, __: object) -> None:
        if event == "c_return" and next(turns) < TURNS:
            time.sleep(0)

    threading.setprofile(give_way)
    try:
        yield
    finally:
        threading.setprofile(None)


class BackendTests(NeverTests):
    """Laws of backends; see the module for how to use it."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a good file; define this."""
        raise NotImplementedError

    @pytest.fixture
    def reader(self, path: Path) -> Backend:
        """Return the backend looking at the file."""
        return self.backend(str(path), self.options)

    @pytest.fixture
    def image(self, reader: Backend) -> MicroscopyDataset:
        """Return the first scene as a dataset."""
        return build(reader, reader.scenes()[0], 0, "auto", None)

    def test_says_what_it_is(self) -> None:
        """A backend has a name, and endings or a magic."""
        assert self.backend.name
        assert self.backend.extensions or self.backend.magic

    def test_claims_its_file(self, path: Path) -> None:
        """It is sure of a good file."""
        assert self.backend.can_read(path, read_head(path)) > Confidence.NO

    def test_claims_nothing_strange(self, tmp_path: Path) -> None:
        """Other content under no known name is refused, without an exception."""
        for number, content in enumerate((b"", b"\x00" * 64, b"plain text", bytes(range(256)) * 4)):
            strange = tmp_path / f"strange{number}.bin"
            strange.write_bytes(content)
            assert self.backend.can_read(strange, content) == Confidence.NO

    def test_scenes_are_named_once(self, reader: Backend) -> None:
        """Keys are strings, at least one, all different."""
        keys = reader.scenes()
        assert keys
        assert len(set(keys)) == len(keys)
        assert all(isinstance(key, str) for key in keys)

    def test_pixels_and_metadata_agree(self, reader: Backend) -> None:
        """Every scene has five dims, or six, and metadata of the same sizes that validates."""
        for key in reader.scenes():
            image = build(reader, key, 0, "auto", None)
            assert image.ndim in (5, 6)
            assert image.metadata.shape == image.shape == image.load().shape
            assert image.dtype.isnative

    def test_unknown_is_none(self, image: MicroscopyDataset) -> None:
        """Sizes are positive numbers or None, never a made-up 0."""
        sizes = [*image.pixel_size.values(), image.metadata.time_increment]
        assert all(size is None or (np.isfinite(size) and size > 0) for size in sizes)

    def test_original_is_json(self, image: MicroscopyDataset) -> None:
        """What the model has no field for can be written down."""
        assert json.loads(json.dumps(dict(image.metadata.original))) == dict(image.metadata.original)

    def test_parts_equal_the_whole(self, image: MicroscopyDataset) -> None:
        """Any selection reads what selecting from the whole gives."""
        whole = image.load()
        for key in sample_keys(image.shape):
            np.testing.assert_array_equal(image.recipe.load(key), pick(whole, key))

    def test_reads_into_views(self, image: MicroscopyDataset) -> None:
        """The target may be any view of a larger array."""
        frame = np.zeros((*image.shape[:-1], image.shape[-1] + 3), image.dtype)
        image.recipe.read(tuple(range(size) for size in image.shape), frame[..., 1:-2])
        np.testing.assert_array_equal(frame[..., 1:-2], image.load())
        assert not frame[..., 0].any()
        assert not frame[..., -2:].any()

    def test_levels_grow_coarser(self, reader: Backend) -> None:
        """Levels keep T Z C and never grow in Y and X."""
        for key in reader.scenes():
            shapes = [reader.array(key, level).shape for level in range(reader.level_count(key))]
            for finer, coarser in itertools.pairwise(shapes):
                assert coarser[0] == finer[0]
                assert coarser[2] == finer[2]
                assert coarser[3] <= finer[3]
                assert coarser[4] <= finer[4]

    def test_recipes_travel(self, image: MicroscopyDataset) -> None:
        """A recipe pickles into little, and reads the same elsewhere."""
        packed = pickle.dumps(image.recipe)
        assert len(packed) < SMALL_PICKLE
        copy: Recipe = pickle.loads(packed)  # noqa: S301 - our own bytes
        assert copy.token() == image.recipe.token()
        np.testing.assert_array_equal(copy.load(), image.load())

    def test_threads_do_not_disturb_each_other(self, image: MicroscopyDataset) -> None:
        """Many threads may read one recipe, also while its file is reopened or another has just sought."""
        whole, keys = image.load(), sample_keys(image.shape, count=24, seed=1)

        def check(number: int) -> bool:
            if number % 7 == 0:
                HANDLES.clear()
            equal_nan = image.dtype.kind in "fc"
            return np.array_equal(image.recipe.load(keys[number]), pick(whole, keys[number]), equal_nan=equal_nan)

        with giving_way(), ThreadPoolExecutor(4) as pool:
            assert all(pool.map(check, range(len(keys))))

    def test_survives_its_backend(self, path: Path, image: MicroscopyDataset) -> None:
        """A recipe needs only the file."""
        before = image.load()
        HANDLES.clear()
        assert path.exists()
        np.testing.assert_array_equal(image.load(), before)

    def test_missing_file_is_named(self, tmp_path: Path) -> None:
        """No file: an `OmioError` that is also a `FileNotFoundError`."""
        with pytest.raises(FileNotFoundError) as caught:
            self.backend(str(tmp_path / "absent.bin"), self.options)
        assert isinstance(caught.value, OmioError)
        assert "absent.bin" in str(caught.value)
