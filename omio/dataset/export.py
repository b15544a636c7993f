"""Datasets in other forms: files, memory maps, plain xarray objects."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from omio.arguments import checked
from omio.image import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray
    from numpy.typing import NDArray

    from omio.lazy.cluster import ClientChoice
    from omio.policies.write import OmeZarrPolicy, OutputPolicy, ReferencePolicy, WritePolicy, ZarrPolicy
    from omio.writers.report import WriteReport


@checked
class Exports(Image):
    """The verbs of `MicroscopyDataset` that give it another form: a file, a memory map, an object of xarray.

    `client` is a ``dask.distributed.Client`` whose workers do what can be done elsewhere; by default the active one of
    this process, if there is one. False: no cluster, the threads of this process.
    """

    @property
    @abstractmethod
    def data(self) -> xarray.DataArray:
        """The lazy DataArray."""

    def to_ometiff(
        self,
        path: str | os.PathLike[str],
        *,
        policy: WritePolicy | dict[str, Any] | None = None,
        client: ClientChoice = None,
        **fields: Any,
    ) -> WriteReport:
        """Write OME-TIFF (or, with ``flavor="imagej"``, an ImageJ hyperstack), streamed, whole or not at all.

        `fields` are those of `WritePolicy`.
        """
        return written(self, "ometiff", path, policy, client, fields)

    def to_omezarr(
        self,
        path: str | os.PathLike[str],
        *,
        policy: OmeZarrPolicy | dict[str, Any] | None = None,
        labels: Mapping[str, Image] | None = None,
        client: ClientChoice = None,
        **fields: Any,
    ) -> WriteReport:
        """Write OME-Zarr into a folder, into one file where the name ends in ``.ozx`` or ``.zip``, or to a URL.

        All levels are made in one pass, in bounded memory, whole or not at all. `fields` are those of `OmeZarrPolicy`.
        `labels` are label images by name; by default those of this image, and with ``{}`` none.
        """
        chosen = self.labels if labels is None else labels
        return written(self, "omezarr", path, policy, client, fields, labels=chosen)

    def to_zarr(
        self,
        path: str | os.PathLike[str],
        *,
        policy: ZarrPolicy | dict[str, Any] | None = None,
        client: ClientChoice = None,
        **fields: Any,
    ) -> WriteReport:
        """Write plain Zarr, which `xarray.open_zarr` opens with coordinates, units and attributes.

        With ``layout="array"`` it is one array, for `zarr.open` and `dask.array.from_zarr`. A folder, or one file where
        the name ends in ``.zip``; streamed in bounded memory, whole or not at all. `fields` are those of `ZarrPolicy`.
        """
        return written(self, "zarr", path, policy, client, fields)

    def to_reference(
        self, path: str | os.PathLike[str], *, policy: ReferencePolicy | dict[str, Any] | None = None, **fields: Any
    ) -> WriteReport:
        """Write where the chunks lie in the files they are read from: a virtual Zarr, which needs no copy of a pixel.

        zarr-python and xarray open it through fsspec, without omio; `omio.open` does too. A name that ends in
        ``.parq`` or ``.parquet`` makes Parquet, any other kerchunk's JSON. `fields` are those of `ReferencePolicy`.

        Raises
        ------
        UnwritableError
            The pixels are computed, or do not lie in their files as chunks that Zarr can decode.
        """
        return written(self, "reference", path, policy, None, fields)

    def memmap(self) -> NDArray[Any]:
        """Map the pixels of an uncompressed, contiguous file read-only; nothing is read, byte order as in the file.

        Raises
        ------
        LayoutError
            Where the pixels are compressed, scattered, in several files, or selected by lists.
        """
        from omio.lazy.mapped import map_pixels

        return map_pixels(self.recipe)

    def to_xarray(self) -> xarray.Dataset:
        """Return a Dataset with one lazy variable ``image``; the metadata is JSON in ``attrs["omio"]``."""
        from omio.dataset.from_xarray import METADATA, VARIABLE

        return self.data.to_dataset(name=VARIABLE).assign_attrs({METADATA: self.metadata.model_dump_json()})

    def to_datatree(self) -> xarray.DataTree:
        """Return a DataTree with a node a level: ``level_0`` (full), ``level_1`` and so on.

        Levels stand beside each other, because xarray wants the coordinates of parent and child to agree.
        """
        import xarray as xr

        nodes = {f"level_{k}": level.to_xarray() for k, level in enumerate(self.levels)}
        return xr.DataTree.from_dict(nodes, name=self.metadata.name)

    @property
    @abstractmethod
    def labels(self) -> Mapping[str, Image]:
        """Label images of this image, by name."""

    @property
    @abstractmethod
    def levels(self) -> tuple[Exports, ...]:
        """The image itself and its coarser versions, finest first."""


def written(
    image: Image,
    writer: str,
    path: str | os.PathLike[str],
    policy: OutputPolicy | dict[str, Any] | None,
    client: Any,
    fields: Mapping[str, Any],
    **further: Any,
) -> WriteReport:
    """Write with a writer of the registry, as its own policy says, on the cluster of a client where there is one."""
    from omio.lazy.cluster import using
    from omio.writers import registry

    kind = registry.load(writer)
    with using(client):
        return kind().write(image, os.fspath(path), kind.policies.resolve(policy, **fields), **further)
