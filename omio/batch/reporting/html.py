"""Reports as one HTML page for people: no scripts, no links elsewhere, all text escaped.

What failed comes first, with cause and remedy. The page stays below about ten megabytes for ten thousand jobs:
thumbnails are embedded as long as they fit.
"""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from omio.batch.reporting.summary import duration, missing
from omio.dataset.text import bytes_text
from omio.naming import natural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.batch.reporting.records import Picture, Result
    from omio.batch.reporting.report import RunReport
    from omio.naming import SortKey

THUMBNAIL_BYTES = 4 << 20
"""Most bytes of all PNG files that a page embeds."""


def page(report: RunReport) -> str:
    """Return the page."""
    title = escape(f"{_name(report)}: {_verdict(report)}")
    style = files("omio.batch.reporting").joinpath("report.css").read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join((*_headline(report), *_failures(report.failed), *_images(report), *_end(report)))
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}\n<style>\n{style}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def _name(report: RunReport) -> str:
    folder = report.report_path.parent
    return (folder / report.root).resolve().name or folder.resolve().name


def _verdict(report: RunReport) -> str:
    done, failed = len(report.processed) + len(report.skipped), len(report.failed)
    if failed:
        return f"{failed:,} of {report.discovered:,} failed"
    return f"{done:,} of {report.discovered:,} converted" if missing(report) else f"all {done:,} converted"


def _headline(report: RunReport) -> Iterator[str]:
    begun = report.started.replace("T", " ").removesuffix("+00:00")
    took = f", took {duration(report.seconds)}" if report.seconds else ""
    yield f"<header><p>omio batch report</p><h1>{escape(_name(report))}: {_verdict(report)}</h1>"
    yield f"<p>Begun {escape(begun)} UTC{took}</p></header>"
    if report.interrupted:
        yield '<p class="stopped">The run was stopped before its end. What is listed is whole; run again to go on.</p>'
    parts = [
        ("good", len(report.processed), "converted"),
        ("old", len(report.skipped), "done before"),
        ("bad", len(report.failed), "failed"),
        ("rest", missing(report), "not tried"),
    ]
    shown = [part for part in parts if part[1] or part[0] in ("good", "bad")]
    yield '<div class="bar">' + "".join(f'<i class="{a}" style="flex:{n}"></i>' for a, n, _ in shown if n) + "</div>"
    yield '<ul class="counts">'
    yield from (f'<li><b>{count:,}</b><i class="{kind}"></i>{label}</li>' for kind, count, label in shown)
    written = sum(result.nbytes for result in (*report.processed, *report.skipped))
    yield f"<li><b>{bytes_text(written)}</b>written</li></ul>"


def _failures(failed: Sequence[Result]) -> Iterator[str]:
    """Show failures; those of one kind with one remedy stand together."""
    groups: dict[tuple[str, str | None], list[Result]] = {}
    for result in failed:
        if result.failure is not None:
            groups.setdefault((result.failure.kind, result.failure.remedy), []).append(result)
    if groups:
        yield f"<h2>Failed<small>{_count(len(failed), 'job')}</small></h2>"
    for (kind, remedy), results in groups.items():
        yield f'<div class="failure"><span class="kind">{escape(kind)}</span>'
        yield from map(_failed, results)
        if remedy:
            yield f'<p class="remedy">{_broken(remedy)}</p>'
        if results[0].failure is not None and results[0].failure.traceback:
            where = "Where in the code" + (", for the first" if len(results) > 1 else "")
            yield f"<details><summary>{where}</summary><pre>{escape(results[0].failure.traceback)}</pre></details>"
        yield "</div>"


def _failed(result: Result) -> str:
    return f'<p><strong class="path">{_inputs(result)}</strong><br>{_broken(_cause(result))}</p>'


def _cause(result: Result) -> str:
    """Return the message of a failure without file and remedy, which are shown beside it."""
    if result.failure is None:
        return ""
    message, remedy = result.failure.message, result.failure.remedy
    for name in result.inputs:
        message = message.removeprefix(f"{name}: ")
    return message.removesuffix(remedy).rstrip(" .") if remedy else message


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _inputs(result: Result) -> str:
    first, *others = result.inputs
    more = f' <span class="soft">and {len(others):,} more</span>' if others else ""
    return escape(first) + more


def _images(report: RunReport) -> Iterator[str]:
    done = sorted((*report.processed, *report.skipped), key=_place)
    if not done:
        return
    thumbnails = _Thumbnails(report.report_path.parent)
    yield f"<h2>Converted<small>{_count(len(done), 'image')}</small></h2>"
    heads = "".join(f"<th>{head}</th>" for head in ("", "Image", "Pixels", "Size", "File"))
    yield f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
    for folder, group in groupby(done, _folder):
        results = list(group)
        label = escape(folder) if folder != "." else "output folder"
        count = _count(len(results), "image")
        yield f'<tbody><tr><th colspan="5"><span class="path">{label}</span><small>{count}</small></th></tr>'
        yield from (_row(result, thumbnails) for result in results)
        yield "</tbody>"
    yield "</table></div>"
    if thumbnails.left_out:
        yield f'<p class="soft">Thumbnails of the first {len(done) - thumbnails.left_out:,} images are shown.</p>'


def _place(result: Result) -> tuple[SortKey, SortKey]:
    return natural(_folder(result)), natural(result.destination)


def _folder(result: Result) -> str:
    return PurePosixPath(result.destination).parent.as_posix()


def _row(result: Result, thumbnails: _Thumbnails) -> str:
    picture = result.picture
    name = escape(PurePosixPath((*result.written, result.destination)[0]).name)
    notes = [*result.warnings, *([f"not held by the format: {', '.join(result.lost)}"] if result.lost else [])]
    told = "".join(f"<em>{escape(note)}</em>" for note in notes)
    state = "done before" if result.status == "skipped" else duration(result.seconds)
    cells = (
        thumbnails.of(picture),
        f'<span class="path">{name}</span><small class="path">from {_inputs(result)}</small>{told}',
        "" if picture is None else f"{_lengths(picture)}<small>{_kinds(picture)}</small>",
        "" if picture is None else f"{_extent(picture)}<small>{_spacing(picture)}</small>",
        f"{bytes_text(result.nbytes)}<small>{state}</small>",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _lengths(picture: Picture) -> str:
    sizes = picture.sizes
    plane = f"{sizes['X']:,} × {sizes['Y']:,}"
    return " · ".join([plane, *(f"{dim} {sizes[dim]:,}" for dim in "ZCT" if sizes[dim] > 1)])


def _kinds(picture: Picture) -> str:
    named = [name for name in picture.channels if name]
    kind = "RGB, " if picture.sizes.get("S", 0) == 3 else ""
    shown = ", ".join(named[:4]) + (" …" if len(named) > 4 else "")
    return escape(f"{kind}{picture.dtype}" + (f", {shown}" if shown else ""))


def _extent(picture: Picture) -> str:
    """Write the field of view in µm, and the duration."""
    known = [dim for dim in "XYZ" if picture.pixel_size.get(dim) is not None and (dim != "Z" or picture.sizes["Z"] > 1)]
    lengths = [f"{(picture.pixel_size[dim] or 0) * picture.sizes[dim]:,.4g}" for dim in known]
    return f"{' × '.join(lengths)} µm" if lengths else '<span class="soft">unknown</span>'


def _spacing(picture: Picture) -> str:
    steps = [picture.pixel_size.get(dim) for dim in "XYZ"]
    told = " × ".join("?" if step is None else f"{step:.4g}" for step in steps[: 3 if picture.sizes["Z"] > 1 else 2])
    spacing = f"{told} µm a pixel" if any(step is not None for step in steps) else ""
    every = f"every {picture.time_increment:.4g} s" if picture.time_increment and picture.sizes["T"] > 1 else ""
    return ", ".join(part for part in (spacing, every) if part)


class _Thumbnails:
    """Embeds thumbnails as long as they fit."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._room = folder, THUMBNAIL_BYTES
        self.left_out = 0

    def of(self, picture: Picture | None) -> str:
        """Return an image element, or nothing."""
        if picture is None or picture.thumbnail is None:
            return ""
        path = self._folder / picture.thumbnail
        if self.left_out or not path.is_file() or path.stat().st_size > self._room:
            self.left_out += 1
            return ""
        data = path.read_bytes()
        self._room -= len(data)
        return f'<img alt="" src="data:image/png;base64,{base64.b64encode(data).decode()}">'


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _end(report: RunReport) -> Iterator[str]:
    yield (
        f"<footer>All of this, and more of each job, stands in <code>{escape(report.report_path.name)}</code>. A size "
        "is unknown where the file states none. What is done is not done again: repair what failed, and run once "
        "more.</footer>"
    )
