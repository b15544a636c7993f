"""Parquet references: documents in one file, places of chunks in tables that are read when they are needed."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from itertools import product
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.references.entries import Run
from omio.backends.references.look import PARQUET
from omio.errors import DamagedFileError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

_KEPT = 32
"""So many tables are kept in memory."""


class ParquetReferences:
    """The references of a folder, as fsspec's LazyReferenceMapper writes and reads them; of Zarr 2 only."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            told = json.loads((Path(path) / PARQUET).read_bytes())
            self._documents: dict[str, Any] = told["metadata"]
            self._record = int(told["record_size"])
            self._counts = {key.removesuffix("/.zarray"): _counts(self._documents[key]) for key in self._arrays()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedFileError(f"says no references: {error}", path=path, place=PARQUET) from None
        self._tables: OrderedDict[tuple[str, int], pa.Table | None] = OrderedDict()
        self._lock = Lock()

    def _arrays(self) -> list[str]:
        return [key for key in self._documents if key.endswith("/.zarray")]

    def keys(self) -> Iterator[str]:
        """Yield all keys; of chunks those that the arrays could have."""
        yield from self._documents
        for field, counts in self._counts.items():
            yield from (f"{field}/{'.'.join(map(str, place))}" for place in product(*map(range, counts)))

    def documents(self) -> Iterator[bytes]:
        """Yield the documents of all arrays."""
        return (json.dumps(self._documents[key]).encode() for key in self._arrays())

    def __getitem__(self, key: str) -> bytes | Run | None:
        """Return what a key holds, or where that lies; None where there is no such key."""
        if key == PARQUET or key in self._documents:
            return json.dumps({"metadata": self._documents} if key == PARQUET else self._documents[key]).encode()
        field, _, chunk = key.rpartition("/")
        counts, place = self._counts.get(field), chunk.split(".")
        if counts is None or len(place) != max(1, len(counts)) or not all(number.isdecimal() for number in place):
            return None
        at = tuple(map(int, place))[: len(counts)]
        if any(number >= count for number, count in zip(at, counts, strict=True)):
            return None
        record, row = divmod(int(np.ravel_multi_index(at, counts)) if counts else 0, self._record)
        return self._entry(field, record, row, key)

    def _entry(self, field: str, record: int, row: int, key: str) -> bytes | Run | None:
        table = self._table(field, record)
        if table is None or row >= len(table):
            return None
        entry = {name: table.column(name)[row].as_py() for name in table.column_names}
        match entry.get("raw"), entry.get("path"), entry.get("offset") or 0, entry.get("size") or 0:
            case bytes(raw), _, _, _:
                return raw
            case None, None, _, _:
                return None
            case None, str(name), int(start), int(length) if start >= 0 and length >= 0:
                return Run(name, start, length if start or length else None)
        raise DamagedFileError(f"says {str(entry)[:80]} instead of a file and its bytes", path=self.path, place=key)

    def _table(self, field: str, record: int) -> pa.Table | None:
        with self._lock:
            if (field, record) not in self._tables:
                self._tables[field, record] = self._load(field, record)
                while len(self._tables) > _KEPT:
                    self._tables.popitem(last=False)
            self._tables.move_to_end((field, record))
            return self._tables[field, record]

    def _load(self, field: str, record: int) -> pa.Table | None:
        file = Path(self.path) / field / f"refs.{record}.parq"
        try:
            from pyarrow import parquet

            return parquet.read_table(file)
        except ImportError as error:
            raise MissingDependencyError(
                "Parquet needs pyarrow", path=self.path, remedy="pip install 'omio[parquet]'"
            ) from error
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DamagedFileError(f"is no Parquet: {error}", path=str(file)) from error


def _counts(document: dict[str, Any]) -> tuple[int, ...]:
    return tuple(math.ceil(size / length) for size, length in zip(document["shape"], document["chunks"], strict=True))
