"""Acquisitions of ThorImageLS (Thorlabs): RAW files, TIFF series, and the sidecars that describe them.

``experiment``  ``Experiment.xml`` as checked numbers and flags
``readings``    how many frames that promises, in each way it can be read
``sizes``       the one reading that the size of the file bears out, or an error that names them all
``account``     what an acquisition's XML says besides sizes, as facts
``yamlfile``    the YAML file that users write where there is no XML;  ``templates``: makes one to edit
``sidecar``     which of the two belongs to a RAW file;  ``folder``: what lies in the folder of an acquisition
``reader``      frames of a RAW file;  ``raw``, ``series``: the backends
"""

from __future__ import annotations

from omio.backends.thorlabs.raw import ThorRawBackend

__all__ = ["ThorRawBackend"]
