"""Files that a user's function reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dataset.dataset import MicroscopyDataset
from omio.dataset.sequence.models import Model
from omio.dims import canonical_shape, parse_axes
from omio.errors import AxesError, MergeError, OptionError
from omio.lazy.arranged import arranged
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.lazy.tokens import stable
from omio.metadata.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from omio.dataset.sequence.models import Opener
    from omio.indexing import Key


@dataclass(frozen=True, eq=False)
class CalledFile(Model):
    """A file of a format that only the user's function knows."""

    opener: Opener
    path: str
    function: Callable[[str], Any]

    @property
    def name(self) -> str:
        """Name of the function."""
        return f"reader {getattr(self.function, '__qualname__', type(self.function).__qualname__)}"

    @cached_property
    def recipe(self) -> Called:
        """What the function gives: it is called once to know shape and dtype, and the array let go."""
        axes = self.opener.options.axes
        if axes is not None and not isinstance(axes, str):
            raise OptionError(f"axes={axes!r}", remedy='Name the dims of what the reader returns: axes="YX".')
        stamp = FileStamp.of(self.path)
        array = np.asarray(self.function(self.path))
        if array.dtype.kind not in "biufc":
            raise OptionError(f"the reader returns {array.dtype}, no array of numbers", path=self.path)
        if axes is None and array.ndim != 2:
            cause = f"nothing says what the {array.ndim} axes are that the reader returns"
            raise AxesError(cause, path=self.path, remedy='Name them: axes="ZYX".')
        dims = parse_axes(axes or "YX", array.ndim)
        shape = canonical_shape(dims, array.shape)
        return Called(self.function, stamp, dims, array.shape, shape, array.dtype.newbyteorder("="), shape)

    @cached_property
    def image(self) -> MicroscopyDataset:
        """The file, of which nothing is known but its pixels."""
        recipe = self.recipe
        step = {"source": recipe.stamp.name, "backend": self.name, "axes": "".join(recipe.arguments)}
        facts = Facts.of(recipe.shape).with_step("open", **step)
        return MicroscopyDataset(recipe, facts, chunks=self.opener.chunks, max_bytes=self.opener.max_bytes)

    @property
    def files(self) -> tuple[str, ...]:
        """The file."""
        return (self.path,)

    @property
    def template(self) -> Called:
        """The recipe: what the function makes of another file shows when it is read."""
        return self.recipe

    def sibling(self, path: str) -> Called:
        """Take any file; what the function makes of it shows when it is read."""
        return replace(self.recipe, stamp=FileStamp.of(path))

    def checked(self, path: str) -> Called:
        """Take any file, as `sibling`."""
        return self.sibling(path)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is read again where it is needed."""
        return {"opener": self.opener, "path": self.path, "function": self.function}


@dataclass(frozen=True, eq=False)
class Called(FileRecipe):
    """What a function returns for a file: called at each reading, and nothing is kept open.

    ``opener`` is the function, ``arguments`` are the dims of what it returns, ``where`` is the shape of that.
    """

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Call the function, and compare what it returns with what the first file gave."""
        self.stamp.check()
        array = np.asarray(self.opener(self.stamp.path))
        if array.shape != self.where or array.dtype.newbyteorder("=") != self.dtype:
            cause = f"the reader returns {array.dtype} of shape {array.shape}, not {self.dtype} of {self.where}"
            raise MergeError(cause, path=self.stamp.path, remedy="All files must be like the first.")
        arranged(array, self.arguments).read(key, out)

    def token(self) -> tuple[Any, ...]:
        """Name function and file."""
        return ("called", stable(self.opener), self.stamp, self.arguments)

    def release(self) -> None:
        """Do nothing: no file is held open."""
