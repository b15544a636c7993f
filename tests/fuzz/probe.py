"""Opens mutants in one process under limits of memory and time; one JSON question and many answers a line each.

Run as ``python -m tests.fuzz.probe FOLDER``. A question is ``[family, first, count]``. Each mutant is announced by its
number before it is touched, so that whoever asks knows which one killed the process; what a mutant did that none may is
a list of texts. A null ends the answers.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import czifile  # noqa: F401  (imported before memory is measured)
import imagecodecs  # noqa: F401
import numpy as np
from PIL.Image import DecompressionBombWarning

import omio
from omio.lazy.handles import HANDLES
from tests.fuzz.mutants import mutant
from tests.fuzz.seeds import seeds

SECONDS = 5
MEMORY = 1 << 30
ROOTS = tuple(os.path.realpath(name) for name in (sys.prefix, sys.base_prefix, "/usr", "/lib", "/proc", "/sys", "/dev"))
CHANGING = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree")
LEADING_OUT = ("subprocess.Popen", "os.system", "os.exec", "socket.connect", "pickle.find_class")


class Watch:
    """Notes what a mutant makes Python do besides reading what lies in its folder."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        if event in CHANGING or event in LEADING_OUT:
            self.seen.append(f"{event} {arguments!r:.200}")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            self._opened(os.fsdecode(arguments[0]), arguments[2])

    def _opened(self, path: str, flags: int) -> None:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.seen.append(f"wrote {path}")
        real = os.path.realpath(path)
        if not real.startswith((f"{self.folder}{os.sep}", *ROOTS)) and real != self.folder and not is_code(real):
            self.seen.append(f"read {path}")


def is_code(path: str) -> bool:
    """Whether Python reads a module; caches of it lie anywhere."""
    return path.endswith((".py", ".pyc", ".so"))


def main() -> None:
    work, watch = Path(os.path.realpath(sys.argv[1])), Watch()
    warm()
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY,) * 2)
    for line in sys.stdin:
        family, first, count = json.loads(line)
        seeds(family)
        for number in range(first, first + count):
            answer(number)
            if found := judge(family, number, work, watch):
                answer([number, found])
        answer(None)


def answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def warm() -> None:
    """Import what reading imports."""
    omio.open_collection  # noqa: B018
    import xarray  # noqa: F401
    import zarr.storage  # noqa: F401


def address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def judge(family: str, number: int, work: Path, watch: Watch) -> list[str]:
    """Return what a mutant did that none may, strict or not."""
    folder = work / f"{family}-{number}"
    folder.mkdir()
    subject = mutant(family, number)
    path = subject.lay(folder)
    before = inventory(folder)
    found = []
    for strict in (True, False):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # which ends the process
        found += [
            f"strict={strict}: {text}" for text in look(path, folder, dict(subject.options), watch, strict=strict)
        ]
    signal.setitimer(signal.ITIMER_PROF, 0)
    if inventory(folder) != before:
        found.append("its folder changed")
    shutil.rmtree(folder)
    return found


def inventory(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_size for path in sorted(folder.rglob("*"))}


def look(path: Path, folder: Path, options: dict[str, Any], watch: Watch, *, strict: bool) -> list[str]:
    """Open, look at the metadata, read one plane."""
    found: list[str] = []
    watch.folder, watch.seen = str(folder), []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found += read(path, options, strict=strict)
        except omio.OmioError as error:
            found += unnamed(error, folder)
        except Exception as error:  # whatever reaches the user is what is judged
            found.append(f"{type(error).__name__}: {error!s:.200} at {origin(error)}")
    HANDLES.clear()
    gc.collect(0)
    watch.folder = None
    found += [f"warns {entry.category.__name__}: {entry.message!s:.200}" for entry in caught if is_foreign(entry)]
    return found + sorted(set(watch.seen))


def is_foreign(entry: warnings.WarningMessage) -> bool:
    """Whether a warning is of another library; Pillow's of a GIF that claims too much is as good as ours."""
    return not issubclass(entry.category, omio.OmioWarning | DecompressionBombWarning)


def unnamed(error: omio.OmioError, folder: Path) -> list[str]:
    """Return what is wrong with an error: it names no file."""
    names = [folder.name, *(path.name for path in folder.rglob("*"))]
    return [] if any(name in str(error) for name in names) else [f"names no file: {error!s:.200} at {origin(error)}"]


def origin(error: BaseException) -> str:
    """Return the last lines of the package that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}omio{os.sep}" in frame.filename]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours[-1:-5:-1])


def read(path: Path, options: dict[str, Any], *, strict: bool) -> list[str]:
    """Do what a user does; return what contradicts itself."""
    try:
        image = omio.open(path, strict=strict, **options)
    except omio.errors.AxesError:
        image = omio.open(path, strict=strict, axes="ZYX")
    except omio.errors.SceneError:
        image = next(iter(omio.open_collection(path, strict=strict).values()))
    metadata = image.metadata
    spacings = [*metadata.pixel_size.values(), metadata.time_increment]
    found = [f"spacing {value}" for value in spacings if not (value is None or (np.isfinite(value) and value > 0))]
    if metadata.shape != image.shape:
        found.append(f"metadata of {metadata.shape}, pixels of {image.shape}")
    json.dumps(dict(metadata.original), allow_nan=False)
    plane = image.isel(T=0, Z=0, C=-1).load()
    return found if plane.shape[3:] == image.shape[3:] else [*found, f"a plane of {plane.shape} from {image.shape}"]


if __name__ == "__main__":
    main()
