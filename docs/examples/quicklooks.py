"""Draw every image of a folder, on a machine without a screen, onto one page; a damaged file is told and passed over.

Run it as: python quicklooks.py [FOLDER RESULT.html]
"""

from __future__ import annotations

import html
import sys
from base64 import b64encode
from pathlib import Path

import made

import omio

WIDTH = 320


def figure(image: omio.MicroscopyDataset) -> str:
    """Draw the brightest of all depths of the middle time, and say how large the image is."""
    t = image.sizes["T"] // 2
    picture = image.project("Z").style().encode("webp", t=t, max_width=WIDTH, max_height=WIDTH)
    size = {dim: image.pixel_size[dim] for dim in "YX"}
    extent = " × ".join("?" if step is None else f"{step * image.sizes[dim]:.4g} µm" for dim, step in size.items())
    sizes = " ".join(f"{dim} {length}" for dim, length in image.sizes.items())
    return f'<img src="data:image/webp;base64,{b64encode(picture).decode()}"><br>{sizes}<br>{extent}'


def quicklooks(folder: Path, page: Path) -> list[str]:
    """Write the page; return the names of images that cannot be read."""
    parts, failed = ["<!doctype html><meta charset=utf-8>"], []
    with omio.open_folder(folder, recursive=True) as images:
        for key in images:
            try:
                shown = figure(images[key])
            except omio.OmioError as error:
                failed.append(key)
                shown = html.escape(str(error))
            parts.append(f"<h2>{html.escape(key)}</h2><p>{shown}</p>")
    page.write_text("\n".join(parts), encoding="utf-8")
    return failed


if __name__ == "__main__":
    folder, page = map(Path, sys.argv[1:] or made.project("quicklooks.html"))
    failed = quicklooks(folder, page)
    print(page, f"({len(failed)} could not be read)" if failed else "")
