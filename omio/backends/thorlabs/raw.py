"""RAW files of ThorImageLS: frames without a header, described by the XML or YAML file beside them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from omio.backends.base import Backend, Confidence
from omio.backends.thorlabs.folder import Acquisition, acquisition_at, is_mask
from omio.backends.thorlabs.reader import RawLayout, RawReader
from omio.backends.thorlabs.sidecar import describe, sidecars_of
from omio.backends.thorlabs.sizes import MISMATCH, policy_of, refuse_axes
from omio.errors import FileMissingError, SceneError, UnsupportedFormatError
from omio.lazy.leaf import FileRecipe, FileStamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.base import OpenOptions
    from omio.backends.thorlabs.readings import Reading
    from omio.backends.thorlabs.sidecar import Sidecar
    from omio.backends.thorlabs.sizes import Chosen
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts

_SCENE = "0"


class ThorRawBackend(Backend):
    """Reads RAW acquisitions: the ``.raw`` file, its ``Experiment.xml``, or their folder.

    ``on_size_mismatch`` says what to do where the file holds another number of frames than the sidecar promises, as
    after a stopped acquisition: ``"truncate_t"``, ``"infer_t"``, ``"infer_z"`` or a `SizeMismatch` policy.
    """

    name = "thorlabs"
    extensions = (".raw",)
    option_names: ClassVar[tuple[str, ...]] = (MISMATCH,)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        refuse_axes(self.options, path)
        self.stamp = FileStamp.of(raw_of(path))

    @cached_property
    def _described(self) -> tuple[Sidecar, Chosen]:
        """The sidecar, and the reading of the file by it. Files that cannot be read can still be listed."""
        return describe(self.stamp, policy_of(self.options.extra), strict=self.options.strict)

    @property
    def _reading(self) -> Reading:
        return self._described[1].reading

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Take RAW files by their name, for their bytes say nothing, and the folder or XML of one."""
        if path.name.lower().endswith(".raw"):
            return Confidence.EXTENSION
        acquisition = acquisition_at(path, head)
        return Confidence.CONTENT if acquisition and acquisition.raws else Confidence.NO

    def scenes(self) -> tuple[str, ...]:
        """Return the one scene, "0"."""
        return (_SCENE,)

    def _check(self, scene: str) -> None:
        if scene != _SCENE:
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There is {_SCENE!r}.")

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of the frames; those of the flyback are passed over."""
        del level
        self._check(scene)
        reading = self._reading
        _, _, c, y, x = reading.sizes
        frame = reading.frame_bytes
        steps = (reading.point_frames * frame, c * frame, frame)
        layout = RawLayout(reading.dtype, (y, x), steps, strict=self.options.strict)
        dtype = np.dtype(reading.dtype).newbyteorder("=")
        return FileRecipe(RawReader, self.stamp, (), layout, reading.sizes, dtype, (1, 1, 1, y, x), self.name)

    def metadata(self, scene: str) -> Facts:
        """Return what the sidecar says; all of it lies in ``original``."""
        self._check(scene)
        sidecar, chosen = self._described
        facts = sidecar.facts(chosen.reading)
        if chosen.reading.flyback:
            facts = facts.with_step("drop_flyback", frames_per_volume=chosen.reading.flyback)
        return facts.with_step("size_mismatch", **chosen.step) if chosen.step else facts

    def associated(self) -> Mapping[str, tuple[Recipe, Facts]]:
        """Return the previews that lie beside the RAW file, one a channel."""
        from omio.backends.thorlabs.previews import preview_images

        return preview_images(Acquisition.of(self.stamp.path))

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the frames are stored, and what describes them."""
        self._check(scene)
        reading = self._reading
        found = {
            "sidecar": self._described[0].name,
            "byte_order": "little" if reading.frame_bytes > reading.sizes[3] * reading.sizes[4] else None,
            "frame_order": "TZC",
            "flyback_frames": reading.flyback or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def files(self) -> tuple[str, ...]:
        """Return the RAW file, its sidecars, and the previews and masks beside it."""
        acquisition = Acquisition.of(self.stamp.path)
        sidecars = (file for file in sidecars_of(self.stamp.path) if file)
        beside = (acquisition.path(name) for name in (*acquisition.previews.values(), *acquisition.masks))
        return (self.stamp.path, *sidecars, *beside)


def raw_of(path: str) -> str:
    """Return the RAW file that a path means: itself, or the one in its folder.

    Raises
    ------
    UnsupportedFormatError
        It is a mask, or there are several.
    FileMissingError
        There is none.
    """
    acquisition = Acquisition.of(path)
    if is_mask(Path(path).name):
        images = ", ".join(acquisition.raws) or "none lies beside it"
        raise UnsupportedFormatError(
            "marks regions of interest, it holds no image", path=path, remedy=f"RAW: {images}."
        )
    if path.lower().endswith(".raw") and not Path(path).is_dir():
        return path
    found = acquisition.only(acquisition.raws, "RAW files", path)
    if found is None:
        raise FileMissingError("no RAW file lies here", path=path)
    return found
