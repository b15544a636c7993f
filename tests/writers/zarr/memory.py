"""A target in memory that refuses to be given a key twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import zarr
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore

from omio.lazy.arrays import ArrayRecipe
from omio.writers.zarr.document import array_documents, attributes_of
from omio.writers.zarr.encode import codec_named
from omio.writers.zarr.stream import Cutter, write_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.lazy.recipe import LazyArray
    from omio.metadata.facts import Facts
    from omio.policies.write import Downsampling
    from omio.writers.zarr.plan import ZarrPlan


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunked(ArrayRecipe):
    """An array in memory that is read in units."""

    unit: tuple[int, ...]

    @property
    def chunk(self) -> tuple[int, ...]:
        return self.unit


class DictTarget:
    """Keys in a dictionary."""

    is_shared: ClassVar[bool] = False
    path = "memory"

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    @property
    def fetch(self) -> DictTarget:
        return self

    def put(self, key: str, content: bytes) -> None:
        assert key not in self.kept
        self.kept[key] = content

    def __call__(self, key: str, start: int = 0, length: int | None = None) -> bytes | None:
        found = self.kept.get(key)
        return None if found is None else found[start:][:length]

    def levels(self, count: int) -> list[NDArray[Any]]:
        """Return all levels as zarr-python reads them, in the order of OME-Zarr."""
        make = default_buffer_prototype().buffer.from_bytes
        group = zarr.open_group(MemoryStore({key: make(content) for key, content in self.kept.items()}), mode="r")
        return [group[str(number)][...] for number in range(count)]  # type: ignore[index, misc]


def write(source: LazyArray, facts: Facts, plan: ZarrPlan, how: Downsampling) -> DictTarget:
    """Write all levels of a plan."""
    target = DictTarget()
    codec, level = codec_named("none", None)
    attributes = attributes_of(facts, plan, "0.5", has_xml=False, further={})
    for key, content in array_documents(plan, attributes, 3, codec, level).items():
        target.put(key, content)
    write_levels(source, plan, Cutter(target, codec, level, 3), how)
    return target
