"""ThorImage's ``Experiment.xml``, as numbers, flags and texts that were checked.

There is no published schema. Facts are from files of versions 2.x to 5.0 (the root is ``ThorImageExperiment``, each
setting one element with attributes) and from what ThorImage's own viewer makes of them. The XML holds the settings, so
elements also stand there where they were not used: ``enable="0"``, or a mode that does not look at them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omio.backends.xmlfile import read_root
from omio.errors import DamagedFileError, MetadataError
from omio.ome.markup import children, local, to_json
from omio.units import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from omio.lazy.leaf import FileStamp

MAX_BYTES = 8 << 20
"""Real ones have 5 to 50 KB."""
MAX_COUNT = 2**31
FLAGS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, eq=False)
class Experiment:
    """A parsed ``Experiment.xml``.

    Attributes
    ----------
    path
        Of the XML.
    root
        Its root element.
    problems
        Attributes that were asked for and hold no such value; `check` raises them together.
    """

    path: str
    root: Element
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: str) -> Experiment:
        """Parse the file.

        Raises
        ------
        DamagedFileError
            It is no well-formed XML, no description of an acquisition, or far too large for one.
        """
        root = read_root(path, MAX_BYTES)
        if not local(root.tag).startswith("ThorImage"):
            raise DamagedFileError(f"is no XML of ThorImage: its root is {local(root.tag)[:40]!r}", path=path)
        return cls(path, root)

    @property
    def name(self) -> str:
        """Name of the file."""
        return os.path.basename(self.path)  # noqa: PTH119 - a plain string

    def text(self, tag: str, attribute: str) -> str | None:
        """Return an attribute of the first element that has it: some versions repeat elements, all but one empty."""
        found = (element.get(attribute) for element in children(self.root, tag))
        return next((value.strip() for value in found if value and value.strip()), None)

    def flag(self, tag: str, attribute: str) -> bool | None:
        """Return a switch; None where it is not said."""
        return FLAGS.get((self.text(tag, attribute) or "").lower())

    def number(self, tag: str, attribute: str) -> float | None:
        """Return a finite number; None where there is none."""
        return number(self.text(tag, attribute))

    def positive(self, tag: str, attribute: str) -> float | None:
        """Return a number above 0; 0 and less are how ThorImage writes what it does not know."""
        value = self.number(tag, attribute)
        return value if value is not None and value > 0 else None

    def count(self, tag: str, attribute: str, *, least: int = 1) -> int | None:
        """Return a whole number; None where it is not said. What is none, or less than `least`, is a problem."""
        text = self.text(tag, attribute)
        if text is None:
            return None
        value = number(text)
        if value is None or value != int(value) or not least <= value < MAX_COUNT:
            self.problems.append(f"{tag} {attribute} is {text[:40]!r}")
            return None
        return int(value)

    def values(self, parent: str, tag: str, attribute: str) -> tuple[str | None, ...]:
        """Return an attribute of each child of an element."""
        found = [child.get(attribute) for element in children(self.root, parent) for child in children(element, tag)]
        return tuple((value and value.strip()) or None for value in found)

    def child_text(self, parent: str, tag: str, attribute: str) -> str | None:
        """Return an attribute of the first such child of an element."""
        return next((value for value in self.values(parent, tag, attribute) if value), None)

    def check(self, *missing: str) -> None:
        """Raise what was found to be wrong, and what is missing, together."""
        wrong = [*(f"{what} is missing" for what in missing), *dict.fromkeys(self.problems)]
        if wrong:
            raise MetadataError(
                "; ".join(wrong), path=self.path, remedy="Describe the RAW file by a YAML file beside it."
            )


def load_original(stamp: FileStamp) -> Mapping[str, Any]:
    """Read the whole XML again, as JSON."""
    stamp.check()
    root = Experiment.read(stamp.path).root
    return {local(root.tag): to_json(root)}
