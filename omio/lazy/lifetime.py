"""What ends when a dataset is closed: reading, for it and for all that was selected from it, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omio.errors import ClosedError
from omio.lazy.recipe import Derived

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key


@dataclass(eq=False)
class Lifetime:
    """Open until it or what it came from is closed: a selection ends with its dataset, not the other way round."""

    parent: Lifetime | None = None
    closed: bool = False

    @property
    def ended(self) -> bool:
        """Whether this or anything it came from was closed."""
        at: Lifetime | None = self
        while at is not None and not at.closed:
            at = at.parent
        return at is not None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the chain: in another process nothing else can close it."""
        return Lifetime, (None, self.ended)

    def check(self) -> None:
        """Raise `ClosedError` after the end."""
        if self.ended:
            raise ClosedError("the dataset is closed", remedy="Open it again.")


@dataclass(frozen=True, eq=False)
class Guarded(Derived):
    """A recipe that reads only while its dataset is open; what arrays given to other libraries hold."""

    lifetime: Lifetime = field(default_factory=Lifetime)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read while open."""
        self.lifetime.check()
        self.base.read(key, out)

    def token(self) -> tuple[Any, ...]:
        """Return the base's token: two guards of one recipe give the same pixels."""
        return self.base.token()
