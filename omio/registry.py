"""A lazy registry of plug-ins: rows known before any import, entry points, and classes registered by hand."""

from __future__ import annotations

import importlib
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.errors import MissingDependencyError, PluginWarning
from omio.installed import is_declared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class PluginSpec:
    """A plug-in before it is imported.

    Attributes
    ----------
    name
        How users name it.
    target
        ``"package.module:Class"``.
    extensions
        File name endings, longest first where they nest, with the dot.
    extra
        The extra of omio that brings what it needs.
    cares
        ``cares(subject)``: whether it may have to do with a subject, told without importing it. None: ask it.
    """

    name: str
    target: str
    extensions: tuple[str, ...] = ()
    extra: str | None = None
    cares: Callable[[Any], bool] | None = None


class Registry[P]:
    """Plug-ins of one group, imported at first use."""

    def __init__(self, group: str, builtin: tuple[PluginSpec, ...]) -> None:
        self.group = group
        self._specs = {spec.name: spec for spec in builtin}
        self._classes: dict[str, type[P]] = {}
        self._discovered = False
        self._lock = threading.RLock()

    def register(self, plugin: type[P], *, name: str | None = None) -> type[P]:
        """Add a class; usable as a decorator. A name that exists is replaced."""
        key = name or str(getattr(plugin, "name", plugin.__name__))
        with self._lock:
            self._specs[key] = PluginSpec(key, f"{plugin.__module__}:{plugin.__qualname__}", _endings(plugin))
            self._classes[key] = plugin
        return plugin

    def unregister(self, name: str) -> None:
        """Forget a plug-in; nothing happens where there is none."""
        with self._lock:
            self._specs.pop(name, None)
            self._classes.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """Names of all plug-ins, the built-in ones first."""
        self._discover()
        with self._lock:
            return tuple(self._specs)

    def spec(self, name: str) -> PluginSpec:
        """Return the row of a plug-in; KeyError where there is none."""
        self._discover()
        return self._specs[name]

    def load(self, name: str) -> type[P]:
        """Import a plug-in.

        Raises
        ------
        MissingDependencyError
            Where a package it needs is not installed, or where it is broken.
        """
        if name not in self._classes:
            spec = self.spec(name)
            module, _, attribute = spec.target.partition(":")
            try:
                self._classes[name] = getattr(importlib.import_module(module), attribute)
            except Exception as error:  # a plug-in is foreign code: whatever it raises, omio goes on without it
                is_missing = isinstance(error, ImportError)
                cause = str(error) if is_missing else f"{type(error).__name__}: {error}"
                remedy = f'pip install "omio[{spec.extra}]"' if spec.extra and is_missing else None
                raise MissingDependencyError(f"{name!r} cannot be loaded: {cause}", remedy=remedy) from error
        return self._classes[name]

    def broken(self) -> Iterator[tuple[str, MissingDependencyError]]:
        """Yield the plug-ins of other packages that cannot be loaded, and why; loads them all."""
        for name in self.names():
            if not self.spec(name).target.startswith("omio."):
                try:
                    self.load(name)
                except MissingDependencyError as error:
                    yield name, error

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __len__(self) -> int:
        return len(self.names())

    def _discover(self) -> None:
        """Add the entry points; threads that come at the same time may both look for them."""
        if self._discovered:
            return
        found = _declared(self.group)
        with self._lock:
            for spec in found:
                self._specs.setdefault(spec.name, spec)
            self._discovered = True

    def loadable(self, subject: Any = None) -> Iterator[tuple[str, type[P]]]:
        """Yield the plug-ins, where a subject is given those that may care for it; each broken one is one warning."""
        for name in self.names():
            spec = self._specs.get(name)
            if spec is None or (subject is not None and spec.cares and not spec.cares(subject)):
                continue
            try:
                yield name, self.load(name)
            except MissingDependencyError as error:
                if not spec.extra and self._specs.pop(name, None) is not None:
                    warnings.warn(f"plug-in {name!r} is broken: {error}", PluginWarning, stacklevel=2)


def _declared(group: str) -> list[PluginSpec]:
    """Return what installed packages declare."""
    if not is_declared(group):
        return []
    from importlib.metadata import entry_points

    return [PluginSpec(point.name, point.value) for point in entry_points(group=group)]


def _endings(plugin: Any) -> tuple[str, ...]:
    return tuple(getattr(plugin, "extensions", ()))
