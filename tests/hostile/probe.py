"""Opens files in forked children under limits of time and memory; one JSON question and answer a line.

Run as ``python -m tests.hostile.probe``. A question is ``{"path": ..., "strict": true}``; the answer says how it ended
(``pixels``, ``error``, ``slow``, ``crash``), with the seconds, the peak memory and what a user would have seen.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import select
import signal
import sys
import time
import warnings
from typing import Any

import czifile  # noqa: F401  (imported before forking, so that children need not)
import imagecodecs  # noqa: F401
import numpy as np
import tifffile  # noqa: F401
import xarray  # noqa: F401

import omio

SECONDS = 5.0
"""Of a CPU; on the clock it may take so many times as long, as machines have other things to do."""
PATIENCE = 6
ADDRESS_SPACE = 6 << 30


def main() -> None:
    for line in sys.stdin:
        question = json.loads(line)
        sys.stdout.write(json.dumps(run(question["path"], strict=question["strict"])) + "\n")
        sys.stdout.flush()


def run(path: str, *, strict: bool) -> dict[str, Any]:
    """Open in a child and wait for its answer, its end, or the limit of time."""
    read_end, write_end = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _child(path, write_end, strict=strict)
    os.close(write_end)
    answer = _receive(read_end, started + PATIENCE * SECONDS)
    os.close(read_end)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    if answer is None:
        answer = {"end": "slow"}
    elif not answer:
        answer = {"end": "crash", "status": status}
    return {**answer, "seconds": seconds, "peak_bytes": usage.ru_maxrss * 1024}


def _receive(pipe: int, deadline: float) -> dict[str, Any] | None:
    """Return the child's answer, an empty one when it ended without, None when time is up."""
    content = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            return None
        part = os.read(pipe, 1 << 16)
        if not part:
            return json.loads(content) if content else {}
        content += part
    return None


def _child(path: str, pipe: int, *, strict: bool) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        content = json.dumps(outcome(path, strict=strict)).encode()
        while content:
            content = content[os.write(pipe, content) :]
    finally:
        os._exit(0)


def outcome(path: str, *, strict: bool) -> dict[str, Any]:
    """Do what a user does: open, look at the metadata, read all pixels."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = {"end": "pixels", **_read(path, strict=strict)}
        except Exception as error:  # whatever reaches the user is what is judged
            answer = {
                "end": "error",
                "type": type(error).__name__,
                "ours": isinstance(error, omio.OmioError),
                "text": str(error),
                **{field: getattr(error, field, None) for field in ("path", "cause", "format", "remedy")},
            }
    return {**answer, "warnings": [str(entry.message) for entry in caught]}


def _read(path: str, *, strict: bool) -> dict[str, Any]:
    try:
        dataset = omio.open(path, strict=strict)
    except omio.errors.AxesError:
        dataset = omio.open(path, strict=strict, axes="TYX")
    except omio.errors.SceneError:
        dataset = next(iter(omio.open_collection(path, strict=strict).values()))
    metadata = dataset.metadata
    repr(dataset)
    pixels = np.asarray(dataset)
    return {
        "shape": pixels.shape,
        "dtype": str(pixels.dtype),
        "digest": digest(pixels),
        "leaks": bool(pixels.dtype == np.uint16 and (pixels == 42424).any()),
        "sizes": [metadata.pixel_size.get(dim) for dim in "ZYX"],
        "time_increment": metadata.time_increment,
    }


def digest(pixels: np.ndarray[Any, Any]) -> str:
    """Digest the values and the lengths of the axes longer than 1."""
    lengths = [size for size in pixels.shape if size > 1]
    return hashlib.sha256(json.dumps([lengths, str(pixels.dtype)]).encode() + pixels.tobytes()).hexdigest()


if __name__ == "__main__":
    main()
