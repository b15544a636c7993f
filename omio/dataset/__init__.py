"""`MicroscopyDataset` and its parts.

``dataset``    the class
``opening``    ``omio.open``;  ``sequence``: file patterns
``selection``  what ``sel`` and ``isel`` mean;  ``positions``: by µm and s;  ``levels``: how coarser levels follow
``merging``    carrying out merge and pad plans;  ``changes``: user metadata
``from_xarray``  DataArrays taken apart;  ``export``: xarray objects made;  ``mapping``: what is true after changes
``text``       repr;  ``familiar``: names of BioImage
"""

from omio.dataset.dataset import MicroscopyDataset

__all__ = ["MicroscopyDataset"]
