"""A user's functions of images and metadata, as the runner of a batch calls them; picklable where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omio.dataset import MicroscopyDataset
from omio.functional.images import dataset_of, flat_of, folded
from omio.writers.source import stamps_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

type Options = Mapping[str, Any] | None


@dataclass(frozen=True)
class Load:
    """A user's function that loads, as the runner calls it."""

    function: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, *paths: Path) -> Any:
        """Give one path, or the list of those that are merged."""
        return _pair(self.function(str(paths[0]) if len(paths) == 1 else [str(path) for path in paths], **self.options))


@dataclass(frozen=True)
class Process:
    """A user's function that processes, and what the next one needs: a pair, or a dataset for omio's writer."""

    function: Callable[..., Any] | None
    options: Mapping[str, Any]
    gives_dataset: bool

    def __call__(self, source: Any) -> Any:
        """Give image and metadata apart, and put what comes back together."""
        image, metadata = _as_pair(source)
        if self.function is not None:
            made = self.function(image, metadata, **self.options)
            image, metadata = _pair(made, metadata)
        return dataset_of(image, metadata) if self.gives_dataset else (image, metadata)


@dataclass(frozen=True)
class Save:
    """A user's function that saves, as the runner calls it."""

    function: Callable[..., Any]
    options: Mapping[str, Any]

    def __call__(self, source: Any, path: Path) -> None:
        """Give path, image and metadata."""
        image, metadata = _as_pair(source)
        self.function(str(path), image, metadata, **self.options)


def hooks_of(load: Any, process: Any, save: Any, *options: Options) -> dict[str, Any]:
    """Return the hooks of `run_jobs` for functions of images and metadata, and the options of each."""
    loading, processing, saving = (dict(given or {}) for given in options)
    hooks: dict[str, Any] = {}
    if load is not None:
        hooks["load"] = Load(load, loading)
    if process is not None or (load is not None and save is None):
        hooks["process"] = Process(process, processing, gives_dataset=save is None)
    if save is not None:
        hooks["save"] = Save(save, saving)
    return hooks


def _as_pair(source: Any) -> tuple[Any, Any]:
    if not isinstance(source, MicroscopyDataset):
        return source[0], source[1]
    files = tuple(stamp.path for stamp in stamps_of(source))
    return folded(source).load(), flat_of(source, files)


def _pair(made: Any, metadata: Any = None) -> tuple[Any, Any]:
    return made if isinstance(made, tuple) and len(made) == 2 else (made, metadata)
