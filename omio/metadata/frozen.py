"""`Frozen`: a dict that nobody changes."""

from __future__ import annotations

from typing import Any, NoReturn


class Frozen[K, V](dict[K, V]):
    """A dict that refuses changes, so that images can share it; ``dict(frozen)`` is a copy that can be changed."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("facts are not changed in place: use with_metadata, or change a dict() of them")

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a plain dict that is frozen again."""
        return Frozen, (dict(self),)


def freeze(instance: Any, *names: str) -> None:
    """Freeze the mappings in these fields of a frozen dataclass."""
    for name in names:
        value = getattr(instance, name)
        if value is not None and type(value) is not Frozen:
            object.__setattr__(instance, name, Frozen(value))
