"""Which format a command writes, how, and under which name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from omio.errors import PolicyError, UnwritableError
from omio.naming import listed
from omio.writers import TIFF, ending_of, registry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from omio.policies.write import OutputPolicy

TIFF_WRITERS = ("ometiff", "imagej")
SEPARATORS = ("/", os.sep)
FIELDS = ("levels", "downsampling", "cast", "flavor", "overwrite", "verify", "version", "shards", "chunks", "resume")
"""Of policies, as options of the same names say them."""


@dataclass(frozen=True)
class Order:
    """What is to be written.

    Attributes
    ----------
    writer
        Its name.
    policy
        How it writes.
    """

    writer: str
    policy: OutputPolicy

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """Return what the arguments say: the writer of ``--to``, else the one whose ending DST has, else OME-TIFF."""
        writer = writer_of(options.to or ending_of(options.output) or "ometiff", options)
        return cls(writer, policy_of(writer, options))

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of names that this writer takes, the usual one first; none where it takes any."""
        own = registry.spec(self.writer).extensions
        return (*own, *TIFF) if self.writer in TIFF_WRITERS else own

    def target(self, sources: Sequence[str], output: str) -> str | None:
        """Return DST where it names the one result; None where it is a folder for results.

        Raises
        ------
        UnwritableError
            Where it names a result of another format, or of none.
        """
        if len(sources) > 1 or output.endswith(SEPARATORS):
            return None
        if Path(output).is_dir() and ending_of(output) in (None, *TIFF_WRITERS):  # a Zarr hierarchy is a folder, too
            return None
        return self.single(output)

    def single(self, output: str) -> str:
        """Return the name of a result; `UnwritableError` where it has none of the endings."""
        if not self.endings or output.lower().endswith(self.endings):
            return output
        remedy = f"End the name in {' or '.join(self.endings)}; end it in / for a folder; --to chooses the format."
        raise UnwritableError(f"is no name that {self.writer} takes", path=output, remedy=remedy)


def writer_of(name: str, options: argparse.Namespace) -> str:
    """Return a writer that exists; with ``--flavor imagej`` an OME-TIFF becomes a hyperstack."""
    if name not in registry:
        raise PolicyError(f"no writer {name!r}", remedy=listed(registry.names(), name))
    return "imagej" if (name, options.flavor) == ("ometiff", "imagej") else name


def policy_of(writer: str, options: argparse.Namespace) -> OutputPolicy:
    """Return the policy that the arguments of `add_writing` say.

    Raises
    ------
    PolicyError
        Naming the options that the format does not have.
    """
    kind = registry.load(writer).policies
    fields = _given(options)
    foreign = [f"--{name.replace('_', '-')}" for name in fields if name not in kind.model_fields]
    if foreign:
        raise PolicyError(f"{writer} has no {' and no '.join(foreign)}")
    return kind.resolve(None, **fields)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of policies that were given."""
    codec, _, level = (options.compression or "").partition(":")
    if level and not level.isdecimal():
        raise UnwritableError(f"{level!r} is no compression level", remedy="Write for instance --compression zstd:3.")
    fields: Mapping[str, Any] = {
        "compression": codec or None,
        "compression_level": int(level) if level else None,
        **{name: getattr(options, name) for name in FIELDS},
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return given if options.tile is None else {**given, "tile": None if options.tile == "none" else options.tile}
