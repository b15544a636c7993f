"""ImageJ hyperstacks: what plain Fiji opens with scale, unit, interval, channels, colours and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omio.errors import UnwritableError
from omio.writers import codecs
from omio.writers.hyperstack import Hyperstack, hyperstack
from omio.writers.source import source_of, stamps_of, target_dtype
from omio.writers.tiffplan import CLASSIC_LIMIT, PAGE_BYTES, TiffPlan, plan_tiff
from omio.writers.tiffstream import write_tiff
from omio.writers.tiffwriter import TiffWriter

if TYPE_CHECKING:
    from omio.image import Image
    from omio.policies.write import WritePolicy
    from omio.writers.report import WriteReport

DTYPES = ("uint8", "int16", "uint16", "float32")
CASTS = {
    "bool": "uint8",
    "int8": "int16",
    "int32": "float32",
    "uint32": "float32",
    "int64": "float32",
    "uint64": "float32",
    "float16": "float32",
    "float64": "float32",
}
"""What ImageJ does not know -> the nearest that it knows."""
COMPRESSIONS = ("none", "zlib", "lzw")


class ImageJWriter(TiffWriter):
    """Writes ImageJ hyperstacks: planes in ImageJ's order (C fastest, then Z, then T), strips, classic TIFF.

    Signed 16-bit pixels are stored as such; ImageJ shows their values through a calibration of its own. Stacks beyond
    4 GB, which a classic TIFF cannot address, get one page that says how many planes follow it uncompressed.
    """

    name: ClassVar[str] = "imagej"
    extensions: ClassVar[tuple[str, ...]] = (".tif", ".tiff")

    def lost(self, image: Image, policy: WritePolicy) -> tuple[str, ...]:
        """Return what reading the file back would lack."""
        return (*self._plan(image, policy).lost, *self._stack(image).lost)

    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        """Stream the pixels into a hyperstack; see `Writer.write`."""
        plan = self._plan(image, policy)
        stack = self._stack(image)
        one_page = {"truncate": True} if _is_long(plan) else {}
        return write_tiff(
            source_of(image, policy),
            plan,
            path,
            policy,
            stamps=stamps_of(image),
            tags={"metadata": stack.metadata, "software": "omio", **stack.tags, **one_page},
            container={"imagej": True},
            lost=tuple(stack.lost),
        )

    def _plan(self, image: Image, policy: WritePolicy) -> TiffPlan:
        dtype = target_dtype(image, policy)
        if dtype.name not in DTYPES:
            raise codecs.unknown(dtype, CASTS)
        _check_samples(image, dtype.name)
        _check_policy(policy)
        strips = policy.model_copy(update={"tile": None, "predictor": False, "bigtiff": False, "levels": 1})
        plan = plan_tiff(image, strips, dtype)
        if plan.encoder.codec.name != "none" and plan.pixel_bytes > CLASSIC_LIMIT:
            raise UnwritableError(
                f"ImageJ opens {plan.pixel_bytes / 1e9:.1f} GB only uncompressed", remedy='Use compression="none".'
            )
        return plan

    def _stack(self, image: Image) -> Hyperstack:
        stack = hyperstack(image.facts)
        if len(image.levels) > 1:
            stack.lost.append("levels: ImageJ has no reduced resolutions")
        return stack


def _check_samples(image: Image, dtype: str) -> None:
    samples = image.sizes.get("S", 1)
    if samples == 1 and "S" not in image.sizes:
        return
    if samples != 3 or dtype != "uint8" or image.sizes["C"] > 1:
        raise UnwritableError(
            f"ImageJ has RGB of uint8 in one channel, not {samples} samples of {dtype} in {image.sizes['C']}",
            remedy='Use split_samples() to make channels of them, or cast="uint8".',
        )


def _check_policy(policy: WritePolicy) -> None:
    codec = codecs.codec_of(policy)
    if codec.name not in COMPRESSIONS:
        raise UnwritableError(f"ImageJ reads no {codec.name}", remedy=f"It reads {', '.join(COMPRESSIONS)}.")
    refused = {
        "predictor=True": policy.predictor is True,
        f"tile={policy.tile}": isinstance(policy.tile, tuple),
        f"levels={policy.levels}": policy.levels not in (None, 1),
        "bigtiff=True": policy.bigtiff is True,
    }
    for name, is_refused in refused.items():
        if is_refused:
            raise UnwritableError(f"ImageJ opens no TIFF of {name}", remedy="Leave it out.")


def _is_long(plan: TiffPlan) -> bool:
    return plan.encoder.codec.name == "none" and plan.pixel_bytes + plan.pages * PAGE_BYTES > CLASSIC_LIMIT
