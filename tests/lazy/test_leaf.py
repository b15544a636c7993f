from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio.errors import ChangedFileError, FileMissingError
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.lazy.tokens import stable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key

SHAPE = (1, 1, 1, 2, 3)


class Raw:
    """Reads the bytes of a file as pixels, from a handle that stays open."""

    opened = 0

    def __init__(self, path: str) -> None:
        type(self).opened += 1
        self.file = Path(path).open("rb")  # noqa: SIM115 - closed by close()

    def read(self, where: Any, key: Key, out: NDArray[Any]) -> None:
        self.file.seek(0)
        pixels = np.frombuffer(self.file.read(6), np.uint8).reshape(SHAPE)
        out[...] = pixels[np.ix_(*key)]

    def close(self) -> None:
        self.file.close()


class Other:
    class Raw(Raw):
        pass


@dataclass(frozen=True)
class Table:
    numbers: Any
    maker: Any = None

    @cached_property
    def size(self) -> int:
        return len(self.numbers)


@pytest.fixture
def recipe(tmp_path: Path) -> FileRecipe:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(range(6)))
    return FileRecipe(Raw, FileStamp.of(path), (), 0, SHAPE, np.dtype("u1"), SHAPE)


def test_a_file_changed_in_place_is_not_read(recipe: FileRecipe) -> None:
    np.testing.assert_array_equal(recipe.load().ravel(), range(6))
    Path(recipe.stamp.path).write_bytes(bytes(range(10, 16)))
    os.utime(recipe.stamp.path, ns=(0, recipe.stamp.mtime_ns + 1))
    with pytest.raises(ChangedFileError, match=r"a\.raw: changed after it was opened"):
        recipe.load()
    assert (Raw, recipe.stamp) not in HANDLES._entries


def test_a_file_that_vanished_is_missing(recipe: FileRecipe) -> None:
    recipe.load()
    recipe.release()
    Path(recipe.stamp.path).unlink()
    with pytest.raises(FileMissingError):
        recipe.load()


def test_a_folder_that_became_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"")
    with pytest.raises(FileMissingError):
        FileStamp.of(tmp_path / "folder" / "a.raw")
    with pytest.raises(FileMissingError):
        FileStamp(str(tmp_path / "folder" / "a.raw"), 1, 2).check()


def test_an_unchanged_file_is_opened_once(recipe: FileRecipe) -> None:
    Raw.opened = 0
    for _ in range(3):
        recipe.load()
    assert Raw.opened == 1
    recipe.release()


def test_tokens_tell_long_arrays_apart(recipe: FileRecipe) -> None:
    numbers = np.arange(3000)
    changed = numbers.copy()
    changed[1500] = 7
    first, same, other = (replace(recipe, where=Table(array)) for array in (numbers, numbers.copy(), changed))
    assert first.token() == same.token()
    assert first.token() != other.token()
    assert first.digest != other.digest
    assert first.token() != replace(first, arguments=(changed,)).token()
    assert pickle.loads(pickle.dumps(first)).digest == first.digest  # noqa: S301 - our own bytes


def test_tokens_name_the_module_of_the_opener(recipe: FileRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.token()
    monkeypatch.setattr(Raw, "__module__", "elsewhere")
    assert recipe.token() != before
    assert replace(recipe, opener=Other.Raw).token() != recipe.token()


def test_what_is_computed_later_does_not_change_a_token(recipe: FileRecipe) -> None:
    table = Table((1, 2))
    before = stable(table)
    assert table.size == 2
    assert stable(table) == before


def test_stable_values_tell_apart_what_differs() -> None:
    values: list[Any] = [
        1, 1.0, "1", None, (1,), [1], {1: 2}, {"a": (1,)}, np.array([1]), np.array([1.0]), np.array([[1]]), np.array(1),
        np.array(["a", None], dtype=object), Table(1), Table((1,)), partial(max, 1), max, Path("a"),
    ]  # fmt: skip
    assert len({repr(stable(value)) for value in values}) == len(values)


def test_tokens_are_equal_in_other_processes() -> None:
    code = (
        "import numpy as np; from functools import partial; from omio.lazy.leaf import FileStamp; "
        "from omio.lazy.tokens import stable; "
        "print(stable((FileStamp('a', 1, 2), partial(np.dot, {'x': np.arange(5)}), FileStamp.of)))"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1]
    assert b"0x" not in runs[0]
