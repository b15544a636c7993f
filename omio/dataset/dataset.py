"""`MicroscopyDataset`: a lazy, labelled, physically true microscope image."""

from __future__ import annotations

import copy
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from omio.arguments import checked
from omio.dataset import levels as pyramid
from omio.dataset import selection
from omio.dataset.export import Exports
from omio.dataset.familiar import Familiar
from omio.dataset.looking import Looking
from omio.dataset.pictures import Pictures
from omio.errors import LayoutError, MemoryLimitError
from omio.lazy.chunks import ChunkChoice, chunk_lengths, plan_chunks, stream_blocks
from omio.lazy.leaf import first_file, first_stamp
from omio.lazy.lifetime import Guarded, Lifetime
from omio.lazy.view import view

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    import xarray
    from numpy.typing import DTypeLike, NDArray

    from omio.dataset.merging import Parts
    from omio.dataset.positions import Method
    from omio.lazy.chunks import Chunks
    from omio.lazy.leaf import FileStamp
    from omio.lazy.projection import Projector
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.metadata.models import ImageMetadata
    from omio.policies.base import Choice
    from omio.policies.merge import MergePolicy
    from omio.policies.pad import PadPolicy, Width


@checked
class MicroscopyDataset(Exports, Looking, Pictures, Familiar):
    """A lazy image with dims T Z C Y X, and S for RGB.

    Pixels are read when `load`, `data` or a writer asks for them. Every selection returns a new dataset whose
    metadata is true of what was selected. Datasets are values: nothing changes one in place.

    Parameters
    ----------
    recipe
        How to read the pixels.
    facts
        What is known of them.
    levels
        Coarser versions, finest first.
    chunks
        How `data` is cut into dask blocks; see `omio.lazy.chunks.plan_chunks`.
    max_bytes
        Most bytes one eager read may take; None: what `omio.config` allows.
    associated
        Further pictures of the same file (label, macro, thumbnail).
    """

    def __init__(
        self,
        recipe: Recipe,
        facts: Facts,
        levels: tuple[pyramid.Level, ...] = (),
        *,
        chunks: ChunkChoice = "auto",
        max_bytes: int | None = None,
        associated: Mapping[str, MicroscopyDataset] | None = None,
    ) -> None:
        if recipe.shape != facts.shape:
            raise LayoutError(f"pixels of shape {recipe.shape} are described as {facts.shape}")
        if recipe.dtype.kind not in "buifc":
            raise LayoutError(f"pixels of dtype {recipe.dtype} are no numbers", remedy="Use array.astype(float).")
        self._recipe = recipe
        self._facts = facts
        self._coarser = levels
        self._choice = chunks
        self._max_bytes = max_bytes
        self._associated = {} if associated is None else associated
        self._lifetime = Lifetime()

    @classmethod
    def from_array(
        cls,
        array: Any,
        axes: str | None = None,
        *,
        pixel_size: Mapping[str, float | None] | None = None,
        time_increment: float | None = None,
        channels: Sequence[Any] = (),
        name: str | None = None,
    ) -> Self:
        """Describe an array in memory (or any lazy array with numpy indexing).

        Parameters
        ----------
        array
            Its dims are `axes`, in order; numpy arrays are shared, not copied.
        axes
            Letters of TZCYXS; absent dims get length 1. Only two dims (Y X), five and six need none.
        pixel_size
            µm of Z, Y, X.
        time_increment
            Seconds between frames.
        channels
            Names, mappings or `Channel` models.
        name
            Of the image.
        """
        from omio.dataset.changes import described
        from omio.lazy.arranged import arranged, axes_of

        source = array if hasattr(array, "shape") and hasattr(array, "dtype") else np.asarray(array)
        recipe = arranged(source, axes_of(source, axes))
        facts = described(
            recipe.shape, pixel_size=pixel_size, time_increment=time_increment, channels=channels, name=name
        )
        return cls(recipe, facts.with_step("from_array"))

    @classmethod
    def from_xarray(cls, array: xarray.DataArray | xarray.Dataset) -> Self:
        """Take a DataArray whose dims are among T Z C Y X S; its coordinates become facts.

        Positions are µm and seconds unless their ``units`` attribute says otherwise. A Dataset must have one variable,
        or one named ``image`` as `to_xarray` makes it.
        """
        from omio.dataset.from_xarray import take_apart

        recipe, facts = take_apart(array)
        return cls(recipe, facts.with_step("from_xarray"))

    # ------------------------------------------------------------------ what it is

    @property
    def recipe(self) -> Recipe:
        """How to read the pixels: what writers and viewers use."""
        self._lifetime.check()
        return self._recipe

    @property
    def facts(self) -> Facts:
        """Plain facts; `metadata` is the same as validated models."""
        return self._facts

    @cached_property
    def metadata(self) -> ImageMetadata:
        """All that is known of the image; unknown is None."""
        from omio.metadata._coords import to_metadata

        return to_metadata(self._facts, self.dtype)

    @property
    def dims(self) -> tuple[str, ...]:
        """T Z C Y X, then S for RGB."""
        return tuple(self._facts.sizes)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Dim -> length."""
        return dict(self._facts.sizes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths in the order of dims."""
        return self._recipe.shape

    @property
    def ndim(self) -> int:
        """Five, or six for RGB."""
        return self._recipe.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Native dtype of the pixels."""
        return self._recipe.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of all pixels once read."""
        return self._recipe.nbytes

    @property
    def name(self) -> str | None:
        """Name of the image."""
        return self._facts.static.name

    @cached_property
    def chunks(self) -> Chunks:
        """Lengths of the blocks of `data`, dim by dim."""
        return plan_chunks(self._recipe, self._choice)

    @property
    def pixel_size(self) -> dict[str, float | None]:
        """µm of Z, Y, X; None where unknown."""
        return dict(self.metadata.pixel_size)

    @property
    def levels(self) -> tuple[Self, ...]:
        """The image itself and its coarser versions, finest first."""
        return pyramid.Levels((self, *(self._level(number) for number in range(len(self._coarser)))))

    def _level(self, number: int) -> Self:
        level, rest = self._coarser[number], self._coarser[number + 1 :]
        coarser = tuple(pyramid.Level.of(item.recipe, level.recipe.shape) for item in rest)
        facts = level.facts(self._facts).with_step("level", level=number + 1, factor=level.factors[4])
        return self._replace(_recipe=level.recipe, _facts=facts, _coarser=coarser)

    @property
    def associated(self) -> Mapping[str, MicroscopyDataset]:
        """Further pictures of the same file: label, macro, thumbnail."""
        return self._associated

    @property
    def labels(self) -> Mapping[str, MicroscopyDataset]:
        """Label images that the file holds for this image, by name and cut as it is; see `omio.dataset.labels`."""
        from omio.dataset.labels import labels_of

        return labels_of(self.recipe, self._associated)

    # ------------------------------------------------------------------ pixels

    @cached_property
    def data(self) -> xarray.DataArray:
        """The lazy DataArray, cut into dask blocks; coordinates are in µm and s. No pixel is read."""
        from omio.lazy.graph import import_libraries, to_dask
        from omio.metadata._coords import to_coordinates

        xr = import_libraries()
        array = to_dask(Guarded(self.recipe, self._lifetime), self.chunks)
        data: xarray.DataArray = xr.DataArray(array, dims=self.dims, coords=to_coordinates(self._facts), name=self.name)
        data.encoding["preferred_chunks"] = dict(zip(self.dims, chunk_lengths(self.chunks), strict=True))
        return data

    def load(self) -> NDArray[Any]:
        """Read all pixels into one array of `shape`, without dask.

        Raises
        ------
        MemoryLimitError
            Where that takes more than ``max_bytes``, than `omio.config` allows, or than the system gives.
        """
        from omio.settings import memory_limit

        limit = self._max_bytes if self._max_bytes is not None else memory_limit()
        if limit is not None and self.nbytes > limit:
            raise self._too_large(f"exceeds the limit of {limit:,}")
        try:
            return self.recipe.load()
        except MemoryLimitError:
            raise
        except MemoryError as error:
            raise self._too_large("is more than the system gives") from error

    def _too_large(self, why: str) -> MemoryLimitError:
        cause, remedy = f"reading {self.nbytes:,} bytes {why}", "Select a part, work on .data block by block"
        error = MemoryLimitError(cause, remedy=f"{remedy}, or raise max_bytes=.")
        if (file := first_file(self._recipe)) is not None:
            error.path, error.format = file.stamp.path, file.format
        return error

    def __array__(self, dtype: DTypeLike | None = None, *, copy: bool | None = None) -> NDArray[Any]:
        """Read all pixels: ``np.asarray(ds)``."""
        if copy is False:
            raise ValueError("reading pixels makes an array: copy=False cannot be met")
        array = self.load()
        return array if dtype is None else array.astype(dtype, copy=False)

    def as_zarr(self, *, chunks: ChunkChoice | None = None, levels: bool = False) -> Any:
        """Return a read-only virtual `zarr.Array`, cut as `chunks` says; with ``levels=True`` a `zarr.Group` of all."""
        from omio.lazy.store import virtual_zarr

        found = self.levels if levels else (self,)
        return virtual_zarr([Guarded(level.recipe, self._lifetime) for level in found], chunks, as_group=levels)

    # ------------------------------------------------------------------ selecting

    def isel(self, **indexers: Any) -> Self:
        """Select by integer, slice, list or mask along named dims; an integer keeps its dim at length 1.

        Raises
        ------
        SelectionError
            For an unknown dim or an index outside of it.
        """
        return self._take(selection.index_key(self._facts, indexers))

    def sel(self, *, method: Method | None = None, **labels: Any) -> Self:
        """Select by channel name and physical position (Z, Y, X in µm, T in s).

        A slice is the closed interval, whatever the direction of the axis; a scalar is the nearest pixel within half
        a step (`method` "nearest" at any distance, "pad" the one before, "backfill" the one after); a repeated
        channel name gives all channels of that name.

        Raises
        ------
        SelectionError
            Where nothing lies there, or the axis has no known positions.
        """
        return self._take(selection.label_key(self._facts, labels, method))

    def _take(self, key: Any) -> Self:
        return self._replace(
            _recipe=view(self._recipe, key),
            _facts=self._facts.take(key),
            _coarser=pyramid.follow(self._coarser, key, self.shape),
        )

    # ------------------------------------------------------------------ changing

    def with_metadata(self, **changes: Any) -> Self:
        """Say what the file does not: name, description, pixel_size, time_increment, channels, objective, ….

        ``pixel_size={"X": 0.1}`` leaves Y and Z as they are; None means unknown. Facts given here have the source
        "user".
        """
        from omio.dataset.changes import changed

        return self._replace(_facts=changed(self._facts, changes))

    def map(self, function: Callable[[xarray.DataArray], xarray.DataArray], *, step: str | None = None) -> Self:
        """Apply a function of DataArrays to `data`, lazily, and keep the metadata that is still true.

        Dims that the function drops return with length 1. `step` names the function in the provenance.
        """
        from omio.dataset.mapping import mapped

        recipe, facts = mapped(self.data, self.recipe, self._facts, function, step)
        return self._replace(_recipe=recipe, _facts=facts, _coarser=())

    def project(self, along: str = "Z", how: Projector = "max") -> Self:
        """Reduce a dim to length 1 by its max, min, sum, mean or std, streamed in bounded memory; lazy."""
        from omio.dataset.mapping import projected

        recipe, facts = projected(self.recipe, self._facts, along, how)
        return self._replace(_recipe=recipe, _facts=facts, _coarser=())

    def astype(self, dtype: DTypeLike) -> Self:
        """Convert the pixels when they are read."""
        from omio.lazy.tree import cast

        target = np.dtype(dtype)
        levels = tuple(pyramid.Level(cast(level.recipe, target), level.factors) for level in self._coarser)
        facts = self._facts.with_step("astype", dtype=str(target))
        return self._replace(_recipe=cast(self.recipe, target), _facts=facts, _coarser=levels)

    def split_samples(self) -> Self:
        """Turn the samples of RGB (S, with one channel) into channels."""
        from omio.dataset.mapping import split_facts
        from omio.lazy.tree import SplitSamples

        levels = tuple(pyramid.Level(SplitSamples(level.recipe), level.factors[:-1]) for level in self._coarser)
        return self._replace(_recipe=SplitSamples(self.recipe), _facts=split_facts(self._facts), _coarser=levels)

    def join_samples(self) -> Self:
        """Turn the channels into samples S of one channel."""
        from omio.dataset.mapping import join_facts
        from omio.lazy.tree import JoinSamples

        levels = tuple(pyramid.Level(JoinSamples(level.recipe), (*level.factors, 1.0)) for level in self._coarser)
        return self._replace(_recipe=JoinSamples(self.recipe), _facts=join_facts(self._facts), _coarser=levels)

    def merge(self, *others: Parts, along: str = "T", policy: Choice[MergePolicy] | None = None, **fields: Any) -> Self:
        """Put datasets (sequences, collections) after this one along T, Z or C, or into a mosaic along M; lazy.

        Nothing is read or written. `policy` is `StrictMerge`, along M `MosaicMerge`, unless said otherwise; `fields`
        are the policy's.

        Raises
        ------
        MergeError
            Listing every conflict.
        """
        from omio.dataset.merging import gathered, merged

        recipe, facts, levels = merged((self, *gathered(others)), along, policy, **fields)
        return self._replace(_recipe=recipe, _facts=facts, _coarser=levels, _lifetime=Lifetime())

    def pad(
        self,
        widths: Mapping[str, Width] | None = None,
        *,
        to: Mapping[str, int] | None = None,
        policy: Choice[PadPolicy] | None = None,
        **fields: Any,
    ) -> Self:
        """Add pixels: `widths` before and after, dim by dim, or up to the sizes `to`; lazy.

        Positions stay true: the origin moves. `policy` is `ZeroPad` unless said otherwise; the dtype is kept.
        """
        from omio.dataset.merging import padded

        recipe, facts = padded(self, widths or {}, to or {}, policy, **fields)
        return self._replace(_recipe=recipe, _facts=facts, _coarser=())

    def cached(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        chunks: ChunkChoice | None = None,
        levels: int | None = None,
    ) -> Self:
        """Return the same image, read from a Zarr copy on disk, which is made now where there is none.

        The copy is whole when this returns. It is found again by the content of the files and by what was made of them
        (scene, selection, merge), wherever they lie; it is made once, whoever else asks for it meanwhile. Metadata,
        provenance and labels are those of this dataset. Copies are listed and removed by ``omio cache``.

        Parameters
        ----------
        folder
            Where the folder ``.omio_cache`` lies; by default beside the first file. Where that cannot be written, it
            is the user's cache folder (``omio.config(cache_dir=)``), which is told once.
        chunks
            How the copy is cut, as for `omio.open`; by default into tiles of up to 512 x 512.
        levels
            How many levels to copy, finest first; by default all. The others are still read from the source.

        Raises
        ------
        LayoutError
            Pixels in memory, or made by a function: nothing would tell whether a copy is of the same.
        WriteError
            No room: pixels may take as much as uncompressed; or no folder that can be written.
        ChangedFileError
            A file changed meanwhile.
        """
        from omio.dataset.caching import cached

        return cached(self, folder, chunks=chunks, levels=levels)

    # ------------------------------------------------------------------ comparing, ending

    def identical(self, other: MicroscopyDataset) -> bool:
        """Whether both have the same pixels, axes, channels, annotations and original; sources and provenance apart.

        Pixels are compared block by block.
        """
        from omio.metadata.compare import differences

        if self.shape != other.shape or self.dtype != other.dtype or differences(self._facts, other.facts):
            return False
        mine, theirs = self.recipe, other.recipe
        return all(
            np.array_equal(mine.load(key), theirs.load(key), equal_nan=self.dtype.kind in "fc")
            for key in stream_blocks(mine)
        )

    def close(self) -> None:
        """End this dataset and those selected from it, and release their files; harmless when repeated."""
        if not self._lifetime.ended:
            self._lifetime.closed = True
            self._recipe.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # ------------------------------------------------------------------ showing

    def __repr__(self) -> str:
        from omio.dataset.text import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from omio.viewing.notebook import repr_html

        return repr_html(self)

    # ------------------------------------------------------------------ inside

    def _replace(self, **fields: Any) -> Self:
        """Return a copy with other fields; what was derived from the old ones is derived anew."""
        clone = copy.copy(self)
        clone.__dict__.update({"_lifetime": Lifetime(self._lifetime), **fields})
        return clone

    def __getstate__(self) -> dict[str, Any]:
        """Leave out cached properties, of subclasses too: they are large, cannot travel, or belong to this one only."""
        cached = _cached_names(type(self))
        return {name: value for name, value in self.__dict__.items() if name not in cached}

    @property
    def _source(self) -> FileStamp | None:
        return first_stamp(self._recipe)


@cache
def _cached_names(kind: type[Any]) -> frozenset[str]:
    members = (member for base in kind.__mro__ for member in vars(base).items())
    return frozenset(name for name, value in members if isinstance(value, cached_property))
