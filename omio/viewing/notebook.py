"""Images as HTML for notebooks: no script, nothing loaded from elsewhere, all text of files escaped.

The page takes its colours from its surroundings (JupyterLab, VS Code, a browser's dark mode), and is below 60 kB
whatever the image. Where styles are taken out, as GitHub does, the plain text is left.
"""

from __future__ import annotations

import base64
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from omio.dataset.text import bytes_text, extent_text, step_text
from omio.dims import UNITS
from omio.errors import OmioError
from omio.lazy.chunks import planned_lengths
from omio.metadata.facts import channel_rows
from omio.raster.colors import channel_color
from omio.viewing.pictures import heading, label_of
from omio.viewing.projections import samples_apart
from omio.viewing.thumbnails import EDGES, Thumbnails, thumbnails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from omio.dataset import MicroscopyDataset
    from omio.raster.colors import Rgb
    from omio.viewing.thumbnails import Thumbnail

MOST_BYTES = 58_000
"""Of a page, but for what is said of parts that were left out."""
_PLAIN = 1500
"""Most letters of the plain text."""
_LONGEST, _LABEL = 160, 40
"""Most letters of a text that a file gives, and of the label of a picture."""
_ROWS = 24
"""Most rows of a table or lines of a list."""
_CHANNEL_FACTS = (
    ("excitation_nm", "excitation nm"),
    ("emission_nm", "emission nm"),
    ("fluor", "fluor"),
    ("acquisition_mode", "mode"),
    ("contrast_method", "contrast"),
    ("pinhole_um", "pinhole µm"),
    ("window", "display range"),
)
_OBJECTIVE_FACTS = {
    "name": "objective",
    "manufacturer": "manufacturer",
    "magnification": "magnification",
    "na": "numerical aperture",
    "immersion": "immersion",
    "working_distance_um": "working distance µm",
}


def repr_html(image: MicroscopyDataset) -> str:
    """Return a dataset as HTML; see the module."""
    return framed(repr(image), _parts(image))


def page(title: str, body: str) -> str:
    """Return HTML of `repr_html` as a document of its own."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{text(title)}</title>'
    style = ":root{color-scheme:light dark}body{margin:1.5rem}"
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{style}</style></head>\n<body>{body}</body></html>\n'


def framed(plain: str, parts: Iterable[str]) -> str:
    """Put HTML into its frame, part by part as long as there is room; `plain` is what is left of it without styles."""
    head = f'<div><style>{_style()}</style><pre class="omio-text">{escape(plain[:_PLAIN])}</pre>'
    room = MOST_BYTES - len(head.encode())
    body = []
    for part in parts:
        room -= len(part.encode())
        body.append(part if room > 0 else '<p class="omio-soft">… too long to be shown here</p>')
    return f'{head}<div class="omio" style="display:none">{"".join(body)}</div></div>'


@cache
def _style() -> str:
    return files("omio.viewing").joinpath("notebook.css").read_text(encoding="utf-8")


def text(value: Any, longest: int = _LONGEST) -> str:
    """Return a value of a file as text for HTML: in one line, not too long, and escaped."""
    line = " ".join(str(value).split())
    return escape(line if len(line) <= longest else f"{line[:longest]}…")


def _parts(image: MicroscopyDataset) -> Iterator[str]:
    seen = thumbnails(image)
    yield _head(image)
    yield f'<div class="omio-row">{"".join(_figures(image, seen))}</div>'
    yield table(("dim", "size", "step", "extent", "chunk"), _dims(image), numbers=(1, 4))
    yield _channels(image)
    yield section("Instrument", _pairs(_instrument(image)))
    yield section("Provenance", _list("ol", (_step(step) for step in image.facts.static.provenance)))
    yield section("Notes", _list("ul", map(text, _notes(image, seen))), shown=bool(seen.warned))


def _head(image: MicroscopyDataset) -> str:
    origin = next(iter(image.facts.static.provenance), {})
    source = ", scene ".join(str(origin[key]) for key in ("backend", "scene") if origin.get(key) is not None)
    about = (f"{len(image.shape)}D {image.dtype}", f"{bytes_text(image.nbytes)}, read when asked", source)
    told = " · ".join(text(part) for part in about if part)
    return f'<p class="omio-head"><b>{text(heading(image))}</b> <span class="omio-soft">· {told}</span></p>'


def _figures(image: MicroscopyDataset, seen: Thumbnails) -> Iterator[str]:
    rows = channel_rows(samples_apart(image).facts)
    for number, picture in enumerate(seen.pictures):
        emission = rows[number].get("emission_nm") if picture.color is not None else None
        yield figure(picture, "" if emission is None else f"{emission:g} nm")
    if seen.missing:
        yield none(f"… {seen.missing}" if seen.pictures else seen.missing)


def none(why: str) -> str:
    """Return what stands in the place of a picture that was not made."""
    return f'<div class="omio-none omio-soft">{text(why)}</div>'


def figure(picture: Thumbnail, detail: str = "", edge: int = EDGES[0]) -> str:
    """Return a picture with its label; one of few pixels is shown larger, up to `edge`."""
    factor = max(1, edge // max(picture.width, picture.height))
    few = ' class="omio-pixels"' if factor > 1 else ""
    size = f'width="{picture.width * factor}" height="{picture.height * factor}"'
    data = base64.b64encode(picture.png).decode("ascii")
    image = f'<img{few} {size} alt="{text(picture.label, _LABEL)}" src="data:image/png;base64,{data}">'
    label = f"{dot(picture.color)}{text(picture.label, _LABEL)}" if picture.label else ""
    small = f"<small>{text(detail)}</small>" if detail else ""
    return f"<figure>{image}<figcaption>{label}{small}</figcaption></figure>"


def dot(color: Rgb | None) -> str:
    """Return a dot in a colour."""
    return "" if color is None else f'<i class="omio-dot" style="background:#{bytes(color).hex()}"></i>'


def _dims(image: MicroscopyDataset) -> Iterator[tuple[str, ...]]:
    try:
        chunks: Sequence[Any] = planned_lengths(image._recipe, image._choice)
    except OmioError:  # closed, or cut as no image can be
        chunks = ("?",) * len(image.shape)
    for (dim, size), chunk in zip(image.sizes.items(), chunks, strict=True):
        unit = UNITS.get(dim)
        axis = image.facts.axes.get(dim)
        told = unit is not None and (axis is not None or size > 1 or dim in "YX")
        known = (step_text(axis, unit), extent_text(axis, unit)) if unit is not None and told else ("", "")
        yield (dim, str(size), *known, str(chunk))


def _channels(image: MicroscopyDataset) -> str:
    rows = channel_rows(image.facts)
    told = [pair for pair in _CHANNEL_FACTS if any(row.get(pair[0]) is not None for row in rows)]
    if not told and not any(row.get("name") for row in rows):
        return ""
    body = [_channel(row, number, len(rows), told) for number, row in enumerate(rows[:_ROWS])]
    more = none(f"{len(rows) - _ROWS} more") if len(rows) > _ROWS else ""
    heads = ("channel", *(head for _, head in told))
    return section(f"Channels ({len(rows)})", table(heads, body, escaped=True) + more)


def _channel(row: Mapping[str, Any], number: int, count: int, told: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    name = dot(channel_color(row, number, count)) + text(label_of(row, number, count))
    return (name, *(text(_number(row.get(key))) for key, _ in told))


def _number(value: Any) -> Any:
    if isinstance(value, tuple):
        return " to ".join(f"{part:g}" for part in value)
    return f"{value:g}" if isinstance(value, float) else "" if value is None else value


def _instrument(image: MicroscopyDataset) -> Iterator[tuple[str, Any]]:
    static = image.facts.static
    lens = static.objective or {}
    yield from ((label, lens[key]) for key, label in _OBJECTIVE_FACTS.items() if lens.get(key) is not None)
    if static.stage_position:
        yield "stage position", ", ".join(f"{dim} {value:g} µm" for dim, value in static.stage_position.items())
    if static.acquired:
        yield "acquired", static.acquired


def _step(step: Mapping[str, Any]) -> str:
    detail = ", ".join(f"{key} {value}" for key, value in step.items() if key != "action")
    return f"<b>{text(step.get('action', ''))}</b> {text(detail)}"


def _notes(image: MicroscopyDataset, seen: Thumbnails) -> Iterator[str]:
    """Tell what should be known before the numbers are believed."""
    yield from seen.warned
    for dim, unit in UNITS.items():
        axis = image.facts.axes.get(dim)
        if axis is None and (dim in "YX" or image.sizes[dim] > 1):
            yield f"{dim}: {'the time between frames' if dim == 'T' else 'the size of pixels'} is not known"
        elif axis is not None and axis.spacing is None and axis.size > 1:
            yield f"{dim}: positions in {unit} are not evenly spaced"
    told = ((fact, source) for fact, source in image.facts.static.sources.items() if not source.startswith("file"))
    yield from (f"{fact}: said by {source.replace('user', 'the user', 1)}, not by the file" for fact, source in told)


def section(title: str, body: str, *, shown: bool = False) -> str:
    """Return what opens at a click; nothing where there is nothing."""
    return f"<details{' open' if shown else ''}><summary>{title}</summary>{body}</details>" if body else ""


def table(
    heads: Iterable[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = (), escaped: bool = False
) -> str:
    """Return a table; the cells of columns in `numbers` stand to the right, the first of a row is its heading."""
    right = set(numbers)
    head = "".join(f"<th>{text(cell)}</th>" for cell in heads)
    lines = (
        "".join(_cell(cell if escaped else text(cell), column, column in right) for column, cell in enumerate(row))
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(content: str, column: int, right: bool) -> str:  # noqa: FBT001 - a cell's third fact
    if column == 0:
        return f"<th>{content}</th>"
    return f'<td class="omio-n">{content}</td>' if right else f"<td>{content}</td>"


def _pairs(rows: Iterable[tuple[str, Any]]) -> str:
    body = "".join(f"<tr><th>{text(label)}</th><td>{text(_number(value))}</td></tr>" for label, value in rows)
    return f"<table><tbody>{body}</tbody></table>" if body else ""


def _list(kind: str, lines: Iterable[str]) -> str:
    every = list(lines)
    shown = every[:_ROWS] + ([f"… {len(every) - _ROWS} more"] if len(every) > _ROWS else [])
    return f"<{kind}>{''.join(f'<li>{line}</li>' for line in shown)}</{kind}>" if shown else ""
