"""Tiles that stand side by side by their number; nothing overlaps, and no stage position is asked.

Tiles that lie where the stage stood are merged along M, see `omio.policies.mosaic.MosaicMerge`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from omio.dataset.merging import part_entry
from omio.lazy.tree import concat
from omio.metadata.combine import concat_facts
from omio.metadata.compare import position_differences, size_differences
from omio.metadata.sharing import disagreements
from omio.policies.merge import MergePolicy, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omio.dataset.dataset import MicroscopyDataset
    from omio.metadata.facts import Facts
    from omio.metadata.sharing import Sharing


def side_by_side(tiles: Sequence[MicroscopyDataset], dim: str) -> MicroscopyDataset:
    """Put tiles one after another along Y or X; the last may be shorter. Coarser levels are left out.

    Raises
    ------
    MergeError
        Listing everything in which tiles do not agree.
    """
    first, words = tiles[0], MergePolicy.resolve(None).metadata.words(dim)
    facts = [tile.facts for tile in tiles]
    found = [*_unlike(facts, dim, words), *_other_dtypes(tiles)]
    if found:
        raise refused(sorted(found), tiles, "Make the tiles agree, or merge them along M by their stage positions.")
    told = all(part.planes is facts[0].planes for part in facts)
    joined = concat_facts([replace(part, planes=facts[0].planes if told else None) for part in facts], dim, words=words)
    step = {"along": dim, "parts": _places(tiles, dim), "left_out": None if told else ["planes"]}
    recipe = concat(tuple(tile.recipe for tile in tiles), first.dims.index(dim))
    return first._replace(_recipe=recipe, _facts=joined.with_step("merge", **step), _coarser=())


def _other_dtypes(tiles: Sequence[MicroscopyDataset]) -> Iterator[tuple[int, str]]:
    for number, tile in enumerate(tiles, start=1):
        if tile.dtype != tiles[0].dtype:
            yield number, f"dtype: {tiles[0].dtype} and {tile.dtype}"


def _unlike(facts: Sequence[Facts], dim: str, words: Mapping[str, Sharing]) -> Iterator[tuple[int, str]]:
    first = facts[0]
    for number, part in enumerate(facts, start=1):
        for other in dict.fromkeys((*first.sizes, *part.sizes)):
            reasons = [] if other == dim else size_differences(other, first, part)
            yield from ((number, reason) for reason in (*reasons, *position_differences(other, first, part)))
    yield from disagreements(tuple(enumerate(facts, start=1)), words)


def _places(tiles: Sequence[MicroscopyDataset], dim: str) -> list[dict[str, object]]:
    places, start = [], 0
    for tile in tiles:
        stop = start + tile.sizes[dim]
        places.append(part_entry(tile, tiles[0], at=[start, stop]))
        start = stop
    return places
