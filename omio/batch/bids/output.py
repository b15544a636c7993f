"""How a project's outputs become a BIDS microscopy dataset: their names.

Format: Brain Imaging Data Structure 1.11, modality "Microscopy".
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from omio.batch.bids.names import ENTITIES, INDEXES, BidsName, Suffix, value_of
from omio.errors import ProjectError
from omio.policies.base import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omio.batch.planning.units import Unit

type SampleType = Literal[
    "cell line", "in vitro differentiated cells", "primary cell", "cell-free sample", "cloning host", "tissue",
    "whole organisms", "organoid", "technical sample",
]  # fmt: skip

_LABEL = re.compile(r"\{(\w+)\}")
_REQUIRED = ("sub", "sample")
AUTO = "auto"


class BidsOut(Policy):
    """How the labels of a layout become BIDS names.

    Each entity is a template of labels in braces, such as ``"{experiment}"``: its letters and digits are taken, or its
    last number for ``run`` and ``chunk``. Besides the layout's labels there are ``{name}`` (of the source, without
    its ending) and ``{scene}``. An entity whose label an image does not have is left out, but for sub and sample.

    Attributes
    ----------
    suffix
        How the images were made: ``FLUO``, ``CONF``, ``2PE``, ``SEM``, ….
    sample_type
        What the samples are, for ``samples.tsv``.
    sub, ses, sample, acq, stain, run, chunk
        Templates. ``run="auto"`` counts images that would have the same name.
    name
        Of the dataset; that of the output folder by default.
    sidecar
        Further fields of each image's JSON, such as ``{"Manufacturer": "Zeiss"}``.
    """

    kind: ClassVar[str] = "bids-out"

    suffix: Suffix
    sample_type: SampleType
    sub: str = "{subject}"
    ses: str | None = None
    sample: str = "{experiment}"
    acq: str | None = None
    stain: str | None = None
    run: str | None = AUTO
    chunk: str | None = None
    name: str | None = None
    sidecar: dict[str, Any] = Field(default_factory=dict)

    def destinations(self, units: Sequence[Unit], ending: str) -> tuple[tuple[str, ...], tuple[Unit, ...]]:
        """Return a destination for each unit, and the units with their entities among the labels.

        Raises
        ------
        ProjectError
            Listing all units whose labels make no name, all labels that become the same value, and all names that
            several units have.
        """
        texts = [self._texts(unit) for unit in units]
        problems = [*_unnamed(units, texts), *_merged_labels(texts)]
        values = [{entity: value_of(entity, text) for entity, text in found.items()} for found in texts]
        names = self._counted([BidsName(entities, self.suffix) for entities in values])
        paths = tuple(f"{name.folder()}/{name.stem()}{ending}" for name in names)
        problems += [] if problems else _collisions(units, paths)
        if problems:
            listed = "\n  ".join(problems)
            remedy = 'Say by which labels they differ, as in BidsOut(acq="{name}").'
            raise ProjectError(f"no BIDS dataset can be made:\n  {listed}", remedy=remedy)
        labelled = (replace(unit, labels=_labels(unit, name)) for unit, name in zip(units, names, strict=True))
        return paths, tuple(labelled)

    def _texts(self, unit: Unit) -> dict[str, str]:
        """Return the text of each entity whose labels the unit has."""
        labels = {**unit.labels, "name": unit.wish.stem}
        if unit.wish.scene is not None:
            labels["scene"] = unit.wish.scene
        templates = {entity: getattr(self, entity) for entity in ENTITIES}
        return {
            entity: _LABEL.sub(lambda match: labels[match[1]], template)
            for entity, template in templates.items()
            if template not in (None, AUTO) and set(_LABEL.findall(template)) <= labels.keys()
        }

    def _counted(self, names: Sequence[BidsName]) -> list[BidsName]:
        """Give images of the same name a run, where that is wanted."""
        if self.run != AUTO:
            return list(names)
        count = Counter(name.stem() for name in names)
        seen: Counter[str] = Counter()
        return [_with_run(name, seen) if count[name.stem()] > 1 else name for name in names]


def _with_run(name: BidsName, seen: Counter[str]) -> BidsName:
    seen[name.stem()] += 1
    entities = {**name.entities, "run": str(seen[name.stem()])}
    return BidsName({entity: entities[entity] for entity in ENTITIES if entity in entities}, name.suffix)


def _labels(unit: Unit, name: BidsName) -> Mapping[str, str]:
    return {**unit.labels, **name.entities, "suffix": name.suffix}


def _unnamed(units: Sequence[Unit], texts: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for unit, found in zip(units, texts, strict=True):
        for entity in _REQUIRED:
            if entity not in found:
                known = ", ".join(unit.labels) or "none"
                yield f"{unit.inputs[0]}: has no label for {entity}- (it has {known})"
        for entity, text in found.items():
            if not value_of(entity, text):
                what = "number" if entity in INDEXES else "letter or digit"
                yield f"{unit.inputs[0]}: {entity}- has no {what} in {text!r}"


def _merged_labels(texts: Sequence[Mapping[str, str]]) -> Iterator[str]:
    sources: dict[tuple[str, str], set[str]] = {}
    for found in texts:
        for entity, text in found.items():
            if entity not in INDEXES:
                sources.setdefault((entity, value_of(entity, text).casefold()), set()).add(text)
    for (entity, value), names in sources.items():
        if len(names) > 1:
            yield f"{' and '.join(map(repr, sorted(names)))} would all be {entity}-{value}"


def _collisions(units: Sequence[Unit], paths: Sequence[str]) -> Iterator[str]:
    sources: dict[str, list[str]] = {}
    for unit, path in zip(units, paths, strict=True):
        sources.setdefault(path.casefold(), []).append(unit.inputs[0])
    return (f"{', '.join(inputs)} would all be {path}" for path, inputs in sources.items() if len(inputs) > 1)
