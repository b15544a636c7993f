"""``python -m omio`` is the `omio` command."""

from __future__ import annotations

from omio.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
