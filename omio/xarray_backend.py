"""``xr.open_dataset(path, engine="omio")`` and ``xr.open_datatree``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from xarray.backends import BackendEntrypoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray

_SURE = (".czi", ".lsm", ".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf8", ".companion.ome", ".svs")


class OmioBackendEntrypoint(BackendEntrypoint):
    """Opens microscope files lazily; the variable is ``image``, its dims are T Z C Y X [S]."""

    description = "Microscope files (CZI, OME-TIFF, ImageJ, LSM, …) by omio"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "scene", "level", "axes", "chunk_blocks")

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        **options: Any,
    ) -> xarray.Dataset:
        """Open one scene; options are those of `omio.open`, with ``chunk_blocks`` for its ``chunks``."""
        from omio.dataset.opening import open as open_image

        found = open_image(os.fspath(filename_or_obj), **_renamed(options)).to_xarray()
        return found if drop_variables is None else found.drop_vars(drop_variables)

    def open_datatree(self, filename_or_obj: Any, **options: Any) -> xarray.DataTree:
        """Open every scene as a node named by its key, with a node a level below: ``level_0`` is the full one."""
        import xarray as xr

        from omio.collection import open_collection

        options.pop("drop_variables", None)
        with_scenes = open_collection(os.fspath(filename_or_obj), **_renamed(options))
        nodes = {key.replace("/", "_"): image.to_datatree() for key, image in with_scenes.items()}
        return xr.DataTree(children=nodes)

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Claim only names that no other engine reads."""
        named = isinstance(filename_or_obj, str | os.PathLike)
        return named and os.fspath(filename_or_obj).lower().endswith(_SURE)


def _renamed(options: dict[str, Any]) -> dict[str, Any]:
    if "chunk_blocks" in options:
        options["chunks"] = options.pop("chunk_blocks")
    return options
