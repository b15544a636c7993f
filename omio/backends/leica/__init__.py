"""TIFF series that Leica's LAS AF and LAS X export: a file a plane, and XML that describes them.

``names``     what the names of the files say
``document``  the XML as plain values: ``MetaData/<Series>.xml`` and ``<Series>_Properties.xml``
``times``     its time stamps
``facts``     both as facts of an image
``series``    the backend, which opens the XML
"""

from __future__ import annotations

from omio.backends.leica.series import LeicaSeriesBackend

__all__ = ["LeicaSeriesBackend"]
