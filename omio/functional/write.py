"""`imwrite`: arrays and their metadata as OME-TIFF, at the name given."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.arguments import checked_call
from omio.backends.discovery import stem
from omio.errors import OptionError, SourceOverwriteError
from omio.functional.images import dataset_of
from omio.functional.voice import LOG, tell, voice
from omio.metadata.flat import FlatMetadata
from omio.naming import spelled
from omio.policies.write import WritePolicy
from omio.store.atomic import as_write_errors, free_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.dataset import MicroscopyDataset
    from omio.functional.reading import PathLike, Paths

ENDING = ".ome.tif"
TIFF_ENDINGS = (".tif", ".tiff", ".btf", ".tf8")


@checked_call
def imwrite(
    fname: Paths,
    images: Any,
    metadatas: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    compression_level: int = 3,
    relative_path: PathLike | None = None,
    overwrite: bool = False,
    return_fnames: bool = False,
    indicate_merged_files: bool = False,
    verbose: bool = True,
) -> Any:
    """Write images as OME-TIFF, each whole or not at all.

    Parameters
    ----------
    fname
        The file, which gets exactly this name (where it does not say TIFF, a warning does); a folder, in which each
        image is named after the file it was read from; or a list of files, one an image.
    images, metadatas
        As `imread` gives them: one, or lists. RGB that `imread` folded into C is written as RGB.
    compression_level
        Of zlib, 1 to 9; 0: uncompressed.
    relative_path
        A folder in that of `fname` to write into instead; made where it is missing.
    overwrite
        False: a taken name gets a counter (``a-1.ome.tif``), with a warning.
    return_fnames
        Return the names that were used.
    indicate_merged_files
        In a folder, add ``_merged`` to the names of images that were made of several files.
    verbose
        False: no warnings and no log.

    Raises
    ------
    SourceOverwriteError
        An image would replace a file that it was read from.
    MetadataError, WriteError, UnwritableError
        The metadata describes another image; the destination; a dtype that OME-TIFF does not know.
    """
    with voice(verbose=verbose):
        pixels, told = _paired(images, metadatas)
        targets = _targets(fname, told, relative_path, merged=indicate_merged_files)
        policy = write_policy(compression_level, overwrite=overwrite)
        names = [
            _write(image, metadata, target, policy)
            for image, metadata, target in zip(pixels, told, targets, strict=True)
        ]
    return names if return_fnames else None


def write_policy(compression_level: int, *, overwrite: bool) -> WritePolicy:
    """Return how files are written."""
    if compression_level not in range(10):
        raise OptionError(f"compression_level={compression_level!r}", remedy="Use 0 (none) to 9 (smallest).")
    codec = {"compression": "zlib", "compression_level": compression_level} if compression_level else {}
    return WritePolicy.resolve({"compression": "none", **codec, "overwrite": "replace" if overwrite else "increment"})


def written(image: MicroscopyDataset, target: Path, policy: WritePolicy) -> str:
    """Write one image; tell where it got another name than asked for."""
    with as_write_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    report = image.to_ometiff(target, policy=policy)
    used = Path(report.path)
    LOG.info("wrote %s", used)
    name = target
    if used != Path(os.path.realpath(target)):
        tell(f"{target.name} exists: written as {used.name}")
        name = target.with_name(used.name)
    if report.lost:
        tell(f"{target.name} cannot hold {', '.join(report.lost)}")
    return str(name if name.exists() else used)


def file_name(name: str, scene: str | None = None) -> str:
    """Return the name of an output, with the key of the scene where there is one."""
    return f"{name}{ENDING}" if scene is None else f"{name}_{_safe(scene)}{ENDING}"


def distinct(paths: Sequence[Path]) -> list[Path]:
    """Count up names that occur twice, so that no output of a call goes over another one."""
    found: list[Path] = []
    for path in paths:
        others = (free_name(path, taken) for taken in count(1))
        found.append(path if path not in found else next(other for other in others if other not in found))
    return found


def _safe(scene: str) -> str:
    """Return a scene's key without what file systems do not take in names."""
    return "".join("-" if letter in '/\\:*?"<>|' else letter for letter in scene)


def _paired(images: Any, metadatas: Any) -> tuple[list[Any], list[FlatMetadata]]:
    pixels = list(images) if isinstance(images, list | tuple) else [images]
    told = list(metadatas) if isinstance(metadatas, list | tuple) else [metadatas]
    if len(pixels) != len(told):
        raise OptionError(f"{len(pixels)} images and {len(told)} metadata are given", remedy="Give one for each.")
    return pixels, [FlatMetadata.of(metadata) for metadata in told]


def _targets(fname: Paths, told: list[FlatMetadata], relative: PathLike | None, *, merged: bool) -> list[Path]:
    if isinstance(fname, Iterable) and not isinstance(fname, str | bytes):
        given = [Path(spelled(name)) for name in fname]
    elif Path(name := spelled(fname)).is_dir() or name.endswith(("/", os.sep)):
        given = [Path(name) / original for original in _original_names(told, merged=merged)]
    else:
        given = [Path(name)]
    if len(given) != len(told):
        raise OptionError(f"{len(told)} images and {len(given)} names are given", remedy="Give a folder or a list.")
    inner = spelled(relative, "relative_path") if relative not in (None, "") else ""
    for path in given:
        if path.suffix.lower() not in ("", *TIFF_ENDINGS):
            tell(f"{path.name} will hold an OME-TIFF, which its name does not say")
    return distinct([path.parent / inner / path.name for path in given])


def _original_names(told: list[FlatMetadata], *, merged: bool) -> list[str]:
    names = []
    for metadata in told:
        steps = metadata.steps
        opened: Mapping[str, Any] = next((step for step in reversed(steps) if step["action"] == "open"), {})
        source = metadata.files[0] if metadata.files else opened.get("source")
        if source is None:
            raise OptionError("the metadata names no file to call the image after", remedy="Name a file, not a folder.")
        joined = merged and any(step["action"] == "merge" for step in steps)
        names.append((stem(source) + "_merged" * joined, opened.get("scene")))
    counts = Counter(name for name, _ in names)
    return [file_name(name, scene if counts[name] > 1 else None) for name, scene in names]


def _write(image: Any, metadata: FlatMetadata, target: Path, policy: WritePolicy) -> str:
    if policy.overwrite == "replace" and any(_same_file(target, source) for source in metadata.files):
        raise SourceOverwriteError("is the file that the image was read from", path=target, remedy="Use another name.")
    return written(dataset_of(image, metadata), target, policy)


def _same_file(target: Path, source: str) -> bool:
    return target.exists() and os.path.exists(source) and target.samefile(source)  # noqa: PTH110


write_ometiff = imwrite
"""The same by another name."""
