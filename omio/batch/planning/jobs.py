"""`Job`: one output of a project, planned before anything runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

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
    """Inputs, how they are joined, and where the result goes; `omio.batch.running.opening.open_job` opens it.

    Attributes
    ----------
    inputs
        Paths relative to the project's root, with forward slashes; several are merged, in this order.
    destination
        Path relative to the output folder, with forward slashes and the ending of the writer: the job's identity.
    scene
        Key of the scene to take; None where the files have one.
    merge
        None for a single input.
    options
        Of ``omio.open``.
    labels
        What the layout says of it: subject, experiment, tag, ….
    reader
        ``omio``, or ``bids`` where JSON sidecars beside the inputs belong to them.
    sidecar
        None, or BIDS output: further fields of the JSON beside the destination, which `omio.batch.bids.files.sidecar`
        completes; a destination that ends in ``.ome.tif`` ends in ``.ome.btf`` where the file is a BigTIFF
        (`omio.batch.bids.files.settle` says so before it is written, `write_sidecar` writes the JSON).
    """

    inputs: tuple[str, ...]
    destination: str
    scene: str | None = None
    merge: Merge | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    reader: Literal["omio", "bids"] = "omio"
    sidecar: Mapping[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """Return JSON that `of` turns back into this job."""
        return {**asdict(self), "inputs": list(self.inputs)}

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Self:
        """Make the job that `describe` told of."""
        merge = description["merge"]
        return cls(
            **{
                **description,
                "inputs": tuple(description["inputs"]),
                "merge": None if merge is None else Merge(**merge),
            }
        )
