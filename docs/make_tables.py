"""Write the tables of the pages that tell of formats and policies from the code; with --check, say which are stale.

A table stands between ``<!-- made: NAME -->`` and ``<!-- end -->``. Names are ``formats``, ``targets`` and, shorter,
``supported``, from the registries, ``families``, and ``fields of CLASS``, ``own fields of CLASS`` of a policy.
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAliasType, Union, get_args, get_origin

from pydantic_core import PydanticUndefined

import omio
from omio.backends.base import Backend
from omio.policies.write import OutputPolicy

type Rows = list[tuple[str, ...]]

DOCS = Path(__file__).parent
PAGES = (DOCS.parent / "README.md", *sorted(DOCS.glob("formats/*.md")), *sorted(DOCS.glob("policies/*.md")))
TABLE = re.compile(r"(<!-- made: (?P<name>[^>]+) -->\n).*?(<!-- end -->)", re.DOTALL)

PAGE_OF = {
    "ometiff": "ome-tiff",
    "imagej": "imagej",
    "lsm": "lsm",
    "stk": "stk",
    "ndtiff": "micro-manager",
    "micromanager": "micro-manager",
    "sem": "sem",
    "svs": "slides",
    "tiff": "tiff",
    "czi": "czi",
    "thorlabs": "thorlabs",
    "thorlabs-tiff": "thorlabs",
    "leica-tiff": "leica",
    "omexml": "ome-tiff",
    "picture": "pictures",
    "omezarr": "ome-zarr",
    "zarr": "zarr",
    "reference": "references",
}
"""Backend or writer -> page; the name of that page's format is its heading."""
WRITTEN = {
    "ome-tiff": "`to_ometiff`",
    "imagej": '`to_ometiff(flavor="imagej")`',
    "ome-zarr": "`to_omezarr`",
    "zarr": "`to_zarr`",
}
"""Page -> the verb that writes it."""
FAMILIES = {
    "MergePolicy": "`merge`, `omio.merge`",
    "MetadataPolicy": "`metadata=` of a merge",
    "PadPolicy": "`pad`, `pad=` of a merge",
    "AxesPolicy": "`axes=` of `omio.open`",
    "SizeMismatch": "`on_size_mismatch=` of `omio.open`",
    "OutputPolicy": "`to_ometiff`, `to_omezarr`, `to_zarr`, `to_reference`",
    "ViewerPolicy": "`view`",
    "Style": "`style`",
}
"""Family -> the verbs that take one."""


def main(arguments: list[str]) -> int:
    stale = [page for page in PAGES if page.read_text(encoding="utf-8") != made(page)]
    if arguments == ["--check"]:
        sys.stderr.writelines(f"{page.name} is not up to date: run python docs/make_tables.py\n" for page in stale)
        return int(bool(stale))
    for page in stale:
        page.write_text(made(page), encoding="utf-8")
    return 0


def made(page: Path) -> str:
    """Return the text of a page with tables that are true."""
    return TABLE.sub(
        lambda found: f"{found[1]}{table(found['name'], page)}{found[3]}", page.read_text(encoding="utf-8")
    )


def table(name: str, page: Path) -> str:
    if (found := re.fullmatch(r"(own )?fields of (\w+)", name)) is not None:
        policy = getattr(omio, found[2])
        known = own_fields(policy) if found[1] else list(policy.model_fields)
        rows: Rows = [field_row(policy, field) for field in known]
        return drawn(("field", "takes", "default", "meaning"), rows)
    folder = "" if page.parent.name == "formats" else "docs/formats/"
    if name == "formats":
        return drawn(("format", "backend", "endings", "levels", "URLs", "reads"), formats(folder))
    if name == "targets":
        return drawn(("format", "writer", "endings", "policy", "writes"), targets(folder))
    if name == "supported":
        return drawn(("format", "endings", "levels", "URLs", "written by"), supported(folder))
    return drawn(("family", "members", "taken by"), families())


def drawn(head: tuple[str, ...], rows: Rows) -> str:
    lines = (head, tuple("---" for _ in head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def formats(folder: str) -> Rows:
    """Return a row a backend."""
    rows: Rows = []
    for name in own(omio.backends.registry):
        backend = omio.backends.registry.load(name)
        rows.append((link(name, folder), f"`{name}`", *abilities([name]), told(backend)))
    return rows


def targets(folder: str) -> Rows:
    """Return a row a writer."""
    rows: Rows = []
    for name in own(omio.writers.registry):
        writer = omio.writers.registry.load(name)
        policy = f"`{writer.policies.__name__}`"
        rows.append((link(name, folder), f"`{name}`", endings(writer.extensions), policy, told(writer)))
    return rows


def supported(folder: str) -> Rows:
    """Return a row a page: what its backends read, and the verb that writes it."""
    pages: dict[str, list[str]] = {}
    for name in own(omio.backends.registry):
        pages.setdefault(page_of(name), []).append(name)
    return [(link(names[0], folder), *abilities(names), WRITTEN.get(page, "")) for page, names in pages.items()]


def abilities(names: list[str]) -> tuple[str, str, str]:
    """Return endings, and whether levels and URLs are read by all of some backends, by some or by none."""
    backends = [omio.backends.registry.load(name) for name in names]
    known = tuple(dict.fromkeys(ending for backend in backends for ending in backend.extensions))
    levels = {backend.level_count is not Backend.level_count for backend in backends}
    urls = {backend.reads_urls for backend in backends}
    return endings(known), share(levels), share(urls)


def share(answers: set[bool]) -> str:
    return "some" if len(answers) > 1 else "yes" if True in answers else ""


def own(registry: Any) -> list[str]:
    """Return the plug-ins that omio brings, without those that are installed here by chance."""
    return [name for name in registry if registry.spec(name).target.startswith("omio.")]


def link(name: str, folder: str) -> str:
    page = DOCS / "formats" / f"{page_of(name)}.md"
    heading = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return f"[{heading}]({folder}{page.name})"


def page_of(name: str) -> str:
    if name not in PAGE_OF:
        raise SystemExit(f"{name} has no page: write one in docs/formats and name it in PAGE_OF")
    return PAGE_OF[name]


def endings(extensions: tuple[str, ...]) -> str:
    return ", ".join(f"`{ending}`" for ending in extensions)


def told(plugin: type) -> str:
    """Return what the first sentence of a plug-in's docstring says that it reads or writes."""
    text = " ".join((inspect.getdoc(plugin) or "").partition("\n\n")[0].replace("``", "`").split())
    return re.split(r"[.;] |\.$", text.split(" ", 1)[1])[0]


def families() -> Rows:
    """Return a row a family of policies."""
    return [(f"`{name}`", ", ".join(members(family_of(name))), verbs) for name, verbs in FAMILIES.items()]


def family_of(name: str) -> type[omio.Policy]:
    found: type[omio.Policy] = OutputPolicy if name == OutputPolicy.__name__ else getattr(omio, name)
    return found


def members(family: type[omio.Policy]) -> list[str]:
    """Return the classes of a family with the words that stand for them."""
    for home in family.homes.values():
        import_module(home)
    found = {kind: member for kind, member in family._members.items() if member.__module__.startswith("omio.")}
    return [f"`{member.__name__}` ({literal(kind)})" for kind, member in found.items()]


def own_fields(policy: type[omio.Policy]) -> list[str]:
    """Return the fields that a policy does not share with its base."""
    bases = (base for base in policy.__bases__ if issubclass(base, omio.Policy))
    shared = {name for base in bases for name in base.model_fields}
    return [name for name in policy.model_fields if name not in shared]


def field_row(policy: type[omio.Policy], name: str) -> tuple[str, ...]:
    """Return name, what it takes, default and meaning of a field."""
    policy.model_rebuild()
    field = policy.model_fields[name]
    return f"`{name}`", takes(field.annotation), default_of(field.default), meaning(policy, name)


def default_of(value: Any) -> str:
    if value is PydanticUndefined:
        return ""
    return f"`{type(value).__name__}()`" if isinstance(value, omio.Policy) else literal(value)


def literal(value: Any) -> str:
    return f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"


def takes(kind: Any) -> str:
    """Say in words what a type lets in."""
    if isinstance(kind, TypeAliasType):
        return takes(kind.__value__)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(literal(word) for word in parts)
    if parts and (origin is Union or isinstance(kind, type(int | str))):
        return " or ".join(dict.fromkeys(takes(part) for part in parts))
    if hasattr(kind, "__metadata__"):
        return takes(parts[0])
    if origin is tuple:
        return "several" if parts[-1] is Ellipsis else f"{len(parts)} values"
    if inspect.isclass(origin):
        return "a mapping"
    return WORDS.get(kind, f"`{getattr(kind, '__name__', kind)}`")


WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "`True`, `False`", type(None): "`None`"}


def meaning(policy: type, name: str) -> str:
    """Return what a docstring says of a field: that of the class, or of the base it refers to."""
    for base in policy.__mro__:
        text = attributes(base).get(name)
        if text and not re.fullmatch(r"See `\w+`\.", text):
            return text
    raise SystemExit(f"{policy.__name__}.{name} is told nowhere")


def attributes(kind: type) -> dict[str, str]:
    """Return field -> text of the section Attributes."""
    section = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("Attributes\n----------\n")[2]
    section = re.split(r"\n\n\w+\n-{3,}\n", section)[0]
    found: dict[str, str] = {}
    for names, text in re.findall(r"^(\w[\w, ]*)\n((?:(?: .*)?(?:\n|$))+)", section, re.MULTILINE):
        plain = " ".join(text.replace("``", "`").split())
        found |= dict.fromkeys(re.split(r", *", names), plain)
    return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
