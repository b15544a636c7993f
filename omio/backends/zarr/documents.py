"""The documents of a hierarchy: what its groups and arrays say, read as few times as possible.

Sources: zarr-specs, version 2 (``.zattrs``, ``.zarray``) and version 3 (``zarr.json``); consolidated metadata as
zarr-python writes it (``.zmetadata``, ``consolidated_metadata``), which neither specification has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.backends.zarr.reader import ZarrReader
from omio.backends.zarr.store import attributes_in, parsed
from omio.lazy.leaf import lease

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omio.backends.zarr.store import StoreStamp

type Json = dict[str, Any]

_KEPT = 256


@dataclass(frozen=True)
class Node:
    """A group or an array.

    Attributes
    ----------
    attributes
        Empty where the node has none, or is not there.
    array
        The document of an array, of either version; None for a group.
    """

    attributes: Json
    array: Json | None = None


class Documents:
    """The documents of one hierarchy as they are when first asked for, each read once.

    Consolidated metadata are believed of groups. Arrays always speak for themselves: their shape decides what is read,
    and an array that grew after consolidation would lose its end in silence.
    """

    def __init__(self, stamp: StoreStamp) -> None:
        self._stamp = stamp
        self._groups: dict[str, Node] = {}
        self._arrays: dict[str, Node] = {}
        root = self._read(["zarr.json"])["zarr.json"]
        self._version = 2 if root is None else 3
        if root is None:
            told = self._read([".zmetadata"])[".zmetadata"]
        else:
            told = _table(root, "consolidated_metadata")
            self._keep({"": self._node(root)})
        self._consolidated: Mapping[str, Any] = _table(told, "metadata")

    def __getitem__(self, place: str) -> Node:
        """Return a node; that of a place where nothing is says nothing."""
        return self.nodes([place])[place]

    def nodes(self, places: Iterable[str]) -> dict[str, Node]:
        """Return several nodes, whose documents are asked for together."""
        kept = {place: self._kept(place) for place in places}
        keys = {place: self._keys(place) for place, node in kept.items() if node is None}
        read = self._read([key for pair in keys.values() for key in pair]) if keys else {}
        new = {place: self._node(*(read[key] for key in pair)) for place, pair in keys.items()}
        self._keep(new)
        return {place: node or new[place] for place, node in kept.items()}

    def _kept(self, place: str) -> Node | None:
        return self._groups.get(place) or self._arrays.get(place) or self._known(place)

    def _keep(self, nodes: dict[str, Node]) -> None:
        """Keep groups, which are asked for again and again, and some arrays: plates have ten thousands."""
        if len(self._arrays) >= _KEPT:
            self._arrays = {}
        for place, node in nodes.items():
            (self._groups if node.array is None else self._arrays)[place] = node

    def _known(self, place: str) -> Node | None:
        """Return a group of the consolidated metadata."""
        if self._version == 3:
            told = self._consolidated.get(place)
            is_group = isinstance(told, dict) and told.get("node_type") == "group"
            return Node(attributes_in(told)) if told is not None and is_group else None
        if joined(place, ".zgroup") not in self._consolidated:
            return None
        return Node(_table(self._consolidated, joined(place, ".zattrs")))

    def _keys(self, place: str) -> tuple[str, ...]:
        names = ("zarr.json",) if self._version == 3 else (".zattrs", ".zarray")
        return tuple(joined(place, name) for name in names)

    def _node(self, first: Json | None, array: Json | None = None) -> Node:
        if first is not None and self._version == 3:
            return Node(attributes_in(first), first if first.get("node_type") == "array" else None)
        return Node(first or {}, array)

    def _read(self, keys: list[str]) -> dict[str, Json | None]:
        with lease(ZarrReader, self._stamp, *self._stamp.outside) as reader:
            contents = reader.contents(keys)
        return {
            key: None if content is None else parsed(content, self._stamp.path, key)
            for key, content in zip(keys, contents, strict=True)
        }


def _table(document: Mapping[str, Any] | None, name: str) -> Json:
    found = (document or {}).get(name)
    return found if isinstance(found, dict) else {}


def joined(*paths: str) -> str:
    """Join paths within a hierarchy."""
    return "/".join(filter(None, paths))
