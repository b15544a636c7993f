"""A figure of matplotlib that belongs to nobody's pyplot; imported when something is plotted."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class QuickLook(Figure):
    """A figure that a notebook shows as a picture, whether or not pyplot was ever imported."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()
