from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio import MicroscopyDataset, memory
from omio.errors import MemoryLimitError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_container_counts_what_it_may_still_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("700000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 50000\n")
    monkeypatch.setattr(memory, "CGROUPS", ((tmp_path, "memory.max", "memory.current"),))
    assert memory.free_memory() == 350_000
    (tmp_path / "memory.max").write_text("max\n")
    free = memory.free_memory()
    assert free is None or free > 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the size of the address space")
def test_a_limited_address_space_is_heeded() -> None:
    code = (
        "import resource, numpy as np, omio\n"
        "image = omio.MicroscopyDataset.from_array(np.broadcast_to(np.zeros((), 'u1'), (40000, 40000)))\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))\n"
        "try: image.load()\n"
        "except omio.errors.MemoryLimitError as error: print('told:', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("told: reading 1,600,000,000 bytes exceeds the limit")


def test_what_the_system_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    image = MicroscopyDataset(ArrayRecipe(np.zeros((1, 1, 1, 2, 2))), Facts.of((1, 1, 1, 2, 2)))

    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(MemoryLimitError, match="more than the system gives"):
        image.load()
