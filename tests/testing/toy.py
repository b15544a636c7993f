"""A small good format, and one bad backend or writer for every rule of the published suites."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omio.backends.base import Backend, Confidence, OpenOptions
from omio.backends.rawfile import open_raw
from omio.errors import DamagedFileError, DamagedFileWarning
from omio.indexing import orthogonal, to_numpy
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts
from omio.metadata.original import Original

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

MAGIC = b"TOY1"
HEADER = struct.Struct("<4s5Hd")
"""Magic, sizes of T Z C Y X, µm per pixel; then planes of 16 bits."""
SHAPE = (2, 3, 1, 20, 30)


def write_toy(path: Path, shape: tuple[int, ...] = SHAPE, spacing: float = 0.5) -> Path:
    pixels = np.arange(np.prod(shape), dtype="<u2")
    path.write_bytes(HEADER.pack(MAGIC, *shape, spacing) + pixels.tobytes())
    return path


def head_of(path: str) -> tuple[tuple[int, ...], float]:
    content = Path(path).read_bytes()[: HEADER.size]
    if len(content) < HEADER.size:
        raise DamagedFileError(f"its header ends after {len(content)} bytes", path=path)
    magic, *shape, spacing = HEADER.unpack(content)
    if magic != MAGIC or 0 in shape:
        raise DamagedFileError(f"its header cannot be: {magic!r}, {shape}", path=path)
    return tuple(shape), spacing if np.isfinite(spacing) and spacing > 0 else 0.0


@dataclass(frozen=True)
class Where:
    shape: tuple[int, ...]
    strict: bool = True


class ToyReader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.file = open_raw(path)

    def close(self) -> None:
        self.file.close()

    def pixels(self, where: Where) -> NDArray[Any]:
        size = 2 * int(np.prod(where.shape))
        data = self.file.read(size, HEADER.size)
        if len(data) < size:
            if where.strict:
                raise DamagedFileError(f"has {len(data)} of {size} bytes of pixels", path=self.path)
            warnings.warn(f"{self.path}: filled with 0", DamagedFileWarning, stacklevel=2)
        return np.frombuffer(data.ljust(size, b"\0"), "<u2").reshape(where.shape)

    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        out[...] = orthogonal(tuple(map(to_numpy, key)), self.pixels(where))


class Toy(Backend):
    name = "toy"
    extensions = (".toy",)
    magic = (MAGIC,)
    opener: ClassVar[Any] = ToyReader

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        self.shape, self.spacing = head_of(path)
        if self.stamp.size - HEADER.size < 2 * np.prod(self.shape) // 100:
            raise DamagedFileError("cannot hold its pixels", path=path)

    def scenes(self) -> tuple[str, ...]:
        return ("0",)

    def array(self, scene: str, level: int = 0) -> Recipe:
        where = Where(self.shape, self.options.strict)
        unit = (1, 1, 1, *self.shape[3:])
        return FileRecipe(type(self).opener, self.stamp, (), where, self.shape, np.dtype("uint16"), unit, self.name)

    def metadata(self, scene: str) -> Facts:
        spacing = self.spacing or None
        return Facts.of(self.shape, pixel_size={"Y": spacing, "X": spacing})


# ---------------------------------------------------------------------- one backend a rule that it breaks


class Nameless(Toy):
    name = ""


class Shy(Toy):
    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        return Confidence.NO


class Greedy(Toy):
    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        return Confidence.CONTENT


class Raising(Toy):
    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        HEADER.unpack(head[: HEADER.size])
        return super().can_read(path, head)


class Twins(Toy):
    def scenes(self) -> tuple[str, ...]:
        return ("0", "0")


class Longer(Toy):
    def metadata(self, scene: str) -> Facts:
        return Facts.of((*self.shape[:4], self.shape[4] + 1))


class Guessing(Toy):
    def metadata(self, scene: str) -> Facts:
        unknown = Regular(0.0, 0.0, self.shape[4])
        return replace(super().metadata(scene), axes={"X": unknown})


class Infinite(Toy):
    def metadata(self, scene: str) -> Facts:
        return Facts.of(self.shape, channels=[{"pinhole_um": float("nan")}])


class Forgetting(Toy):
    """Cannot say any more what it has no field for."""

    def metadata(self, scene: str) -> Facts:
        return super().metadata(scene).with_static(original=Original(_forgotten))


def _forgotten() -> dict[str, Any]:
    raise KeyError("notes")


class ShiftedReader(ToyReader):
    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        super().read(where, key, out)
        if out.shape != where.shape:
            out += 1


class Shifted(Toy):
    opener = ShiftedReader


class SpillingReader(ToyReader):
    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        super().read(where, key, out)
        if out.base is not None and out.base.shape[-1] > out.shape[-1]:
            out.base[..., 0] = 9


class Spilling(Toy):
    opener = SpillingReader


class Growing(Toy):
    def level_count(self, scene: str) -> int:
        return 2

    def array(self, scene: str, level: int = 0) -> Recipe:
        shape = (*self.shape[:4], self.shape[4] + level)
        return replace(super().array(scene), where=Where(shape), shape=shape)  # type: ignore[type-var]


class Heavy(Toy):
    """Its recipe holds the pixels."""

    def array(self, scene: str, level: int = 0) -> Recipe:
        reader = ToyReader(self.path)
        pixels = reader.pixels(Where(self.shape, self.options.strict))
        reader.close()
        return ArrayRecipe(pixels)


class SharingReader(ToyReader):
    """Seeks and reads as if it were alone."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.shared = Path(path).open("rb")  # noqa: SIM115 - lives as long as the reader

    def close(self) -> None:
        self.shared.close()
        super().close()

    def pixels(self, where: Where) -> NDArray[Any]:
        volume = 2 * int(np.prod(where.shape[1:]))
        found = []
        for t in range(where.shape[0]):
            self.shared.seek(HEADER.size + t * volume)
            found.append(self.shared.read(volume))
        return np.frombuffer(b"".join(found), "<u2").reshape(where.shape)


class Sharing(Toy):
    opener = SharingReader


class HoldingReader(ToyReader):
    """Forgets to close its file."""

    held: ClassVar[list[Any]] = []

    def close(self) -> None:
        self.held.append(self.file)


class Holding(Toy):
    opener = HoldingReader


class OnceReader(ToyReader):
    """Cannot be opened again."""

    opened: ClassVar[set[str]] = set()

    def __init__(self, path: str) -> None:
        if path in self.opened:
            raise DamagedFileError("was read before", path=path)
        self.opened.add(path)
        super().__init__(path)


class Once(Toy):
    opener = OnceReader


class Bare(Toy):
    """Lets errors of the system through."""

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        Path(path).read_bytes()
        super().__init__(path, options)


class Eager(Toy):
    def array(self, scene: str, level: int = 0) -> Recipe:
        recipe = super().array(scene)
        recipe.load()
        return recipe


class Curious(Toy):
    """Looks at everything that lies beside it."""

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        for other in Path(path).parent.iterdir():
            if other.is_file():
                other.read_bytes()


class LazyOnlyReader(ToyReader):
    """Gives another thing for planes than for the whole."""

    def read(self, where: Where, key: Key, out: NDArray[Any]) -> None:
        super().read(where, key, out)
        if len(key[0]) < where.shape[0]:
            out[...] = 0


class LazyOnly(Toy):
    opener = LazyOnlyReader

    def array(self, scene: str, level: int = 0) -> Recipe:
        return replace(super().array(scene), unit=(1, 1, 1, *self.shape[3:]))  # type: ignore[type-var]


@dataclass(frozen=True)
class Stampless(FileStamp):
    def check(self) -> None:
        """Take whatever lies there."""


class Trusting(Toy):
    def array(self, scene: str, level: int = 0) -> Recipe:
        stamp = Stampless(self.stamp.path, self.stamp.size, self.stamp.mtime_ns)
        return replace(super().array(scene), stamp=stamp)  # type: ignore[type-var]


class SilentReader(ToyReader):
    """Fills what is not there and says nothing."""

    def pixels(self, where: Where) -> NDArray[Any]:
        size = 2 * int(np.prod(where.shape))
        return np.frombuffer(self.file.read(size, HEADER.size).ljust(size, b"\0"), "<u2").reshape(where.shape)


class Silent(Toy):
    opener = SilentReader


class QuietlyLenientReader(ToyReader):
    def pixels(self, where: Where) -> NDArray[Any]:
        return super().pixels(where) if where.strict else SilentReader.pixels(self, where)  # type: ignore[arg-type]


class QuietlyLenient(Toy):
    opener = QuietlyLenientReader


class Careless(Toy):
    """Trusts its header."""

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        Backend.__init__(self, path, options)
        content = Path(path).read_bytes()
        magic, *shape, self.spacing = HEADER.unpack(content[: HEADER.size])
        if magic != MAGIC or content[HEADER.size :] != np.arange(np.prod(shape), dtype="<u2").tobytes():
            raise ValueError("bad file")
        self.shape = tuple(shape)
