"""``omio merge``: join images along T, Z or C, or into a mosaic, and write the result."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli._opening import add_opening, opening
from omio.cli._target import Order
from omio.cli._writing import add_target, add_writing, on_cluster, plan, tell, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omio.dataset import MicroscopyDataset

EXAMPLES = """Each SRC is a file or the pattern of a sequence; they are joined in the order given.

policies:
  strict   sizes, spacing, origin, dtype, channels and objective must agree (default)
  padded   smaller images are padded to the largest, see --pad
  cropped  larger images are cropped to the smallest
  mosaic   images are placed by their stage positions (with --along M)

examples:
  omio merge day1.czi day2.czi -o movie.ome.tif
  omio merge z1.tif z2.tif --axes YX --along Z -o stack.ome.tif
  omio merge a.tif b.tif -o both.ome.tif --pad edge --align center
  omio merge dapi.tif gfp.tif --along C --dtype promote -o both.ome.tif -n"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("sources", nargs="+", metavar="SRC", help="what to join, in this order")
    add("-o", "--output", required=True, metavar="DST", help="file to write")
    add("--along", choices=("T", "Z", "C", "M"), default="T", help="the dim that grows (default T); M is a mosaic")
    add("--policy", metavar="NAME", help="strict (default), padded, cropped, mosaic, or one of your own")
    add("--pad", metavar="NAME[:VALUE]", help="zero, constant:VALUE, edge or reflect; means --policy padded")
    add("--align", choices=("start", "center", "end"), help="where a padded or cropped image lies (default start)")
    add(
        "--dtype", choices=("require", "promote"), help="whether dtypes must be equal (default), or become a common one"
    )
    add("--times", choices=("continue", "restart", "stamps"), help="how time goes on along T (default continue)")
    add("--names", choices=("keep", "require", "number", "source"), help="of equal channels along C (default keep)")
    add("--metadata", type=_words, metavar="FACT=WORD,...", help="whose facts count, such as objective=first")
    add_opening(parser, scene="which scene of files that have several")
    add_target(parser)
    add_writing(parser)


def _words(text: str) -> dict[str, str]:
    pairs = [entry.partition("=") for entry in text.split(",")]
    if not all(fact and word for fact, _, word in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not like objective=first,name=require")
    return {fact: word for fact, _, word in pairs}


def run(options: argparse.Namespace) -> int:
    """Open the sources, join them and write the result."""
    order = Order.of(options)
    target = order.single(options.output)
    with ExitStack() as stack:
        stack.enter_context(on_cluster(options))
        parts = [stack.enter_context(image) for image in _opened(options)]
        image = stack.enter_context(_merged(parts, options))
        told = {"source": f"{len(parts)} images along {options.along}", "sources": options.sources}
        if options.dry_run:
            step = image.facts.static.provenance[-1]
            tell({**told, "merge": step, **plan(image, target, order)}, options)
            _tell_parts(step, options)
        else:
            console.progress(f"{told['source']} -> {target}", quiet=options.quiet)
            report = write(image, target, order)
            console.progress("", quiet=options.quiet)
            tell({**told, **report}, options)
    return 0


def _opened(options: argparse.Namespace) -> Iterator[MicroscopyDataset]:
    from omio.dataset.opening import open as open_dataset

    for source in options.sources:
        yield open_dataset(source, scene=options.scene, **opening(options))


def _merged(parts: list[MicroscopyDataset], options: argparse.Namespace) -> MicroscopyDataset:
    first, *others = parts
    policy = options.policy or ("padded" if options.pad else None)
    return first.merge(*others, along=options.along, policy=policy, **_fields(options))


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of the merge policy that were given."""
    given = {name: getattr(options, name) for name in ("dtype", "times", "names", "metadata", "align")}
    fields = {name: value for name, value in given.items() if value is not None}
    if options.pad or options.policy == "padded":
        kind, colon, value = (options.pad or "zero").partition(":")
        align = {"align": fields.pop("align")} if options.align else {}
        fields["pad"] = {"kind": kind, **({"value": value} if colon else {}), **align}
    return fields


def _tell_parts(step: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Say of each part where it will lie, and what is done to it before."""
    if options.json or options.quiet:
        return
    console.out(f"  policy {step['policy']['kind']}")
    for source, part in zip(options.sources, step["parts"], strict=True):
        done = [f"{verb} {_ranges(part[verb])}" for verb in ("cropped", "padded") if verb in part]
        at = part["at"] if isinstance(part["at"], dict) else {step["along"]: part["at"]}
        console.out("  ".join((f"  {_ranges(at)}", source, *done)))


def _ranges(dims: Mapping[str, Any]) -> str:
    return ", ".join(f"{dim} {before}:{after}" for dim, (before, after) in dims.items())
