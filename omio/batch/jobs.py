"""`Job`: one output of a project, planned before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Merge:
    """How the inputs of a job become one image.

    Attributes
    ----------
    along
        The dim that grows.
    policy
        As `MergePolicy.describe` says it.
    """

    along: str
    policy: Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """Inputs, how they are joined, and where the result goes.

    Attributes
    ----------
    inputs
        Paths relative to the project's root, with forward slashes; several are merged, in this order.
    destination
        Path relative to the output folder, with forward slashes and the ending of the writer: the job's identity.
    scene
        Key of the scene to take; None where the file has one.
    merge
        None for a single input.
    options
        Of ``omio.open``.
    labels
        What the layout says of it: subject, experiment, tag, ….
    sidecar
        JSON to write beside the destination, None for none.
    """

    inputs: tuple[str, ...]
    destination: str
    scene: str | None = None
    merge: Merge | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    sidecar: Mapping[str, Any] | None = None
