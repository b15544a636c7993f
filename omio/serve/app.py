"""The routes. None of them knows a path of this machine: images are found by id, keys by what the image has."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from omio.errors import MemoryLimitError, OmioError, SelectionError
from omio.serve import ask, deepzoom, pictures
from omio.serve.answers import content, failure, is_known, problem, tag_of, to_json, unchanged
from omio.serve.cache import ByteCache
from omio.serve.info import describe
from omio.serve.ngff import Hierarchy
from omio.serve.work import BusyError, GoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from starlette.requests import Request
    from starlette.responses import Response

    from omio.serve.catalogue import Catalogue, Entry
    from omio.serve.limits import Limits
    from omio.serve.shown import Shown
    from omio.serve.work import Work

_KINDS = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "woff2": "font/woff2",
}
"""Media types of what belongs to the page; files with other endings are not served."""
_BYTES = "application/octet-stream"


def make_app(catalogue: Catalogue, work: Work, limits: Limits) -> Starlette:
    """Return the routes as an application; `omio.serve.guard.Guard` belongs before it."""
    routes = Routes(catalogue, work, limits)
    app = Starlette(
        routes=[
            Route("/", partial(routes.static, name="index.html")),
            Route("/static/{name:path}", routes.static),
            Route("/api/images", routes.images),
            Route("/api/{id}/info", routes.info),
            Route("/api/{id}/tile/{z:int}/{x:int}/{y:int}.{format}", routes.tile),
            Route("/api/{id}/region.{format}", routes.region),
            Route("/api/{id}/thumbnail.{format}", routes.thumbnail),
            Route("/api/{id}/histogram", routes.histogram),
            Route("/api/{id}/plane-stats", routes.statistics),
            Route("/api/{id}/pixel", routes.pixel),
            Route("/api/{id}/associated/{key}.{format}", routes.associated),
            Route("/dzi/{id}.dzi", routes.deep_zoom),
            Route("/dzi/{id}_files/{level:int}/{x:int}_{y:int}.{format}", routes.deep_zoom_tile),
            Route("/zarr/{id}/{version}/{scene:int}.ome.zarr/{key:path}", routes.zarr),
        ],
        exception_handlers={
            OmioError: _failed,
            MemoryError: _too_large,
            OSError: _unreadable,
            HTTPException: _none,
            Exception: _unforeseen,
        },
    )
    app.router.redirect_slashes = False
    return app


class Routes:
    """Answers requests."""

    def __init__(self, catalogue: Catalogue, work: Work, limits: Limits) -> None:
        self._catalogue = catalogue
        self._work = work
        self._limits = limits
        self._cache = ByteCache(limits.cached)
        self._made: dict[tuple[object, ...], Any] = {}
        self._page = dict(_page_files(files("omio.serve") / "page"))

    async def static(self, request: Request, name: str | None = None) -> Response:
        """Answer with a file of the page."""
        name = name or request.path_params["name"]
        found = self._page.get(name)
        if found is None:
            return problem(404, "no such thing")
        body = await self._work.run(request, found.read_bytes)
        tag = tag_of(body)
        kind = _KINDS[name.rpartition(".")[2]]
        return unchanged(tag) if is_known(request, tag) else content(request, body, kind, tag)

    async def images(self, request: Request) -> Response:
        """List the images."""
        ask.known(request.query_params)
        entries = await self._entries(request)
        listed = [
            {
                "id": entry.id,
                "name": entry.name,
                "info": f"api/{entry.id}/info",
                "thumbnail": f"api/{entry.id}/thumbnail.webp",
            }
            for entry in entries.values()
        ]
        return to_json({"images": listed})

    async def info(self, request: Request) -> Response:
        """Describe an image."""
        query = request.query_params
        ask.known(query, "scene")
        entry, number = await self._entry(request), ask.whole(query, "scene", 0)
        return to_json(await self._work.run(request, partial(describe, entry, number)))

    async def tile(self, request: Request) -> Response:
        """Answer with a tile."""
        at = request.path_params
        edge = ask.edge(request.query_params, at["format"])
        make = partial(pictures.tile, z=at["z"], x=at["x"], y=at["y"], edge=edge)
        return await self._picture(request, make, at["z"], at["x"], at["y"], edge, words=("edge",))

    async def region(self, request: Request) -> Response:
        """Answer with a region."""
        box = pictures.Box.of(request.query_params, self._limits)
        make = partial(pictures.region, box=box, limits=self._limits)
        return await self._picture(request, make, box, words=pictures.Box.words)

    async def thumbnail(self, request: Request) -> Response:
        """Answer with the whole image, small."""
        size = ask.whole(request.query_params, "size", 256, least=1, most=self._limits.side)
        make = partial(pictures.thumbnail, width=size, height=size, limits=self._limits)
        return await self._picture(request, make, size, words=("size",))

    async def histogram(self, request: Request) -> Response:
        """Count the values of a plane."""
        bins = ask.whole(request.query_params, "bins", 256, least=1, most=4096)
        return await self._numbers(request, partial(pictures.histogram, bins=bins), "bins")

    async def statistics(self, request: Request) -> Response:
        """Sum up the values of a plane."""
        return await self._numbers(request, pictures.statistics)

    async def pixel(self, request: Request) -> Response:
        """Answer with the values of a pixel."""
        query = request.query_params
        x, y = (ask.whole(query, name) for name in ("x", "y"))
        return await self._numbers(request, partial(pictures.pixel, x=x, y=y), "x", "y")

    async def associated(self, request: Request) -> Response:
        """Answer with a label, macro or thumbnail."""
        ask.known(request.query_params, "scene")
        shown = await self._shown(request)
        key, encoding = request.path_params["key"], request.path_params["format"]
        if key not in shown.image.associated or encoding not in ask.FORMATS:
            return problem(404, "no such picture")
        make = partial(pictures.associated, shown.image.associated[key], encoding, self._limits)
        return await self._kept(request, ask.FORMATS[encoding], make, shown.digest, key, encoding)

    async def deep_zoom(self, request: Request) -> Response:
        """Describe an image as Deep Zoom."""
        shown = await self._shown(request)
        body = deepzoom.descriptor(shown.image.sizes["X"], shown.image.sizes["Y"], shown.tile)
        return content(request, body, "application/xml", tag_of(body))

    async def deep_zoom_tile(self, request: Request) -> Response:
        """Answer with a tile of Deep Zoom."""
        at = request.path_params
        make = partial(deepzoom.tile, level=at["level"], x=at["x"], y=at["y"], limits=self._limits)
        return await self._picture(request, make, "dzi", at["level"], at["x"], at["y"])

    async def zarr(self, request: Request) -> Response:
        """Answer with a document or chunk of OME-Zarr."""
        at = request.path_params
        shown = await self._shown(request, at["scene"])
        version, key = at["version"], at["key"]
        place = (request.path_params["id"], at["scene"], version)
        hierarchy = await self._once(request, place, partial(Hierarchy, shown.image, version))
        document = hierarchy.document(key)
        if document is not None:
            return content(request, document, _media_type(key), tag_of(document))
        if not hierarchy.has_chunk(key):
            return problem(404, "no such key")
        return await self._kept(request, _BYTES, partial(hierarchy.chunk, key), shown.digest, version, key)

    async def _entry(self, request: Request) -> Entry:
        found = (await self._entries(request)).get(request.path_params["id"])
        if found is None:
            raise SelectionError("no such image")
        return found

    async def _shown(self, request: Request, number: int | None = None) -> Shown:
        entry = await self._entry(request)
        number = ask.whole(request.query_params, "scene", 0) if number is None else number
        return await self._once(request, (entry.id, number), partial(entry.scene, number))

    async def _entries(self, request: Request) -> Mapping[str, Entry]:
        return await self._once(request, (), lambda: self._catalogue.entries)

    async def _once[T](self, request: Request, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """Return what was made before, without a turn in the threads; or make it."""
        if key not in self._made:
            self._made[key] = await self._work.run(request, make)
        made: T = self._made[key]
        return made

    async def _picture(
        self, request: Request, make: Callable[..., bytes], *facts: object, words: tuple[str, ...] = ()
    ) -> Response:
        """Answer with ``make(shown, picture)``, encoded as the URL says."""
        query, encoding = request.query_params, request.path_params["format"]
        ask.known(query, *ask.STYLE, *words)
        shown = await self._shown(request)
        wanted = ask.picture(query, shown.image.sizes, encoding)
        return await self._kept(
            request, ask.FORMATS[encoding], partial(make, shown, wanted), shown.digest, wanted, *facts
        )

    async def _numbers(self, request: Request, make: Callable[..., pictures.Json], *words: str) -> Response:
        """Answer with ``make(shown, plane)`` as JSON."""
        query = request.query_params
        ask.known(query, *ask.PLANE, *words)
        shown = await self._shown(request)
        plane = ask.plane(query, shown.image.sizes)
        return to_json(await self._work.run(request, partial(make, shown, plane)))

    async def _kept(self, request: Request, media_type: str, make: Callable[[], bytes], *facts: object) -> Response:
        """Answer with what `make` gives, or from the cache, or that the client has it; `facts` tell answers apart."""
        tag = tag_of(*facts)
        if is_known(request, tag):
            return unchanged(tag)
        body = self._cache.get(tag)
        if body is None:
            body = await self._work.run(request, make)
            if len(body) > self._limits.encoded:
                raise MemoryLimitError(f"an answer of {len(body):,} bytes", remedy="Ask for less at once.")
            self._cache.put(tag, body)
        return content(request, body, media_type, tag)


def _page_files(folder: Traversable, above: str = "") -> list[tuple[str, Traversable]]:
    """Return name -> file of all that belongs to the page; nothing else can be asked for."""
    found: list[tuple[str, Traversable]] = []
    for item in folder.iterdir() if folder.is_dir() else ():
        if item.is_dir():
            found += _page_files(item, f"{above}{item.name}/")
        elif item.name.rpartition(".")[2] in _KINDS:
            found.append((above + item.name, item))
    return found


def _media_type(key: str) -> str:
    return "application/xml" if key.endswith(".xml") else "application/json"


def _failed(request: Request, error: Any) -> Response:
    if isinstance(error, BusyError):
        return problem(503, error.cause, {"retry-after": "2"}, remedy=error.remedy)
    return problem(499, error.cause) if isinstance(error, GoneError) else failure(error)


def _too_large(request: Request, error: Exception) -> Response:
    return problem(413, "more memory than there is", remedy="Ask for less at once.")


def _unreadable(request: Request, error: Any) -> Response:
    return problem(422, error.strerror or "the file cannot be read")


def _none(request: Request, error: Any) -> Response:
    return problem(error.status_code, "no such thing")


def _unforeseen(request: Request, error: Exception) -> Response:
    return problem(500, "an unforeseen error; the terminal of the server shows it")
