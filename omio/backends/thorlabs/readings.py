"""The ways in which a sidecar can be read: how many frames of what size, in what order.

What ThorImage stores, from its own viewer and from other open readers of the format:

- ``Streaming enable="1"``: frames at the rate of the scanner. Z is one plane whatever ``ZStage`` says, but with
  ``zFastEnable="1"``: then a volume is ``ZStage steps`` frames, and ``flybackFrames`` more while the piezo goes back.
  ``Streaming frames`` counts all of them, ``Timelapse timepoints`` the volumes. RAW files hold the flyback frames.
- otherwise ``Timelapse timepoints`` stacks of ``ZStage steps`` planes; one plane where ``ZStage enable="0"``.
- each frame holds its channels one after another: those of ``Wavelengths``, which are the bits of ``LSM channel``. With
  ``RawData onlyEnabledChannels="0"``, and in versions that did not say, several channels may be stored as all four.

Versions differ in what they count, so each promise stands here with a rank, and the size of the file decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.thorlabs.experiment import Experiment

LETTERS = "ABCDEFGHIJKLMNOP"
BITS = {8: "|u1", 16: "<u2", 32: "<f4"}
"""dtypes of frames; 10, 12 and 14 bits are stored in 16."""


@dataclass(frozen=True)
class Reading:
    """One way to read a RAW file.

    Attributes
    ----------
    sizes
        T, Z, C, Y, X as they are given.
    dtype
        As stored.
    flyback
        Frames at the end of each volume that are stored and are no part of it.
    names
        Of the channels; None where nothing names them.
    rank
        How far this departs from what the sidecar says first; readings of equal rank are equally good.
    streamed
        Whether frames came at the rate of the scanner.
    scans
        Frames that the scanner made for a time point, stored or not, averaging apart.
    """

    sizes: tuple[int, int, int, int, int]
    dtype: str
    flyback: int = 0
    names: tuple[str | None, ...] | None = None
    rank: int = 0
    streamed: bool = False
    scans: int = 1

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame of one channel."""
        return self.sizes[3] * self.sizes[4] * int(self.dtype[-1])

    @property
    def point_frames(self) -> int:
        """Frames of a time point, flyback and channels included."""
        return (self.sizes[1] + self.flyback) * self.sizes[2]

    @property
    def frames(self) -> int:
        """Frames in the file, flyback and channels included."""
        return self.sizes[0] * self.point_frames

    @property
    def nbytes(self) -> int:
        """Size of the file."""
        return self.frames * self.frame_bytes

    def __str__(self) -> str:
        """Name the sizes."""
        t, z, c, y, x = self.sizes
        flyback = f" and {self.flyback} flyback frames" if self.flyback else ""
        return f"T {t}, Z {z}{flyback}, C {c}, Y {y}, X {x} of {int(self.dtype[-1]) * 8} bits"


@dataclass(frozen=True)
class Stack:
    """What one element of the XML says of T and Z."""

    rank: int
    points: int
    planes: int
    flyback: int = 0
    streamed: bool = False
    scans: int = 1


def dtype_of(bits: int | None) -> str | None:
    """Return how pixels of so many bits are stored; None where no ThorImage does that."""
    if bits is None:
        return BITS[16]
    return BITS[8] if bits <= 8 else BITS[16] if bits <= 16 else BITS.get(bits)


def readings_of(experiment: Experiment) -> tuple[Reading, ...]:
    """Return the ways to read the RAW file of an acquisition, the most literal first.

    Raises
    ------
    MetadataError
        For all that is missing or no such number.
    """
    frames, stacks, channels = _frames(experiment), list(stacks_of(experiment)), list(channels_of(experiment))
    bits = experiment.count("Camera", "bitsPerPixel", least=0) or experiment.count("LSM", "bitsPerPixel", least=0)
    dtype = dtype_of(bits or None)
    if dtype is None:
        experiment.problems.append(f"Camera bitsPerPixel is {bits}")
    missing = {"the size of a frame (LSM pixelX, pixelY)": frames, "the number of time points": stacks}
    experiment.check(*(what for what, found in missing.items() if not found))
    dtypes = [dtype or BITS[16]]
    if dtype == BITS[8] and not is_camera(experiment):
        dtypes.append(BITS[16])  # the setting of a camera that took no part: scanners give 14 bits
    found = [
        Reading((s.points, s.planes, c, y, x), kind, s.flyback, names, s.rank + r + f + d, s.streamed, s.scans)
        for d, kind in enumerate(dtypes)
        for f, (y, x) in enumerate(frames)
        for r, c, names in channels
        for s in stacks
    ]
    ordered = sorted(found, key=lambda reading: reading.rank, reverse=True)
    different = {(reading.sizes, reading.dtype, reading.flyback): reading for reading in ordered}
    return tuple(sorted(different.values(), key=lambda reading: reading.rank))


def is_camera(experiment: Experiment) -> bool:
    """Whether a camera took the images, not a scanner."""
    kind = experiment.text("Modality", "primaryDetectorType")
    return kind == "0" or (kind is None and experiment.text("LSM", "pixelX") is None)


def _frames(experiment: Experiment) -> list[tuple[int, int]]:
    """Return height and width; a camera's are said twice, binned or not."""
    if not is_camera(experiment):
        sizes = [(experiment.count("LSM", "pixelY"), experiment.count("LSM", "pixelX"))]
    else:
        sizes = [(experiment.count("Camera", "height"), experiment.count("Camera", "width")), _region(experiment)]
    return list(dict.fromkeys((y, x) for y, x in sizes if y and x))


def _region(experiment: Experiment) -> tuple[int | None, int | None]:
    left, right, top, bottom = (experiment.number("Camera", side) for side in ("left", "right", "top", "bottom"))
    bins = [experiment.positive("Camera", name) or 1.0 for name in ("binningY", "binningX")]
    if left is None or right is None or top is None or bottom is None:
        return None, None
    height, width = (abs(size) // by for size, by in zip((bottom - top, right - left), bins, strict=True))
    return int(height) or None, int(width) or None


def is_streamed(experiment: Experiment) -> bool | None:
    """Whether frames were streamed; None where the XML does not say (``CaptureMode`` 1 is streaming)."""
    enabled = experiment.flag("Streaming", "enable")
    mode = experiment.text("CaptureMode", "mode")
    return enabled if enabled is not None or mode is None else mode == "1"


def stacks_of(experiment: Experiment) -> Iterator[Stack]:
    """Yield what the XML says of T and Z, the most literal first."""
    streamed = is_streamed(experiment)
    first = bool(experiment.flag("Streaming", "zFastEnable")) if streamed is None else streamed
    orders = [_streamed, _timed] if first else [_timed, _streamed]
    if streamed is not None:
        del orders[1]
    for rank, order in enumerate(orders):
        for stack in order(experiment):
            yield Stack(stack.rank + rank, stack.points, stack.planes, stack.flyback, bool(streamed), stack.scans)


def _streamed(experiment: Experiment) -> Iterator[Stack]:
    planes, flyback, scans = 1, 0, 1
    if experiment.flag("Streaming", "zFastEnable") and experiment.flag("ZStage", "enable") is not False:
        planes = experiment.count("ZStage", "steps") or 1
        flyback = experiment.count("Streaming", "flybackFrames", least=0) or 0
        scans = planes + flyback
    frames = experiment.count("Streaming", "frames", least=0) or 0
    counts = [frames // scans if frames % scans == 0 else 0]
    if (averages := averaging(experiment)) > 1:
        counts.append(frames // averages // scans)
    for rank, count in enumerate((_points(experiment), *counts)):
        if count:
            yield from (Stack(rank, count, planes, kept, scans=scans) for kept in dict.fromkeys((flyback, 0)))


def _timed(experiment: Experiment) -> Iterator[Stack]:
    enabled = experiment.flag("ZStage", "enable") is not False
    planes = (experiment.count("ZStage", "steps") or 1) if enabled else 1
    points = _points(experiment)
    if points:
        yield Stack(0, points, planes)
    if experiment.text("CaptureMode", "mode") == "3":  # bleaching: one plane, before and after
        phases = ("preBleachFrames", "postBleachFrames1", "postBleachFrames2")
        total = sum(experiment.count("Photobleaching", phase, least=0) or 0 for phase in phases)
        if total:
            yield Stack(1, total, 1)


def _points(experiment: Experiment) -> int | None:
    return experiment.count("Timelapse", "timepoints", least=0) or None


def averaging(experiment: Experiment) -> int:
    """Return how many scans were averaged to one frame."""
    device = "Camera" if is_camera(experiment) else "LSM"
    enabled = (experiment.number(device, "averageMode") or 0) > 0
    return (experiment.count(device, "averageNum", least=0) or 1) if enabled else 1


def channels_of(experiment: Experiment) -> Iterator[tuple[int, int, tuple[str | None, ...] | None]]:
    """Yield rank, number and names of the channels that a frame may hold.

    ``Wavelengths`` lists what was set up and the mask (``LSM channel``, also ``ChannelEnable Set``) what was saved;
    in all files at hand they agree. Where they do not, the size of the file decides.
    """
    listed = channel_names(experiment)
    mask = experiment.count("LSM", "channel", least=0) or _set(experiment)
    bits = [bit for bit in range(len(LETTERS)) if mask >> bit & 1]
    found: list[tuple[str | None, ...]] = [listed] if listed else []
    if bits:
        found.append(_of_bits(listed, bits))
    if len(bits) > 1 and _may_store_all(experiment):
        found.append(_of_bits(listed, range(4)))
    counts = {len(names): (rank, names) for rank, names in reversed(list(enumerate(found)))}
    for count, (rank, names) in sorted(counts.items(), key=lambda item: item[1][0]):
        yield rank, count, names if any(names) else None
    if not found:
        yield 0, 1, None


def _may_store_all(experiment: Experiment) -> bool:
    """Whether several channels may be stored as all four: as the XML says, or before it could say (version 3)."""
    only = experiment.flag("RawData", "onlyEnabledChannels")
    version = (experiment.text("Software", "version") or "").partition(".")[0]
    return only is False or (only is None and 0 < _number(version) < 3)


def channel_names(experiment: Experiment) -> tuple[str | None, ...]:
    """Return what ``Wavelengths`` lists."""
    return experiment.values("Wavelengths", "Wavelength", "name")


def _set(experiment: Experiment) -> int:
    value = _number(experiment.child_text("Wavelengths", "ChannelEnable", "Set"))
    return value if 0 < value < 1 << len(LETTERS) else 0


def _number(text: str | None) -> int:
    """Return a whole number of a text, 0 where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _of_bits(listed: tuple[str | None, ...], bits: list[int] | range) -> tuple[str | None, ...]:
    """Name the channels of a mask: as listed where the list has as many, else by ThorImage's letters."""
    if len(listed) == len(bits):
        return listed
    return tuple(f"Chan{LETTERS[bit]}" for bit in bits)
