"""`Ledger`: what has been read of a document, where each fact came from, and what could not be taken."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from omio.ome.markup import local
from omio.units import number

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

SMALLEST, LARGEST = 1e-9, 1e12
"""µm (or s) beyond which no microscope measures: such values are defaults of a writer, or damage."""


@dataclass
class Ledger:
    """Book of one image.

    Attributes
    ----------
    taken
        Element -> its attributes, and local names of its text children, that a fact holds entirely.
    sources
        Fact -> where it came from.
    problems
        Values that no image can have, as they stand in the file.
    """

    taken: dict[Element, set[str]] = field(default_factory=lambda: defaultdict(set))
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take(self, element: Element, name: str, fact: str) -> None:
        """Note that a fact holds all that this attribute or child says."""
        self.taken[element].add(name)
        self.source(fact, element, name)

    def source(self, fact: str, element: Element, name: str) -> None:
        """Note where a fact came from."""
        self.sources[fact] = f"file: OME {local(element.tag)} {name}"

    def problem(self, element: Element, name: str, raw: str) -> None:
        """Note a value that cannot be."""
        self.problems.append(f'has {name}="{raw[:60]}" in {local(element.tag)}, which was taken as unknown')

    def text(self, element: Element, name: str, fact: str) -> str | None:
        """Take an attribute as it stands; None where it is absent or empty."""
        value = element.get(name)
        if not value:
            return None
        self.take(element, name, fact)
        return value

    def quantity(
        self,
        element: Element,
        name: str,
        fact: str,
        *,
        convert: Callable[[float, str | None], float | None] | None = None,
        unit: str | None = None,
        signed: bool = False,
        spacing: bool = False,
    ) -> float | None:
        """Take a number with its unit (attribute ``<name>Unit``; `unit` is the schema's default).

        A value that had to be converted also stays among what no field holds, as it was. Values that are
        no number, or not positive unless `signed`, are problems; so are units that nobody knows, and a `spacing` that
        no microscope has.
        """
        raw = element.get(name)
        if raw is None:
            return None
        value, said = number(raw), element.get(f"{name}Unit")
        if value is None or (not signed and value <= 0):
            self.problem(element, name, raw)
            return None
        if convert is None:
            self.take(element, name, fact)
            return value
        converted = convert(value, said or unit)
        if converted is None and said not in (None, "pixel", "reference frame"):
            self.problem(element, f"{name}Unit", said or "")
        elif converted is not None and spacing and not SMALLEST <= converted <= LARGEST:
            self.problem(element, name, raw)
            return None
        if converted is not None:
            self._take_quantity(element, name, fact, is_whole=converted == value)
        return converted

    def _take_quantity(self, element: Element, name: str, fact: str, *, is_whole: bool) -> None:
        if is_whole:
            self.taken[element].add(f"{name}Unit")
            self.take(element, name, fact)
        else:
            self.source(fact, element, name)
