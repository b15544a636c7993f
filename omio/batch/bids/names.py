"""Names of BIDS microscopy files.

Format: Brain Imaging Data Structure 1.11, modality "Microscopy": ``sub-<label>/[ses-<label>/]micr/`` holds
``sub-<label>[_ses-<label>]_sample-<label>[_acq-<label>][_stain-<label>][_run-<index>][_chunk-<index>]_<suffix>.<ext>``.
A label is letters and digits, an index is digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTITIES = ("sub", "ses", "sample", "acq", "stain", "run", "chunk")
"""In the order in which they stand in a name."""
INDEXES = frozenset(("run", "chunk"))
type Suffix = Literal[
    "TEM", "SEM", "uCT", "BF", "DF", "PC", "DIC", "FLUO", "CONF", "PLI", "CARS", "2PE", "MPE", "SR", "NLO", "OCT",
    "SPIM", "XPCT",
]  # fmt: skip
SUFFIXES: frozenset[str] = frozenset(get_args(Suffix.__value__))
"""Ways to make an image."""

_PAIR = re.compile(r"([a-z]+)-([A-Za-z0-9]+)")


@dataclass(frozen=True)
class BidsName:
    """What the name of a BIDS file says.

    Attributes
    ----------
    entities
        Such as ``{"sub": "01", "sample": "A"}``, in the order of the name.
    suffix
        Such as ``FLUO``.
    """

    entities: Mapping[str, str]
    suffix: str

    @classmethod
    def of(cls, name: str) -> BidsName | None:
        """Read a file's name; None where it is no BIDS name.

        >>> BidsName.of("sub-01_sample-A_run-2_FLUO.ome.tif")
        BidsName(entities={'sub': '01', 'sample': 'A', 'run': '2'}, suffix='FLUO')
        """
        *pairs, suffix = name.split(".", 1)[0].split("_")
        found = [_PAIR.fullmatch(pair) for pair in pairs]
        entities = {match[1]: match[2] for match in found if match}
        return cls(entities, suffix) if len(entities) == len(found) and suffix.isalnum() else None

    def folder(self) -> PurePosixPath:
        """Return where a microscopy file of this name lies below the root."""
        parts = [f"{entity}-{self.entities[entity]}" for entity in ("sub", "ses") if entity in self.entities]
        return PurePosixPath(*parts, "micr")

    def stem(self) -> str:
        """Return the name without its ending."""
        return "_".join([*(f"{entity}-{value}" for entity, value in self.entities.items()), self.suffix])

    def covers(self, other: BidsName) -> bool:
        """Whether a sidecar of this name belongs to an image of the other's: no entity says otherwise."""
        return self.suffix == other.suffix and self.entities.items() <= other.entities.items()


def value_of(entity: str, text: str) -> str:
    """Make a text the value of an entity: its letters and digits, or the last number in it for an index.

    >>> value_of("sub", "sub-01"), value_of("sample", "exp_TP001"), value_of("run", "TAG_07")
    ('01', 'expTP001', '07')
    """
    if entity in INDEXES:
        numbers: list[str] = re.findall("[0-9]+", text)
        return numbers[-1] if numbers else ""
    return re.sub("[^A-Za-z0-9]", "", text.removeprefix(f"{entity}-"))
