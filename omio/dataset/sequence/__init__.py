"""Many files that make up one image: patterns, globs, lists.

``opening`` is what users call. ``names`` finds the files and ``fields`` reads what their names say; ``grid`` puts them
in their places; ``models`` and ``calling`` know what makes two files alike; ``assembling`` decides which are opened;
``joining`` makes one image of them, and ``stack`` is the recipe of files that are alike.
"""

from omio.dataset.sequence.opening import open_sequence

__all__ = ["open_sequence"]
