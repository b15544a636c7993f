"""What a source says and the model has no field for: a JSON-able mapping, read when first asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np


class Original(Mapping[str, Any]):
    """A read-only mapping made by a picklable `loader` at first use."""

    def __init__(self, loader: Callable[[], Mapping[str, Any]] = dict) -> None:
        self.loader = loader

    @cached_property
    def _content(self) -> dict[str, Any]:
        return {str(name): jsonable(value) for name, value in self.loader().items()}

    def __getitem__(self, name: str) -> Any:
        return self._content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._content == dict(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Original({self._content!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the loader, not the content."""
        return Original, (self.loader,)


def jsonable(value: Any) -> Any:
    """Turn numpy scalars, arrays, bytes, tuples, dates and enums into what JSON holds."""
    if value is None or isinstance(value, bool | int | str):
        return int(value) if type(value) not in (bool, int, str, type(None)) and isinstance(value, int) else value
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if np.isfinite(number) else repr(number)
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else str(value)
