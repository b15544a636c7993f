"""What holds for all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# How long one example takes says more about the machine than about omio; and whether a change is good must not depend
# on luck: new examples are looked for at night.
settings.register_profile("omio", deadline=None, derandomize=os.environ.get("OMIO_NIGHTLY") != "1")
settings.load_profile("omio")

# A shell that starts these tests in the background lets them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
