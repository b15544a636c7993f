"""Real microscope files that lie beside the repository, in ``../shared/data/real``.

They are test data only and never part of the project, so whatever needs one skips where they are absent.
"""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
REAL = SHARED / "data" / "real"


def real(name: str) -> Path:
    """Return the path of a real file or folder, or skip the test where it is absent."""
    path = REAL / name
    if not path.exists():
        pytest.skip(f"real data not here: {path}")
    return path
