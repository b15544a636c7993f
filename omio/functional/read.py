"""`imread`: images and their metadata, as arrays of T Z C Y X and flat dicts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from omio.arguments import checked_call
from omio.errors import FileMissingError, OptionError
from omio.functional.images import flat_of, folded
from omio.functional.reading import Found, OnError, PathLike, Paths, Reading
from omio.functional.voice import LOG, voice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.dataset import MicroscopyDataset
    from omio.metadata.flat import FlatMetadata

type ZarrStore = Literal["memory", "disk"] | None


@checked_call
def imread(
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
    verbose: bool = True,
    **options: Any,
) -> tuple[Any, Any]:
    """Read a file, a list of files, or the images of a folder.

    Parameters
    ----------
    fname
        A file, a list of files, a folder, or a pattern such as ``"t{T}.tif"``.
    zarr_store
        None: numpy arrays. ``"memory"``: read-only `zarr.Array`, chunks are read from the source when asked
        for; nothing is copied. ``"disk"``: read-only arrays copied to ``.omio_cache`` beside the file.
    zarr_store_path
        Another folder in which ``.omio_cache`` is made.
    reuse_disk_cache
        Take a copy that is there, where it is whole and of the same content.
    on_error
        With an image that cannot be read: ``"raise"``, or leave it out with a warning (``"warn"``) or with an entry
        in the log (``"skip"``).
    return_list
        Lists also for one image.
    recursive
        Also the folders below, but not what omio wrote there: ``omio_converted``, folders with a run's report, caches.
        Such a folder is read where `fname` is it.
    folder_stacks
        `fname` is one of several folders ``<TAG>_001``, ``<TAG>_002``, …: read all of them.
    merge_folder_stacks
        Join the images of such folders into one.
    merge_multiple_files_in_folder
        Join the images of a folder, or of a list, into one.
    merge_along_axis
        T, Z or C.
    zeropadding
        Pad smaller images with zeros, which is told, and take a dtype that holds all values; False: all must agree.
    physicalsize_xyz
        Pixel size of X, Y and Z in `pixelunit`, instead of what the file says; None leaves one as it is.
    collapse_ome_multifile_series
        Read an image of several files once; False: once for each of its files in the folder.
    verbose
        False: no warnings and no log.
    **options
        Those of `omio.open`: ``scene``, ``axes``, ``strict``, ….

    Returns
    -------
    (image, metadata), or two lists of them for several images. A file of several scenes gives one entry a scene.
    Images have the dims T Z C Y X; the samples of RGB lie in C, with ``metadata["SamplesPerPixel"]`` saying so.

    Raises
    ------
    OmioError
        What `omio.open` and merging raise.
    """
    with voice(verbose=verbose):
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
            options=options,
        )
        keeping = Keeping(zarr_store, zarr_store_path, reuse=reuse_disk_cache)
        pairs = []
        asked = 0
        for found in reading.look(fname):
            asked += 1
            with reading.forgiving():
                pairs += [keeping.show(found)] if found else []
        merged = merge_multiple_files_in_folder or merge_folder_stacks
        given = not isinstance(fname, str | os.PathLike) and not merged
        return as_asked(pairs, fname, lists=return_list or given or asked > 1)


def as_asked(pairs: list[tuple[Any, FlatMetadata]], fname: Paths, *, lists: bool) -> tuple[Any, Any]:
    """Return one pair, or two lists."""
    if lists:
        return [image for image, _ in pairs], [metadata for _, metadata in pairs]
    if not pairs:
        raise FileMissingError("no image could be read", path=str(fname), remedy='on_error="raise" says why.')
    return pairs[0]


class Keeping:
    """In what form pixels are given: in memory, lazily, or as a copy on disk."""

    def __init__(self, zarr_store: ZarrStore, folder: PathLike | None, *, reuse: bool) -> None:
        if zarr_store not in (None, "memory", "disk"):
            raise OptionError(f"zarr_store={zarr_store!r}", remedy='Use None, "memory" or "disk".')
        self.zarr_store = zarr_store
        self.folder = folder
        self.reuse = reuse

    def show(self, found: Found) -> tuple[Any, FlatMetadata]:
        """Return pixels and metadata."""
        image = folded(found.image)
        LOG.info("reading %s", found.path)
        return self._pixels(image), flat_of(found.image, found.files)

    def _pixels(self, image: MicroscopyDataset) -> Any:
        if self.zarr_store is None:
            return image.load()
        return image.as_zarr() if self.zarr_store == "memory" else self._on_disk(image)

    def _on_disk(self, image: MicroscopyDataset) -> Any:
        import zarr

        from omio.dataset.caching import copy_of

        entry = copy_of(image, [image.recipe], self.folder, reuse=self.reuse)
        # a copy has all chunks: one that is missing was removed, and must not read as zeros
        return zarr.open_array(entry.path, mode="r", config={"read_missing_chunks": False})
