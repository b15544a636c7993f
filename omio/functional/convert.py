"""`imconvert`: files to OME-TIFF, streamed from source to destination."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.arguments import checked_call
from omio.backends.discovery import OUTPUT, stem
from omio.functional.cache import cleanup_omio_cache
from omio.functional.reading import Found, OnError, PathLike, Paths, Reading
from omio.functional.voice import voice
from omio.functional.write import distinct, file_name, write_policy, written
from omio.naming import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.functional.read import ZarrStore


@checked_call
def imconvert(
    fname: Paths,
    zarr_store: ZarrStore = None,
    zarr_store_path: PathLike | None = None,
    reuse_disk_cache: bool = False,
    on_error: OnError = "raise",
    return_list: bool = False,
    recursive: bool = False,
    folder_stacks: bool = False,
    merge_folder_stacks: bool = False,
    merge_multiple_files_in_folder: bool = False,
    merge_along_axis: str = "T",
    zeropadding: bool = True,
    physicalsize_xyz: Sequence[float | None] | None = None,
    pixelunit: str = "micron",
    collapse_ome_multifile_series: bool = True,
    compression_level: int = 3,
    relative_path: PathLike | None = OUTPUT,
    overwrite: bool = False,
    return_fnames: bool = False,
    cleanup_cache: bool = False,
    verbose: bool = True,
    **options: Any,
) -> Any:
    """Convert a file, a list of files, or the images of a folder to OME-TIFF.

    Pixels are streamed: no image is ever in memory as a whole, and no copy is made on the way. RGB stays RGB.

    Parameters
    ----------
    fname, on_error, recursive, folder_stacks, merge_folder_stacks, merge_multiple_files_in_folder, merge_along_axis,
    zeropadding, physicalsize_xyz, pixelunit, collapse_ome_multifile_series, verbose, **options
        As for `imread`. Outputs of earlier calls are never inputs.
    zarr_store, zarr_store_path, reuse_disk_cache, return_list
        Taken for the sake of scripts that give them to both functions: streaming needs no store.
    compression_level, overwrite, return_fnames
        As for `imwrite`.
    relative_path
        Folder for the outputs, in that of each source; an absolute path takes all of them.
    cleanup_cache
        Remove copies that ``imread(..., zarr_store="disk")`` made of the sources.
    """
    with voice(verbose=verbose):
        relative = Path(spelled(relative_path, "relative_path") if relative_path else "")
        reading = Reading(
            on_error=on_error,
            recursive=recursive,
            folder_stacks=folder_stacks,
            merge_folder_stacks=merge_folder_stacks,
            merge_files=merge_multiple_files_in_folder,
            merge_along_axis=merge_along_axis,
            zeropadding=zeropadding,
            physicalsize_xyz=physicalsize_xyz,
            pixelunit=pixelunit,
            collapse_sets=collapse_ome_multifile_series,
            passed_over=relative.name,
            options=options,
        )
        found = [one for one in reading.look(fname) if one is not None]
        names = []
        policy = write_policy(compression_level, overwrite=overwrite)
        for one, target in zip(found, _targets(found, relative), strict=True):
            with reading.forgiving():
                names.append(written(one.image, target, policy))
        if cleanup_cache:
            for one in found:
                cleanup_omio_cache(one.path)
    return names if return_fnames else None


def _targets(found: list[Found], relative: Path) -> list[Path]:
    """Name the outputs: the scene where a file has several, ``_merged`` where an image is of several files."""
    names = [file_name(stem(one.path) + "_merged" * one.merged, one.scene) for one in found]
    return distinct([Path(one.path).parent / relative / name for one, name in zip(found, names, strict=True)])


convert_to_ometiff = imconvert
"""The same by another name."""
