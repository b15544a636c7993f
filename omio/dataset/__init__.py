"""`MicroscopyDataset` and its parts.

``dataset``    the class
``opening``    ``omio.open``;  ``sequence``: file patterns
``selection``  what ``sel`` and ``isel`` mean;  ``levels``: how coarser levels follow
``merging``    carrying out merge and pad plans;  ``changes``: user metadata;  ``mapping``: results of xarray code
``text``       repr
"""

from omio.dataset.dataset import MicroscopyDataset

__all__ = ["MicroscopyDataset"]
