"""Collections and plates written as OME-Zarr."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omio.dataset.dataset import MicroscopyDataset
    from omio.policies.write import OmeZarrPolicy
    from omio.writers.report import WriteReport
    from omio.writers.zarr.parts import Hierarchy
    from omio.writers.zarr.sets import PlatePlan

type Wish = OmeZarrPolicy | dict[str, Any] | None


def write_set(
    images: Mapping[str, MicroscopyDataset], path: str | os.PathLike[str], policy: Wish, client: Any, **fields: Any
) -> WriteReport:
    """Write images in the bioformats2raw layout."""
    from omio.writers.zarr.sets import set_parts

    return _written(lambda chosen, name: set_parts(images, chosen, name), path, policy, client, fields)


def write_plate(
    images: Mapping[str, MicroscopyDataset],
    plate: PlatePlan,
    path: str | os.PathLike[str],
    policy: Wish,
    client: Any,
    **fields: Any,
) -> WriteReport:
    """Write fields, named ``"A/1/0"``, as a plate."""
    from omio.writers.zarr.sets import plate_parts

    return _written(lambda chosen, name: plate_parts(images, plate, chosen, name), path, policy, client, fields)


def _written(
    build: Callable[[OmeZarrPolicy, str], Hierarchy],
    path: str | os.PathLike[str],
    policy: Wish,
    client: Any,
    fields: Mapping[str, Any],
) -> WriteReport:
    from omio.lazy.cluster import using
    from omio.policies.write import OmeZarrPolicy
    from omio.writers.zarr.omezarr import OmeZarrWriter

    chosen, name = OmeZarrPolicy.resolve(policy, **fields), os.fspath(path)
    with using(client):
        return OmeZarrWriter().write_parts(*build(chosen, name), name, chosen)
