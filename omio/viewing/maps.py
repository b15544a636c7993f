"""``ds.to_map()``: images on maps of ipyleaflet, their tiles made by omio's own server; nothing comes from elsewhere.

Maps count as Leaflet's ``CRS.Simple`` does (https://leafletjs.com/examples/crs-simple/crs-simple.html): a unit is a
pixel of the screen at zoom 0, two at zoom 1. Zoom 0 shows the coarsest tiles; rows run down from latitude 0.
"""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING, Any

from omio.errors import MissingDependencyError, OptionError
from omio.metadata.facts import channel_rows
from omio.policies.style import Style
from omio.raster.colors import BLACK, channel_ramp
from omio.raster.styled import Styled
from omio.serve import new_server
from omio.serve.ask import picture
from omio.serve.shown import Shown

if TYPE_CHECKING:
    from ipyleaflet import Map

    from omio.dataset import MicroscopyDataset
    from omio.policies.base import Choice
    from omio.raster.colors import Ramp

type Pair = tuple[float, float]

HEIGHT = 400
"""Of a map, in pixels of the screen; the image is made to fit into such a square, since notebooks may be narrow."""
CLOSER = 4
"""How often a map still zooms in when pixels are shown one to one."""
_TOLD = ("clim", "channels", "gamma", "palette")
"""Fields of `Style` that the address of a tile can hold."""


def to_map(
    image: MicroscopyDataset,
    *,
    t: int = 0,
    z: int = 0,
    c: int | None = None,
    style: Choice[Style] | None = None,
    port: int = 0,
) -> Map:
    """Show an image on a map; see `omio.dataset.looking.Looking.to_map`."""
    ipyleaflet, shown = _ipyleaflet(), Shown(image)
    words = {"edge": "pad", "t": str(t), "zplane": str(z), **_styled(image, _chosen(style, c))}
    picture(words, image.sizes, "png")  # what tiles would refuse is refused now
    server = new_server([image], port=port, embedded=True)
    made = _drawn(ipyleaflet, shown, server.tile_url(0, **words))
    stop = weakref.finalize(made, server.stop)
    made.observe(lambda _: stop(), "comm")  # which a widget loses when it is closed
    return made


def _drawn(ipyleaflet: Any, shown: Shown, url: str) -> Map:
    """Return a map of tiles that shows the whole image."""
    image = shown.image
    south, east = to_place(image, image.sizes["Y"], image.sizes["X"])
    zoom = math.floor(math.log2(HEIGHT / max(-south, east)))
    farthest, closest = min(0, zoom), max(zoom, shown.levels - 1 + CLOSER)
    tiles = ipyleaflet.TileLayer(
        url=url,
        name=image.name or "image",
        tile_size=shown.tile,
        min_zoom=farthest,
        max_zoom=closest,
        min_native_zoom=0,
        max_native_zoom=shown.levels - 1,
        bounds=[[south, 0.0], [0.0, east]],
    )
    return ipyleaflet.Map(
        layers=(tiles,),
        crs=ipyleaflet.projections.Simple,
        center=(south / 2, east / 2),
        zoom=zoom,
        min_zoom=farthest,
        max_zoom=closest,
        attribution_control=False,
        scroll_wheel_zoom=True,
        layout={"height": f"{HEIGHT}px"},
    )


def to_place(image: MicroscopyDataset, y: float, x: float) -> Pair:
    """Return latitude and longitude of a point on the map of an image.

    Parameters
    ----------
    y, x
        In full pixels from the upper left corner of the first one, whose center is 0.5, 0.5; arrays too.
    """
    scale = _scale(image)
    return -y / scale, x / scale


def to_pixel(image: MicroscopyDataset, latitude: float, longitude: float) -> Pair:
    """Return where a place on the map of an image lies in full pixels, y and x: the way back from `to_place`."""
    scale = _scale(image)
    return -latitude * scale, longitude * scale


def _scale(image: MicroscopyDataset) -> int:
    """Return how many pixels of the image one unit of its map is."""
    return 1 << Shown(image).levels - 1


def _chosen(style: Choice[Style] | None, c: int | None) -> Style:
    found = Style.resolve(style)
    if c is None:
        return found
    if found.channels is not None:
        raise OptionError("both c= and the channels of a style", remedy="Give one.")
    return Style.resolve(found, channels=(c,))


def _styled(image: MicroscopyDataset, style: Style) -> dict[str, str]:
    """Return a style in the words of the server; limits are looked for only where it asks for some."""
    plain = Style()
    fields = set(Style.model_fields) - set(_TOLD)
    if odd := sorted(name for name in fields if getattr(style, name) != getattr(plain, name)):
        raise OptionError(f"a map cannot show {', '.join(odd)}", remedy=f"Of a style it takes {', '.join(_TOLD)}.")
    styled = Styled(image, style)
    columns = {"color": [_color(styled, number) for number in styled.looks]}
    if style.channels is not None:
        columns["c"] = [str(number) for number in styled.looks]
    if style.gamma != plain.gamma:
        columns["gamma"] = [repr(look.gamma) for look in styled.looks.values()]
    if style.clim is not None:
        columns["min"], columns["max"] = ([repr(float(pair[end])) for pair in styled.limits.values()] for end in (0, 1))
    return {name: ",".join(texts) for name, texts in columns.items() if any(texts)}


def _color(styled: Styled, number: int) -> str:
    """Return RRGGBB of a channel whose colour is not its own."""
    rows = channel_rows(styled.image.facts)
    ramp: Ramp | None = styled.looks[number].ramp
    if ramp is None or ramp == channel_ramp(rows[number], number, len(rows)):
        return ""
    if len(ramp) != 2 or ramp[0] != BLACK:
        raise OptionError(f"a map cannot show channel {number} in a palette", remedy="Give it one colour.")
    return bytes(ramp[1]).hex()


def _ipyleaflet() -> Any:
    try:
        import ipyleaflet
    except ImportError:
        raise MissingDependencyError("ipyleaflet is not installed", remedy='pip install "omio[map]"') from None
    return ipyleaflet
