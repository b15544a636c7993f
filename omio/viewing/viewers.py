"""Viewers by name: classes that installed packages declare as ``omio.viewers``, and those that were registered here."""

from __future__ import annotations

from typing import Any, Protocol

from omio.arguments import checked_call
from omio.errors import OptionError
from omio.naming import listed
from omio.registry import Registry


class Viewer(Protocol):
    """A viewer that has a name: ``ds.view("name")`` makes one without arguments and adds layers to it.

    Layers come as napari takes them; a viewer shows what it can of them.
    """

    def add_image(self, *data: Any, **options: Any) -> Any:
        """Show an image; the arguments are those of napari's ``add_image``."""

    def add_labels(self, *data: Any, **options: Any) -> Any:
        """Show a label image; the arguments are those of napari's ``add_labels``."""

    def run(self) -> None:
        """Return when it is closed, or at once where nothing ends with the script."""


registry: Registry[Viewer] = Registry("omio.viewers", ())


@checked_call
def register_viewer[V: Viewer](viewer: type[V]) -> type[V]:
    """Add a viewer class for this process, by its ``name`` or that of the class; usable as a decorator."""
    registry.register(viewer)
    return viewer


def new_viewer(name: str) -> Viewer:
    """Make a viewer.

    Raises
    ------
    OptionError
        None has that name.
    MissingDependencyError
        A package that it needs is not installed, or it is broken.
    """
    if name not in registry:
        remedy = f'{listed(registry, name)} napari needs no name; policy="browser" is the browser.'
        raise OptionError(f"no viewer {name!r}", remedy=remedy)
    return registry.load(name)()
