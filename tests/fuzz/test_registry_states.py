"""Whoever joins, leaves or fails: the surest backend reads, ties are told, and nobody keeps the others from reading."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from omio import backends
from omio.backends.base import Backend, Confidence
from omio.errors import OmioWarning, UnsupportedFormatError

if TYPE_CHECKING:
    from omio.backends.base import OpenOptions

NIGHTLY = os.environ.get("OMIO_NIGHTLY") == "1"
NAMES = ("one", "two", "three")
ENDINGS = ((), (".strange",), (".very.strange",))
FAILURES = (None, ValueError, KeyError, RecursionError)


def made(name: str, says: Confidence, endings: tuple[str, ...], fails: type[Exception] | None) -> type[Backend]:
    """Make a backend that answers always the same, or fails."""

    class Made(Backend):
        extensions: ClassVar[tuple[str, ...]] = endings

        def __init__(self, path: str, options: OpenOptions | None = None) -> None:
            super().__init__(path, options)

        @classmethod
        def can_read(cls, path: Path, head: bytes) -> Confidence:
            del path, head
            if fails is not None:
                raise fails("broken")
            return says

        scenes = array = metadata = None  # type: ignore[assignment]

    Made.name = name
    return Made


class Backends(RuleBasedStateMachine):
    """The backends that were added, beside those that are always there."""

    def __init__(self) -> None:
        super().__init__()
        self.always = backends.names()
        self.added: dict[str, tuple[type[Backend], Confidence, tuple[str, ...], bool]] = {}
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "a.very.strange"
        self.path.write_bytes(b"\x07strange content that no format begins with")

    def teardown(self) -> None:
        for name in NAMES:
            backends.registry.unregister(name)
        self.folder.cleanup()

    @rule(
        name=st.sampled_from(NAMES),
        says=st.sampled_from(tuple(Confidence)),
        endings=st.sampled_from(ENDINGS),
        fails=st.sampled_from(FAILURES),
    )
    def register(self, name: str, says: Confidence, endings: tuple[str, ...], fails: type[Exception] | None) -> None:
        kind = backends.register_backend(made(name, says, endings, fails))
        self.added[name] = (kind, says, endings, fails is not None)

    @rule(name=st.sampled_from(NAMES))
    def unregister(self, name: str) -> None:
        backends.registry.unregister(name)
        self.added.pop(name, None)

    @invariant()
    def names_are_those_that_came_and_did_not_leave(self) -> None:
        assert sorted(backends.names()) == sorted((*self.always, *self.added))

    @invariant()
    def the_surest_reads(self) -> None:
        able = {
            name: (says, max(map(len, endings), default=0))
            for name, (_, says, endings, fails) in self.added.items()
            if says and not fails
        }
        best = [name for name, rank in able.items() if rank == max(able.values())]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if len(best) == 1:
                assert backends.choose(self.path) is self.added[best[0]][0]
            else:
                with pytest.raises(UnsupportedFormatError, match=r"a\.very\.strange"):
                    backends.choose(self.path)
        assert all(issubclass(entry.category, OmioWarning) for entry in caught)
        told = " ".join(str(entry.message) for entry in caught)
        assert all(f"{name!r} is broken" in told for name, (*_, fails) in self.added.items() if fails)


TestBackends = Backends.TestCase
TestBackends.settings = settings(max_examples=1000 if NIGHTLY else 40, stateful_step_count=30 if NIGHTLY else 10)
