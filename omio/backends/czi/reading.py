"""Draw the tiles that a selection meets into the array that the caller gave."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omio.backends.czi.layout import Coverage
from omio.errors import DamagedFileError, DamagedFileWarning
from omio.indexing import Index, hull, is_full, meet, positions
from omio.lazy import filled
from omio.lazy.pool import map_window, run_all, workers

if TYPE_CHECKING:
    from typing import Any

    from omio.backends.czi.directory import Ints
    from omio.backends.czi.layout import Layout
    from omio.backends.czi.subblocks import SubBlocks
    from omio.indexing import Key

BATCH_PIXELS = 1 << 21
BATCH_TILES = 512
"""A thread gets this much work at a time: less costs more than it gains."""
SMALL_TILE = 1 << 15
"""Bytes below which reading an uncompressed tile is all interpreter, so that threads only wait for each other."""

type Pick = slice | NDArray[np.intp]
type Plane = NDArray[Any]


def overlap(index: Index, start: int, stop: int) -> tuple[Pick, Pick] | None:
    """Return as numpy takes it what `meet` finds; slices ascend and end with the last position."""
    places, inside = meet(index, start, stop)
    if not len(places):
        return None
    if isinstance(places, range) and isinstance(inside, range) and inside.step > 0:
        return slice(places[0], places[-1] + 1, 1), slice(inside[0], inside[-1] + 1, inside.step)
    return positions(places), positions(inside)


class Piece(NamedTuple):
    """What of one tile goes where.

    Attributes
    ----------
    tile
        Of the layout.
    plane
        What is drawn into.
    out, inside
        Picks of rows and columns, of the plane and of the tile.
    alone
        No other tile shows these pixels, and they have not been set to 0 before.
    """

    tile: int
    plane: Plane
    out: tuple[Pick, Pick]
    inside: tuple[Pick, Pick]
    alone: bool

    def clear(self) -> None:
        """Set what the tile would show to 0, unless that has been done."""
        if self.alone:
            self.plane[self.places()] = 0

    def places(self) -> tuple[Any, ...]:
        """Return the indexer of the plane."""
        rows, columns = self.out
        if isinstance(rows, slice) or isinstance(columns, slice):
            return rows, columns
        return np.ix_(rows, columns)


@dataclass(eq=False)
class Drawing:
    """One read: which tiles, from which layout, into which array.

    Attributes
    ----------
    blocks, layout
        Where tiles come from, and where they lie.
    strict
        Whether a damaged tile is an error; else it is left empty and one warning lists all.
    samples
        Which samples are wanted; None where pixels have one.
    """

    blocks: SubBlocks
    layout: Layout
    strict: bool
    samples: Index | None = None
    damaged: list[str] = field(default_factory=list)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with what `key` selects; pixels that no tile covers are 0."""
        t, z, c, y, x, *samples = key
        self.samples = samples[0] if samples else None
        planes, first, last = self._planes((t, z, c), out)
        if self._is_stack(first, last, (y, x)):
            apart = self._stack(first, planes, (y, x))
        else:
            apart = []
            for plane, begin, end in zip(planes, first.tolist(), last.tolist(), strict=True):
                apart += self._mosaic(plane, begin, end, (y, x))
        run_all(self._draw_all, self._batches(apart))
        self._tell()

    def _planes(self, key: tuple[Index, Index, Index], out: NDArray[Any]) -> tuple[list[Plane], Ints, Ints]:
        """Return the planes of `out` that have tiles, and the first and last tile of each; others are set to 0."""
        _, depth, channels = self.layout.shape[:3]
        t, z, c = (positions(index) for index in key)
        wanted = (t[:, None, None] * depth + z[:, None]) * channels + c
        first, last = self.layout.runs(wanted)
        missing = np.nonzero(first == last)
        if len(missing[0]):
            out[missing] = 0
            filled.tell("", "no sub-block holds it", absent=True)
        found = np.nonzero(first < last)
        return [out[place] for place in zip(*found, strict=True)], first[found], last[found]

    def _is_stack(self, first: Ints, last: Ints, region: tuple[Index, Index]) -> bool:
        """Whether each plane is one tile, all in the same place, that shows the whole region."""
        if not len(first) or not (last - first == 1).all():
            return False
        layout = self.layout
        edges = (layout.top, layout.left, layout.height, layout.width)
        same = all((edge[first] == edge[first[0]]).all() for edge in edges)
        return same and layout.holds(int(first[0]), hull(region[0]), hull(region[1]))

    def _stack(self, tiles: Ints, planes: list[Plane], region: tuple[Index, Index]) -> list[Piece]:
        (piece,) = self._pieces(tiles[:1], planes[0], region, alone=True)
        return [Piece(tile, plane, *piece[2:]) for tile, plane in zip(tiles.tolist(), planes, strict=True)]

    def _mosaic(self, plane: Plane, begin: int, end: int, region: tuple[Index, Index]) -> list[Piece]:
        """Return the pieces of a plane, which may be drawn in any order; where they overlap, draw them, return none."""
        box = hull(region[0]), hull(region[1])
        met = self.layout.met(begin, end, *box)
        overlaps, fills = self._coverage(met, *box)
        alone = fills and not overlaps
        if not alone:
            plane[...] = 0
        pieces = self._pieces(met, plane, region, alone=alone)
        if not overlaps:
            return pieces
        self._draw_in_order(pieces)
        return []

    def _pieces(self, met: Ints, plane: Plane, region: tuple[Index, Index], *, alone: bool) -> list[Piece]:
        layout, pieces = self.layout, []
        edges = (layout.top[met], layout.height[met], layout.left[met], layout.width[met])
        rows_at, columns_at = cache(partial(overlap, region[0])), cache(partial(overlap, region[1]))
        for tile, top, height, left, width in zip(met.tolist(), *(edge.tolist() for edge in edges), strict=True):
            rows, columns = rows_at(top, top + height), columns_at(left, left + width)
            if rows is not None and columns is not None:
                pieces.append(Piece(tile, plane, (rows[0], columns[0]), (rows[1], columns[1]), alone))
        return pieces

    def _coverage(self, met: Ints, y: range, x: range) -> tuple[bool, bool]:
        """Whether tiles overlap within the region, and whether they leave nothing of it uncovered."""
        if not len(met):
            return False, False
        layout = self.layout
        if len(met) == 1:
            return False, layout.holds(int(met[0]), y, x)
        top, left = np.maximum(layout.top[met], y.start), np.maximum(layout.left[met], x.start)
        bottom = np.minimum(layout.top[met] + layout.height[met], y.stop)
        right = np.minimum(layout.left[met] + layout.width[met], x.stop)
        found = Coverage.of(top, left, bottom, right)
        return (True, False) if found is None else (found.overlaps, found.fills(y, x))

    def _batches(self, pieces: list[Piece]) -> list[list[Piece]]:
        """Cut the work into tasks that are worth a thread each."""
        pixels = self.layout.tile[0] * self.layout.tile[1]
        small = pixels * self.layout.samples * self.layout.dtype.itemsize < SMALL_TILE
        if workers() == 1 or not pieces or (small and self.blocks.is_raw(int(self.layout.row[pieces[0].tile]))):
            return [pieces] if pieces else []
        step = max(1, min(BATCH_TILES, BATCH_PIXELS // max(1, pixels)))
        return [pieces[start : start + step] for start in range(0, len(pieces), step)]

    def _expect(self, pieces: list[Piece]) -> None:
        """Have the tiles of a remote file fetched together, but not those of which some rows alone can be read."""
        if self.blocks.file.raw.is_remote:
            self.blocks.ahead([int(self.layout.row[piece.tile]) for piece in pieces if not self._is_partial(piece)])

    def _is_partial(self, piece: Piece) -> bool:
        few = 2 * _length(piece.inside[0]) < self.layout.height[piece.tile]
        return bool(few) and self.blocks.is_raw(int(self.layout.row[piece.tile]))

    def _draw_all(self, pieces: list[Piece]) -> None:
        self._expect(pieces)
        for piece in pieces:
            if self._read_straight(piece):
                continue
            pixels = self._pixels(piece, scratch=True)
            if pixels is None:
                piece.clear()
            else:
                self._draw(piece, pixels)

    def _draw_in_order(self, pieces: list[Piece]) -> None:
        """Decode in threads, draw one after another: a later tile lies on top."""
        if workers() == 1:
            self._draw_all(pieces)
            return

        def decode(batch: list[Piece]) -> list[NDArray[Any] | None]:
            self._expect(batch)
            return [self._pixels(piece, scratch=False) for piece in batch]

        batches = self._batches(pieces)
        for batch, decoded in zip(batches, map_window(decode, batches, window=workers() + 1), strict=True):
            for piece, pixels in zip(batch, decoded, strict=True):
                if pixels is not None:
                    self._draw(piece, pixels)

    def _read_straight(self, piece: Piece) -> bool:
        """Read an uncompressed tile straight to where it is wanted; False where it must be rearranged."""
        rows, columns = piece.inside
        if not isinstance(rows, slice) or not isinstance(columns, slice) or self.samples is not None:
            return False
        layout, tile = self.layout, piece.tile
        row, width = int(layout.row[tile]), columns.stop - columns.start
        if width != layout.width[tile] or width != piece.plane.shape[1] or not self.blocks.is_raw(row):
            return False
        target = piece.plane[piece.places()]
        same = (int(layout.height[tile]), width) == self.blocks.stored(row) and target.dtype == layout.dtype
        if not same or rows.step != 1 or columns.step != 1 or not target.flags.c_contiguous:
            return False
        try:
            return self.blocks.read_into(row, int(layout.sub[tile]) * int(layout.height[tile]) + rows.start, target)
        except DamagedFileError:
            return False  # the other way says what is wrong

    def _pixels(self, piece: Piece, *, scratch: bool) -> NDArray[Any] | None:
        """Return what the piece shows of its tile (rows, columns, samples); None where it is damaged and told."""
        layout, tile = self.layout, piece.tile
        row, sub = int(layout.row[tile]), int(layout.sub[tile])
        height, width = self.blocks.stored(row)
        rows, columns = piece.inside
        try:
            if (height, width) != (layout.height[tile], layout.width[tile]):
                whole = self.blocks.pixels(row, sub, range(height), scratch=scratch)
                return self._resampled(whole, piece)
            if isinstance(rows, slice):
                some = self.blocks.pixels(row, sub, range(rows.start, rows.stop), scratch=scratch)
                return _pick(some, slice(None, None, rows.step), columns)
            return _pick(self.blocks.pixels(row, sub, range(height), scratch=scratch), rows, columns)
        except DamagedFileError as error:
            if self.strict:
                raise
            self.damaged.append(f"{error.place}: {error.cause}")
            filled.tell(error.place or "", error.cause)
            return None

    def _resampled(self, pixels: NDArray[Any], piece: Piece) -> NDArray[Any]:
        """Show a tile that is stored in another size at its logical size, by the nearest pixel."""
        logical = int(self.layout.height[piece.tile]), int(self.layout.width[piece.tile])
        rows, columns = (
            (np.arange(wanted)[pick] * stored) // wanted
            for wanted, pick, stored in zip(logical, piece.inside, pixels.shape[:2], strict=True)
        )
        return pixels[np.ix_(rows, columns)]

    def _draw(self, piece: Piece, pixels: NDArray[Any]) -> None:
        if self.samples is None:
            pixels = pixels[..., 0]
        elif not is_full(self.samples, self.layout.samples):
            pixels = pixels[..., np.asarray(self.samples)]
        mask = self.blocks.mask(int(self.layout.row[piece.tile]))
        if pixels.shape[:2] == tuple(map(_length, piece.out)) and mask is None:
            piece.plane[piece.places()] = pixels
        else:
            self._draw_partly(piece, pixels, mask)

    def _draw_partly(self, piece: Piece, pixels: NDArray[Any], mask: NDArray[np.bool_] | None) -> None:
        """Draw the valid pixels of a tile, or one that stores a row or column less than it claims."""
        piece.clear()
        places = np.ix_(_positions(piece.out[0])[: len(pixels)], _positions(piece.out[1])[: pixels.shape[1]])
        if mask is not None:
            valid = self._resampled(mask, piece)[: len(pixels), : pixels.shape[1]]
            pixels = np.where(valid.reshape(*valid.shape, *(1,) * (pixels.ndim - 2)), pixels, piece.plane[places])
        piece.plane[places] = pixels

    def _tell(self) -> None:
        if self.damaged:
            shown = "; ".join(self.damaged[:5]) + (f"; and {len(self.damaged) - 5} more" * (len(self.damaged) > 5))
            text = f"{self.blocks.file.path}: damaged sub-blocks were left empty: {shown}"
            warnings.warn(text, DamagedFileWarning, stacklevel=2)


def _pick(pixels: NDArray[Any], rows: Pick, columns: Pick) -> NDArray[Any]:
    if isinstance(rows, slice) or isinstance(columns, slice):
        return pixels[rows, columns]
    return pixels[np.ix_(rows, columns)]


def _length(pick: Pick) -> int:
    return pick.stop - pick.start if isinstance(pick, slice) else len(pick)


def _positions(pick: Pick) -> NDArray[np.intp]:
    return np.arange(pick.start, pick.stop, dtype=np.intp) if isinstance(pick, slice) else pick
