"""From the images of a project to its jobs."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from omio.backends import discovery
from omio.batch.planning.destinations import Wish
from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from omio.backends.discovery import Found
    from omio.batch.planning.grouping import Grouping
    from omio.batch.planning.layouts import Layout, Place


@dataclass(frozen=True)
class Unit:
    """What becomes one output.

    Attributes
    ----------
    inputs
        Paths below the root, in natural order.
    labels
        What the layout says of all of them.
    wish
        What the output would be called in a mirrored tree.
    is_merge
        Whether inputs are to be merged.
    """

    inputs: tuple[str, ...]
    labels: Mapping[str, str]
    wish: Wish
    is_merge: bool = False


@dataclass(frozen=True)
class Tree:
    """The images of a project.

    Attributes
    ----------
    root
        Of the project.
    places
        Path below the root -> what the layout says of it, in natural order.
    elsewhere
        Images that lie in no place of the layout.
    """

    root: Path
    places: Mapping[str, Place]
    elsewhere: tuple[str, ...]

    @classmethod
    def of(cls, root: Path, layout: Layout, outputs: Collection[str]) -> Tree:
        """List a project's images; `outputs` are folders, by name or whole path, that are not entered.

        Raises
        ------
        FileMissingError, FileAccessError
            A folder that is not there, or may not be read.
        """
        names = discovery.named(layout.patterns)
        found = discovery.walk(
            root,
            lambda name: names(name) and not any(text in name for text in layout.exclude),
            enter=lambda folder: not _is_output(root, folder, outputs),
        )
        paths = sorted(found, key=natural)
        places = {path: layout.place(PurePosixPath(path)) for path in paths}
        return cls(
            root,
            {path: place for path, place in places.items() if place is not None},
            tuple(path for path, place in places.items() if place is None),
        )

    def images(self) -> tuple[Found, ...]:
        """Read the headers of the images that have a place; a set of files counts once. Paths are below the root."""
        absolute = {os.fspath(self.root / path): path for path in self.places}
        return tuple(replace(image, path=absolute[image.path]) for image in discovery.look(tuple(absolute)))


def _is_output(root: Path, folder: str, outputs: Collection[str]) -> bool:
    return folder.rpartition("/")[2] in outputs or os.path.realpath(root / folder) in outputs


def units_of(tree: Tree, grouping: Grouping) -> tuple[Unit, ...]:
    """Group the images, and take their scenes apart."""
    groups: dict[object, list[Found]] = {}
    for image in tree.images():
        path = PurePosixPath(image.path)
        groups.setdefault(grouping.group(path, tree.places[image.path]) or image.path, []).append(image)
    return tuple(unit for key, images in groups.items() for unit in _units(tree, key, images))


def _units(tree: Tree, key: object, images: Sequence[Found]) -> Iterator[Unit]:
    labels = _common([tree.places[image.path].labels for image in images])
    first = PurePosixPath(images[0].path)
    if isinstance(key, tuple):
        folder, stem = key
        name = stem or tree.root.resolve().name
        wish = Wish(folder, name, name)
    else:
        wish = Wish(first.parent, discovery.stem(first.name), first.name)
    inputs = tuple(image.path for image in images)
    for scene in _scenes(images):
        yield Unit(inputs, labels, replace(wish, scene=scene), len(inputs) > 1)


def _scenes(images: Sequence[Found]) -> tuple[str | None, ...]:
    """Return the scenes that all images have; (None,) for the one, and where opening will say that they differ."""
    scenes = images[0].scenes
    return scenes if len(scenes) > 1 and all(image.scenes == scenes for image in images) else (None,)


def _common(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first = labels[0]
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in labels)}
