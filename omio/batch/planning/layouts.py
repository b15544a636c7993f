"""Layouts: what the folders of a project mean. They look at names only; no file is touched."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from omio.batch.bids.names import ENTITIES, SUFFIXES, BidsName
from omio.batch.planning.matching import Mode, meets
from omio.errors import PolicyError
from omio.metadata.problems import problems
from omio.policies.base import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Place:
    """What a layout says of an image.

    Attributes
    ----------
    labels
        Such as ``{"subject": "sub-01", "experiment": "exp_TP002", "tag": "TAG_01"}``.
    experiment
        Where the image lies in a tag folder: the folder whose tag folders belong together; None elsewhere.
    """

    labels: Mapping[str, str]
    experiment: PurePosixPath | None = None


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


type Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Layout(Policy):
    """Base of layouts: an own one names its ``kind`` and says by `place` what the path of an image means.

    Attributes
    ----------
    patterns
        Globs of the names of images; by default every name whose ending a backend knows.
    exclude
        Texts that no name of an image contains, such as ``"Preview"``.
    """

    default_kind: ClassVar[str] = "bids-like"
    reader: ClassVar[Literal["omio", "bids"]] = "omio"
    """``bids`` where JSON sidecars belong to the images."""

    patterns: Texts = ()
    exclude: Texts = ()

    @property
    def has_tags(self) -> bool:
        """Whether images may lie in tag folders."""
        return False

    @abstractmethod
    def place(self, path: PurePosixPath) -> Place | None:
        """Return what the path of an image below the root means; None where it lies in no place of this layout."""

    @abstractmethod
    def sought(self) -> str:
        """Say where images are looked for."""


class FolderLayout(Layout):
    """Any tree: every image is one, at any depth."""

    kind: ClassVar[str] = "folder"

    def place(self, path: PurePosixPath) -> Place:
        """Label an image by its folder."""
        return Place({"folder": path.parent.as_posix()} if path.parent.name else {})

    def sought(self) -> str:
        """Say where images are looked for."""
        return "any folder"


class Level(BaseModel):
    """A level of folders.

    Attributes
    ----------
    name
        What the folders are: the label.
    words
        A folder meets one of them; none are met by every folder.
    match
        How; see `omio.batch.planning.matching.meets`.
    optional
        Images may also lie one level higher.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    words: Texts = ()
    match: Mode = "token"
    optional: bool = False

    def __init__(self, **fields: Any) -> None:
        """Check the fields; a wrong one is a `PolicyError` that names it."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise PolicyError(f"{type(self).__name__}: {problems(error)}") from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for word in self.words if self.match == "regex" else ():
            try:
                re.compile(word)
            except re.error as error:
                raise ValueError(f"{word!r} is no regular expression: {error}") from None
        return self

    def holds(self, folder: str) -> bool:
        """Whether a folder is of this level."""
        return not self.words or any(meets(folder, word, self.match) for word in self.words)

    def sought(self) -> str:
        """Say which folders are meant."""
        words = f"{self.match} {' or '.join(map(repr, self.words))}" if self.words else "any name"
        return f"{'[' if self.optional else ''}{self.name}: {words}{']' if self.optional else ''}"


class LevelsLayout(Layout):
    """Folders within folders, each level named; those of the last level are tag folders.

    Attributes
    ----------
    levels
        From the root on.
    deeper
        Also take images in folders below the last level.
    """

    kind: ClassVar[str] = "levels"

    levels: tuple[Level, ...] = Field(min_length=1)
    deeper: bool = False

    @property
    def has_tags(self) -> bool:
        """Whether images may lie in tag folders."""
        return True

    def place(self, path: PurePosixPath) -> Place | None:
        """Label an image by the folders that it lies in."""
        return _place(path, self.levels, deeper=self.deeper)

    def sought(self) -> str:
        """Say where images are looked for."""
        return " / ".join(level.sought() for level in self.levels)


class BidsLikeLayout(Layout):
    """Subject folders hold experiment folders, which hold images, and tag folders of images where a tag is named.

    Attributes
    ----------
    sub
        What the names of subject folders start with.
    exp
        The word that experiment folders meet; every folder meets the empty word.
    tag
        The word that tag folders meet; None where there are none.
    match, tag_match
        How they meet it; see `omio.batch.planning.matching.meets`.
    subjects
        Names of the subject folders to take; by default all.
    """

    kind: ClassVar[str] = "bids-like"

    sub: str = "sub-"
    exp: str = ""
    tag: str | None = None
    match: Mode = "token"
    tag_match: Mode = "token"
    subjects: Texts = ()

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The levels of folders."""
        subject = Level(name="subject", words=self.sub, match="startswith")
        if self.subjects:
            subject = Level(name="subject", words=self.subjects, match="exact")
        experiment = Level(name="experiment", words=self.exp or (), match=self.match)
        if self.tag is None:
            return subject, experiment
        return subject, experiment, Level(name="tag", words=self.tag, match=self.tag_match, optional=True)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _ = self.levels  # an expression that is none is told here
        return self

    @property
    def has_tags(self) -> bool:
        """Whether images may lie in tag folders."""
        return self.tag is not None

    def place(self, path: PurePosixPath) -> Place | None:
        """Label an image by subject, experiment and tag."""
        found = _place(path, self.levels)
        return found if found is None or self.has_tags else Place(found.labels)

    def sought(self) -> str:
        """Say where images are looked for."""
        return " / ".join(level.sought() for level in self.levels)


class BidsLayout(Layout):
    """BIDS microscopy: ``sub-<label>/[ses-<label>/]micr/`` with its names; JSON sidecars belong to the images."""

    kind: ClassVar[str] = "bids"
    reader: ClassVar[Literal["omio", "bids"]] = "bids"

    def place(self, path: PurePosixPath) -> Place | None:
        """Label an image by the entities and the suffix of its name."""
        name = BidsName.of(path.name)
        if name is None or name.suffix not in SUFFIXES or not {"sub", "sample"} <= set(name.entities) <= set(ENTITIES):
            return None
        return Place({**name.entities, "suffix": name.suffix}) if path.parent == name.folder() else None

    def sought(self) -> str:
        """Say where images are looked for."""
        return "sub-<label>/[ses-<label>/]micr/sub-<label>[_ses-<label>]_sample-<label>[_…]_<suffix>.<ending>"


def _place(path: PurePosixPath, levels: Sequence[Level], *, deeper: bool = False) -> Place | None:
    folders = path.parent.parts
    taken = _assign(folders, levels, deeper=deeper)
    if taken is None:
        return None
    labels = {level.name: folder for level, folder in zip(taken, folders, strict=False)}
    is_tag = bool(taken) and taken[-1] is levels[-1]
    return Place(labels, PurePosixPath(*folders[: len(taken) - 1]) if is_tag else None)


def _assign(folders: Sequence[str], levels: Sequence[Level], *, deeper: bool) -> tuple[Level, ...] | None:
    """Return the level of each folder from the root on; None where they do not fit."""
    if not folders:
        return () if all(level.optional for level in levels) else None
    if not levels:
        return () if deeper else None
    below = _assign(folders[1:], levels[1:], deeper=deeper) if levels[0].holds(folders[0]) else None
    if below is not None:
        return levels[0], *below
    return _assign(folders, levels[1:], deeper=deeper) if levels[0].optional else None
