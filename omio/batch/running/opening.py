"""Opening a job: its inputs, joined as planned; no pixel is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omio.dataset.opening import open as open_dataset
from omio.policies.merge import MergePolicy

if TYPE_CHECKING:
    import os

    from omio.batch.planning.jobs import Job
    from omio.dataset.dataset import MicroscopyDataset


def open_job(job: Job, root: str | os.PathLike[str]) -> MicroscopyDataset:
    """Open the inputs of a job below the project's root and merge them where it says so; lazy.

    Raises
    ------
    FileMissingError, UnsupportedFormatError, DamagedFileError, SceneError, AxesError
        An input.
    MergeError
        Listing every conflict between inputs.
    """
    first, *others = (_open(job, Path(root, name)) for name in job.inputs)
    if job.merge is None:
        return first
    return first.merge(*others, along=job.merge.along, policy=MergePolicy.resolve(dict(job.merge.policy)))


def _open(job: Job, path: Path) -> MicroscopyDataset:
    if job.reader == "bids":
        from omio.batch.bids.images import open_bids

        return open_bids(path, scene=job.scene, **job.options)
    return open_dataset(path, scene=job.scene, **job.options)
