"""`Ledger`: which element, or attachment, of a file each fact was taken from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Book of one image.

    Attributes
    ----------
    sources
        Fact -> where it came from.
    """

    sources: dict[str, str] = field(default_factory=dict)

    def note(self, fact: str, *places: str) -> None:
        """Note where a fact came from; of several places the later ones hold what the earlier do not say."""
        self.sources[fact] = f"file: CZI {', else '.join(places)}"

    def first[T](self, fact: str, *said: tuple[T | None, str]) -> T | None:
        """Return the first value that is known, and note the place that stands behind it."""
        for value, place in said:
            if value is not None:
                self.note(fact, place)
                return value
        return None
