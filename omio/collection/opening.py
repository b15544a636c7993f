"""``omio.open_collection`` and ``omio.open_folder``: nothing but headers is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.arguments import checked_call
from omio.collection.base import MicroscopyCollection
from omio.collection.scenes import Opening, Scenes
from omio.dataset.folders import is_plain_folder
from omio.dataset.opening import byte_limit, gather_options, single_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.backends.axes import AxesChoice
    from omio.dataset.opening import Pages, PathLike
    from omio.lazy.chunks import ChunkChoice


@checked_call
def open_collection(
    path: PathLike,
    *,
    pages: Pages = None,
    axes: AxesChoice = None,
    backend: str | None = None,
    chunks: ChunkChoice = "auto",
    strict: bool = True,
    max_bytes: int | str | None = None,
    allow_outside: PathLike | Sequence[PathLike] = (),
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> MicroscopyCollection:
    """Open all scenes of one file as a lazy mapping; parameters and errors are those of `omio.open`.

    A folder that is no image itself gives the images in it, as `omio.open_folder` does.
    """
    chosen = gather_options(pages, axes, strict, allow_outside, storage_options, options)
    opening = Opening(chosen, backend, chunks, byte_limit(max_bytes))
    source = single_path(path)
    if backend is None and is_plain_folder(source):
        from omio.collection.folder import FolderImages, folder_images

        return MicroscopyCollection(FolderImages(*folder_images(source), opening))
    return MicroscopyCollection(Scenes(source, opening))


@checked_call
def open_folder(
    path: PathLike,
    *,
    pattern: str | None = None,
    recursive: bool = False,
    stack: bool = False,
    scene: str | int | None = None,
    pages: Pages = None,
    axes: AxesChoice = None,
    backend: str | None = None,
    chunks: ChunkChoice = "auto",
    strict: bool = True,
    max_bytes: int | str | None = None,
    allow_outside: PathLike | Sequence[PathLike] = (),
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> MicroscopyCollection:
    """Open the images of a folder as a lazy mapping.

    A key is the path relative to the folder, with forward slashes, in natural order: ``"t2.tif"`` before
    ``"t10.tif"``; ``"plate.czi#A1"`` where a file has several scenes. An image of several files counts once: to tell,
    each file's headers are looked into once. A file that cannot be opened has its key, and raises its own error when it
    is asked for.

    Parameters
    ----------
    path
        The folder.
    pattern
        A glob for the names of files, such as ``"*.czi"``; by default every name whose ending a backend knows.
    recursive
        Also in its folders, at any depth, but not in hidden ones nor in those that omio wrote: ``omio_converted``,
        folders with a run's report, caches.
    stack
        `path` is one of several folders ``<TAG>_001``, ``<TAG>_002``, … that repeat an acquisition: open the images
        of all of them, with keys such as ``"FOV1_001/image.tif"``. Tags are compared whole: ``FOV1`` is not ``FOV10``.
    scene
        Key or number of the scene to take of every file; keys then are paths alone.
    pages, axes, backend, chunks, strict, max_bytes, allow_outside, storage_options, **options
        As for `omio.open`, for every file.

    Raises
    ------
    FileMissingError
        There is no such folder, no image in it, or no number at the end of its name where it should be a stack.
    """
    chosen = gather_options(pages, axes, strict, allow_outside, storage_options, options)
    opening = Opening(chosen, backend, chunks, byte_limit(max_bytes))
    from omio.collection.folder import FolderImages, folder_images
    from omio.dataset.sequence.names import refuse_remote  # late: sequences need pydantic, and `omio info` does not

    refuse_remote(single_path(path))
    root, found = folder_images(single_path(path), pattern=pattern, recursive=recursive, stack=stack)
    return MicroscopyCollection(FolderImages(root, found, opening, scene))
