"""`WriterTests`: what every writer must do.

Subclass it in your tests, set ``writer`` and ``suffix``, and override ``images`` where the format is narrow::

    class TestMyWriter(WriterTests):
        writer = MyWriter
        suffix = ".my"
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from omio.dataset.dataset import MicroscopyDataset
from omio.dataset.opening import open as open_image
from omio.errors import DestinationExistsError, OmioError, SourceOverwriteError
from omio.lazy.recipe import Recipe
from omio.metadata.compare import differences
from omio.metadata.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.policies.write import OutputPolicy
    from omio.writers.base import Writer

KILLED = 77
"""How a process ends that is killed by what it reads."""


@dataclass(frozen=True, eq=False)
class Failing(Recipe):
    """Pixels that cannot be read from `frame` on; the class says what happens there."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    frame: int

    @property
    def chunk(self) -> tuple[int, ...]:
        """One plane."""
        return (1, 1, 1, *self.shape[3:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill with zeros, or fail."""
        if any(at >= self.frame for at in key[0]):
            self.fail()
        out[...] = 0

    def fail(self) -> None:
        """Raise."""
        raise OSError("the disk went away")

    def token(self) -> tuple[Any, ...]:
        """Name what fails."""
        return ("failing", self.shape, self.frame)

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()


class Killing(Failing):
    """Ends the process there, as nothing can prevent."""

    def fail(self) -> None:
        """End at once: nothing is flushed, closed or cleaned."""
        os._exit(KILLED)


@dataclass(frozen=True, eq=False)
class Watching(Failing):
    """Notes while it is read whether something stands under the name that is written."""

    target: Path
    seen: list[dict[str, bytes]]

    def fail(self) -> None:
        """Look."""
        self.seen.append(content(self.target))


def write_killed(
    writer: type[Writer[Any]], policy: OutputPolicy, shape: tuple[int, ...], dtype: str, path: str
) -> None:
    """Write an image that ends this process half-way: the task of a process of its own."""
    recipe = Killing(shape, np.dtype(dtype), frame=1)
    writer().write(MicroscopyDataset(recipe, Facts.of(shape)), path, policy)


def content(target: Path) -> dict[str, bytes]:
    """Return the bytes of a file, or of all files of a folder; nothing where there is none."""
    files = [target] if target.is_file() else [path for path in target.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


class WriterTests:
    """Laws of writers; see the module for how to use it."""

    writer: ClassVar[type[Writer[Any]]]
    suffix: ClassVar[str]
    fields: ClassVar[dict[str, Any]] = {}
    """Fields of the writer's policy that every test uses."""

    def images(self) -> list[MicroscopyDataset]:
        """Return images that the format can hold: gray with channels, and RGB."""
        random = np.random.default_rng(0)
        gray = random.integers(0, 60000, (2, 3, 2, 37, 41)).astype(np.uint16)
        rgb = random.integers(0, 255, (1, 1, 1, 33, 29, 3)).astype(np.uint8)
        known: dict[str, Any] = {"pixel_size": {"Z": 1.5, "Y": 0.325, "X": 0.325}, "name": "cells"}
        return [
            MicroscopyDataset.from_array(gray, time_increment=2.5, channels=["DAPI", "EGFP"], **known),
            MicroscopyDataset.from_array(rgb, "TZCYXS", **known),
        ]

    def expected_lost(self, image: MicroscopyDataset) -> tuple[str, ...]:
        """Return what the format cannot hold of an image of the suite: nothing, unless a subclass says so."""
        del image
        return ()

    def write(self, image: MicroscopyDataset, path: Path, **fields: Any) -> Any:
        """Write with the suite's policy and further fields."""
        return self.writer().write(image, str(path), self.writer.policies(**{**self.fields, **fields}))

    def test_reads_back_identical_but_for_what_is_lost(self, tmp_path: Path) -> None:
        """Reading the file gives the same pixels; what it lacks is what the suite expects of the format, no more."""
        for number, image in enumerate(self.images()):
            report = self.write(image, tmp_path / f"image{number}{self.suffix}")
            again = open_image(report.path)
            np.testing.assert_array_equal(again.load(), image.load())
            assert again.dtype == image.dtype
            expected = self.expected_lost(image)
            assert set(report.lost) == set(expected)
            assert expected or differences(image.facts, again.facts) == ()

    def test_says_before_what_it_does(self, tmp_path: Path) -> None:
        """What will be lost is known before anything is written, and what is written is not called impossible."""
        policy = self.writer.policies(**self.fields)
        for number, image in enumerate(self.images()):
            assert self.writer().is_incompatible(image, policy) is False
            foretold = self.writer().lost(image, policy)
            assert set(foretold) == set(self.write(image, tmp_path / f"image{number}{self.suffix}").lost)

    def test_second_round_trip_adds_nothing(self, tmp_path: Path) -> None:
        """What was read from a written file survives writing again, and grows no further."""
        for number, image in enumerate(self.images()):
            first = open_image(self.write(image, tmp_path / f"first{number}{self.suffix}").path)
            second = open_image(self.write(first, tmp_path / f"second{number}{self.suffix}").path)
            assert differences(first.facts, second.facts) == ()
            assert second.identical(first)

    def test_reports_what_it_did(self, tmp_path: Path) -> None:
        """The report names the file and its size."""
        target = tmp_path / f"image{self.suffix}"
        report = self.write(self.images()[0], target)
        assert report.path == str(target)
        assert report.nbytes == sum(map(len, content(target).values()))
        assert report.seconds > 0

    def test_existing_file_stays_unless_asked(self, tmp_path: Path) -> None:
        """An existing file is refused, replaced or stepped aside from, as the policy says."""
        image, target = self.images()[0], tmp_path / f"image{self.suffix}"
        self.write(self.images()[1], target)
        before = content(target)
        with pytest.raises(DestinationExistsError):
            self.write(image, target)
        assert content(target) == before
        beside = self.write(image, target, overwrite="increment")
        assert beside.path != str(target)
        assert content(target) == before
        self.write(image, target, overwrite="replace")
        assert open_image(target).identical(open_image(beside.path))

    def test_failure_leaves_nothing(self, tmp_path: Path) -> None:
        """An error half-way leaves neither the name nor a temporary file, and keeps what was there."""
        good = self.images()[0]
        bad = good._replace(_recipe=Failing(good.shape, good.dtype, frame=1), _coarser=())
        target = tmp_path / f"image{self.suffix}"
        with pytest.raises((OmioError, OSError)):
            self.write(bad, target)
        assert list(tmp_path.iterdir()) == []
        self.write(good, target)
        before = content(target)
        with pytest.raises((OmioError, OSError)):
            self.write(bad, target, overwrite="replace")
        assert [path.name for path in tmp_path.iterdir()] == [target.name]
        assert content(target) == before

    def test_nothing_stands_under_the_name_until_it_is_whole(self, tmp_path: Path) -> None:
        """While pixels are still read the name is free; what is replaced stays as it was."""
        good, target = self.images()[0], tmp_path / f"image{self.suffix}"
        seen: list[dict[str, bytes]] = []
        watching = Watching(good.shape, good.dtype, 0, target, seen)
        image = good._replace(_recipe=watching, _coarser=())
        self.write(image, target)
        assert seen
        assert not any(seen)
        before = content(target)
        seen.clear()
        self.write(image, target, overwrite="replace")
        assert seen
        assert all(found == before for found in seen)

    def test_a_process_that_ends_leaves_what_was_there(self, tmp_path: Path) -> None:
        """Killed half-way, the old image is still whole; the next call writes, and sweeps what was left."""
        image, target = self.images()[0], tmp_path / f"image{self.suffix}"
        self.write(image, target)
        before = content(target)
        policy = self.writer.policies(**{**self.fields, "overwrite": "replace"})
        task = (self.writer, policy, image.shape, str(image.dtype), str(target))
        process = multiprocessing.get_context("spawn").Process(target=write_killed, args=task)
        process.start()
        process.join()
        assert process.exitcode == KILLED, "it ended before it was killed"
        assert content(target) == before
        self.write(image, target, overwrite="replace")
        assert [path.name for path in tmp_path.iterdir()] == [target.name], "leftovers of the killed process stay"

    def test_an_empty_image_is_refused(self, tmp_path: Path) -> None:
        """An image without a pixel is an `OmioError`, and nothing is written."""
        with pytest.raises(OmioError):
            self.write(self.images()[0].isel(T=slice(0, 0)), tmp_path / f"image{self.suffix}")
        assert list(tmp_path.iterdir()) == []

    def test_source_is_never_the_destination(self, tmp_path: Path) -> None:
        """Writing over the file that is being read is refused, also by another name."""
        source = tmp_path / f"image{self.suffix}"
        self.write(self.images()[0], source)
        before = content(source)
        image = open_image(source)
        linked = tmp_path / f"linked{self.suffix}"
        linked.symlink_to(source)
        for target in (source, linked):
            with pytest.raises(SourceOverwriteError):
                self.write(image, target, overwrite="replace")
        assert content(source) == before
