"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# how long one example takes says more about the machine than about omio
settings.register_profile("omio", deadline=None)
settings.load_profile("omio")
