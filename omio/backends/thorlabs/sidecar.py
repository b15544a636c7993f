"""Which file beside a RAW file describes it.

XML of the same stem, else the one ``Experiment.xml``; no other XML in the folder is ever taken. A YAML file of the same
stem stands in where there is no XML, or none that can be read or fits the size of the file; where there is neither, the
one YAML file beside the one RAW file of a folder, whatever it is called.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from omio.backends.thorlabs.account import facts_of
from omio.backends.thorlabs.experiment import Experiment
from omio.backends.thorlabs.folder import EXPERIMENT, YAML, Acquisition
from omio.backends.thorlabs.readings import Reading, readings_of
from omio.backends.thorlabs.sizes import Chosen, choose, fitting
from omio.backends.thorlabs.yamlfile import YamlSidecar
from omio.errors import DamagedFileWarning, FileMissingError, OmioError

if TYPE_CHECKING:
    from omio.lazy.leaf import FileStamp
    from omio.metadata.facts import Facts
    from omio.policies.size import SizeMismatch

TEMPLATE = "Put its Experiment.xml beside it, or write a YAML file: `omio thorlabs template` makes one to edit."


class Sidecar(Protocol):
    """A file that describes a RAW file."""

    @property
    def path(self) -> str:
        """Where it lies."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def readings(self) -> tuple[Reading, ...]:
        """Return the ways to read the RAW file."""
        ...

    def facts(self, reading: Reading) -> Facts:
        """Return what it says of the image."""
        ...


@dataclass(frozen=True)
class XmlSidecar:
    """An ``Experiment.xml``."""

    experiment: Experiment

    @classmethod
    def read(cls, path: str) -> XmlSidecar:
        """Parse it; raises as `Experiment.read`."""
        return cls(Experiment.read(path))

    @property
    def path(self) -> str:
        """Where it lies."""
        return self.experiment.path

    @property
    def name(self) -> str:
        """Its name."""
        return self.experiment.name

    def readings(self) -> tuple[Reading, ...]:
        """Return the ways to read the RAW file; raises as `readings_of`."""
        return readings_of(self.experiment)

    def facts(self, reading: Reading) -> Facts:
        """Return what it says of the image."""
        return facts_of(self.experiment, reading)


def xml_of(raw: str) -> str | None:
    """Return the XML that belongs to a RAW file, None where there is none."""
    acquisition = Acquisition.of(raw)
    stem = Path(raw).stem.lower()
    own = acquisition.named(f"{stem}.xml")
    return acquisition.only(own or acquisition.named(EXPERIMENT), "XML files that may describe it", raw)


def yaml_of(raw: str) -> str | None:
    """Return the YAML file that belongs to a RAW file, None where there is none."""
    acquisition = Acquisition.of(raw)
    stem = Path(raw).stem.lower()
    return acquisition.only(acquisition.named(*(stem + ending for ending in YAML)), "YAML files that describe it", raw)


def lone_yaml_of(raw: str) -> str | None:
    """Return the one YAML file of a folder with one RAW file; None where there are more of either."""
    acquisition = Acquisition.of(raw)
    found = [name for name in acquisition.names if name.lower().endswith(YAML)]
    is_alone = len(acquisition.raws) == len(found) == 1
    return acquisition.path(found[0]) if is_alone else None


def sidecars_of(raw: str) -> tuple[str | None, str | None]:
    """Return the XML and the YAML file that may describe a RAW file."""
    xml, yaml = xml_of(raw), yaml_of(raw)
    return xml, (lone_yaml_of(raw) if xml is None and yaml is None else yaml)


def describe(stamp: FileStamp, policy: SizeMismatch | None, *, strict: bool) -> tuple[Sidecar, Chosen]:
    """Find the sidecar of a RAW file, and read the file's size by it.

    Raises
    ------
    FileMissingError
        There is none.
    UnsupportedFormatError
        There are several.
    DamagedFileError, MetadataError, AmbiguousShapeError
        It cannot be used.
    """
    xml, yaml = sidecars_of(stamp.path)
    if xml is None and yaml is None:
        raise FileMissingError("no Experiment.xml and no YAML file lies beside it", path=stamp.path, remedy=TEMPLATE)
    if xml is not None:
        try:
            found = XmlSidecar.read(xml)
            readings = found.readings()
            if yaml is None or fitting(readings, stamp.size):
                return found, choose(readings, stamp, policy, strict=strict)
            trouble = "does not fit the size of the RAW file"
        except OmioError as error:
            if yaml is None:
                raise
            trouble = error.cause
        warnings.warn(f"{xml}: {trouble}; {Path(yaml).name} is used", DamagedFileWarning, stacklevel=4)
    by_hand = YamlSidecar.read(yaml or "")
    return by_hand, choose(by_hand.readings(), stamp, policy, strict=strict)
