"""What no backend may do, whatever the file: `BackendTests` inherits these."""

from __future__ import annotations

import builtins
import io
import math
import os
import shutil
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from omio.backends import read_head
from omio.backends.base import Backend, Confidence, OpenOptions
from omio.dataset.opening import build
from omio.errors import OmioError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import FileRecipe
from omio.writers.source import stamps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from omio.dataset.dataset import MicroscopyDataset

SECONDS = 5.0
"""So long may one file take, whole or damaged."""
CUTS = 12
MUTANTS = 500 if os.environ.get("OMIO_NIGHTLY") else 8


@dataclass(frozen=True)
class Outcome:
    """What came of opening a file and reading all of it: pixels of all scenes, or an error; and what was warned of."""

    pixels: tuple[NDArray[Any], ...] = ()
    error: Exception | None = None
    warned: tuple[str, ...] = ()
    seconds: float = 0.0

    def is_like(self, other: Outcome) -> bool:
        """Whether the same pixels were read."""
        return len(self.pixels) == len(other.pixels) and all(
            one.shape == two.shape and one.tobytes() == two.tobytes()
            for one, two in zip(self.pixels, other.pixels, strict=True)
        )


def attempt(backend: type[Backend], path: Path, options: OpenOptions) -> Outcome:
    """Do what a user does: open, look at the metadata, read all pixels."""
    begun, pixels, error = time.monotonic(), [], None
    HANDLES.clear()  # an open file warns once
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            reader = backend(str(path), options)
            for key in reader.scenes():
                image = build(reader, key, 0, "auto", None)
                _ = image.metadata
                pixels.append(image.load())
        except Exception as raised:  # whatever reaches the user is what is judged
            error = raised
    told = tuple(str(item.message) for item in caught)
    return Outcome(() if error else tuple(pixels), error, told, time.monotonic() - begun)


class NeverTests:
    """Never-rules of backends; see `BackendTests` for how to use them."""

    backend: ClassVar[type[Backend]]
    options: ClassVar[OpenOptions] = OpenOptions()
    damage_is_seen: ClassVar[bool] = True
    """Whether a file that ends early can be told (false for formats that hold no sizes)."""

    def test_opening_reads_no_pixel(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Opening and describing asks no recipe for pixels, and holds none in memory."""
        asked: list[FileRecipe] = []
        monkeypatch.setattr(FileRecipe, "read", lambda recipe, key, out: asked.append(recipe))
        reader = self.backend(str(path), self.options)
        for key in reader.scenes():
            reader.metadata(key)
            for level in range(reader.level_count(key)):
                held = [leaf for leaf in reader.array(key, level).leaves() if isinstance(leaf, ArrayRecipe)]
                assert not held, "array() read the pixels"
        assert not asked, "pixels were read at open"

    def test_reads_no_file_but_its_own(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of the folder that the file lies in, only what `files` lists is opened."""
        (path.parent / "neighbour.bin").write_bytes(b"nobody's business")
        opened = _opened_files(monkeypatch)
        attempt(self.backend, path, self.options)
        monkeypatch.undo()
        own = {Path(name).resolve() for name in (str(path), *self.backend(str(path), self.options).files())}
        there = {name.resolve() for name in opened if name.is_file()}
        inside = {name for name in there if name.is_relative_to(path.parent.resolve())}
        strange = {str(name) for name in inside if own.isdisjoint((name, *name.parents))}
        assert not strange, f"opened files that files() does not list: {strange}"

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are counted in /proc")
    def test_closes_its_files(self, path: Path) -> None:
        """No file stays open when the handles are retired."""
        found = attempt(self.backend, path, self.options)
        assert found.error is None, f"the good file does not open: {found.error!r}"
        HANDLES.clear()
        held = [name for name in _open_descriptors() if name.startswith(str(path.resolve().parent))]
        assert not held, "files stay open"

    def test_lazy_is_eager(self, reader: Backend) -> None:
        """The planes of `data` are what `load` reads."""
        image = build(reader, reader.scenes()[0], 0, "plane", None)
        assert image.load().tobytes() == np.ascontiguousarray(image.data.to_numpy()).tobytes()

    def test_numbers_are_sane(self, image: MicroscopyDataset) -> None:
        """No size, position, time or wavelength is NaN or infinite, and no dim is empty."""
        assert min(image.shape) > 0
        known = image.metadata.model_dump(exclude={"original", "annotations", "provenance"})
        strange = [name for name, value in _numbers(known) if not math.isfinite(value)]
        assert not strange, f"not finite: {', '.join(strange)}"

    def test_can_read_never_raises(self, path: Path) -> None:
        """It is asked of any bytes, also of its own that end early."""
        head = read_head(path)
        for length in {*range(min(len(head), 40)), len(head) // 2}:
            assert self.backend.can_read(path, head[:length]) >= Confidence.NO
        for content in (b"\xff" * 64, head[:8] + b"\xff" * 64, head[:16][::-1]):
            assert self.backend.can_read(path, content) >= Confidence.NO

    def test_other_content_under_its_name_is_not_claimed(self, tmp_path: Path) -> None:
        """A name is a hint; where files begin with a magic, other bytes are refused."""
        for suffix in self.backend.extensions:
            strange = tmp_path / f"strange{suffix}"
            strange.write_bytes(b"this is no image at all")
            found = self.backend.can_read(strange, strange.read_bytes())
            assert found < Confidence.CONTENT
            assert not self.backend.magic or found == Confidence.NO

    def test_a_changed_file_is_told(self, path: Path, image: MicroscopyDataset) -> None:
        """Pixels of a file that became another one since it was opened are an error."""
        holding = next((stamp.path for stamp in stamps_of(image)), str(path))
        if Path(holding).is_dir():
            pytest.skip("a folder is no file that changes")
        image.load()
        later = Path(holding).stat().st_mtime_ns + 10**9
        os.utime(holding, ns=(later, later))
        with pytest.raises(OmioError):
            image.load()

    def test_a_file_cut_anywhere_is_told(self, path: Path, tmp_path: Path) -> None:
        """Cut at many places: an `OmioError` that names file and cause, or the pixels that a whole file gives."""
        for cut, whole in self._cut(path, tmp_path):
            outcome = attempt(self.backend, cut, self.options)
            check_damaged(outcome, cut)
            seen = outcome.error is not None or not self.damage_is_seen
            assert seen or outcome.is_like(whole), f"of {cut.stat().st_size} bytes, pixels in silence"

    def test_a_lenient_reader_warns_of_what_it_fills(self, path: Path, tmp_path: Path) -> None:
        """With ``strict=False`` a cut file gives an `OmioError`, or pixels with a warning where they are others."""
        for cut, whole in self._cut(path, tmp_path):
            outcome = attempt(self.backend, cut, replace(self.options, strict=False))
            check_damaged(outcome, cut)
            told = outcome.error is not None or bool(outcome.warned) or not self.damage_is_seen
            assert told or outcome.is_like(whole), "filled in silence"

    def test_flipped_bytes_cost_no_more_than_an_error(self, path: Path, tmp_path: Path) -> None:
        """Any bytes may be wrong: pixels, or an `OmioError`, within seconds."""
        if path.is_dir():
            pytest.skip("a folder has no bytes")
        random, content = np.random.default_rng(0), path.read_bytes()
        mutant = _beside(path, tmp_path / "mutant")
        for _ in range(MUTANTS):
            wrong = bytearray(content)
            for place in random.integers(0, len(wrong), 4).tolist():
                wrong[place] = int(random.integers(256))
            mutant.write_bytes(wrong)
            check_damaged(attempt(self.backend, mutant, self.options), mutant)

    def _cut(self, path: Path, tmp_path: Path) -> Iterator[tuple[Path, Outcome]]:
        """Yield the file cut at places that are spread over it, and what the whole one gives."""
        if path.is_dir():
            pytest.skip("a folder cannot be cut")
        whole, content = attempt(self.backend, path, self.options), path.read_bytes()
        assert whole.error is None, f"the good file does not open: {whole.error!r}"
        cut = _beside(path, tmp_path / "cut")
        for length in sorted({*np.linspace(0, len(content) - 1, CUTS, dtype=int).tolist()}):
            cut.write_bytes(content[:length])
            yield cut, whole


def check_damaged(outcome: Outcome, path: Path) -> None:
    """Hold what came of a damaged file to the rules: in time, and an error is omio's and names file and cause."""
    assert outcome.seconds < SECONDS, f"took {outcome.seconds:.1f} s"
    error = outcome.error
    if error is not None:
        assert isinstance(error, OmioError), f"an internal error reached the user: {error!r}"
        assert path.name in str(error), f"names no file: {error}"
        assert error.cause, "names no cause"


def _beside(path: Path, folder: Path) -> Path:
    """Copy a file, with what lies beside it, and return the copy."""
    shutil.copytree(path.parent, folder, ignore=lambda _, names: [name for name in names if name in ("cut", "mutant")])
    return folder / path.name


def _opened_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Note the names of files that Python code opens from now on."""
    opened: list[Path] = []

    def noting(plain: Callable[..., Any]) -> Callable[..., Any]:
        def opening(file: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(file, str | os.PathLike):
                opened.append(Path(os.path.abspath(file)))
            return plain(file, *arguments, **options)

        return opening

    for module in (builtins, io, os):
        monkeypatch.setattr(module, "open", noting(module.open))
    return opened


def _open_descriptors() -> Iterator[str]:
    for entry in Path("/proc/self/fd").iterdir():
        try:
            yield str(entry.readlink())
        except FileNotFoundError:  # the one that lists them
            continue


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _numbers(inner, f"{name}[{number}]")
    elif isinstance(value, float):
        yield name, value
