"""Write the pages of ``reference/`` from the code; with --check, only say which are not up to date."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import commands

import omio

FOLDER = Path(__file__).with_name("reference")
WIDTH = 100
SUBJECTS = {
    "datasets": ("Datasets", ("omio.dataset", "omio.raster", "omio.viewing.napari", "omio.settings")),
    "collections": ("Collections and plates", ("omio.collection",)),
    "metadata": ("Metadata", ("omio.metadata",)),
    "policies": ("Policies", ("omio.policies",)),
    "functions": ("Functions for scripts", ("omio.functional",)),
    "projects": ("Projects", ("omio.batch",)),
    "checks": ("Checks", ("omio.checks",)),
    "plug-ins": ("Plug-ins", ("omio.backends", "omio.writers", "omio.viewing.viewers", "omio.testing")),
    "errors": ("Errors", ("omio.errors",)),
}
"""Of a page: its title, and the modules that it tells of with all that is below them."""
PACKAGES = ("omio.batch", "omio.checks", "omio.testing")
"""Whose names are not those of `import omio`."""
REGISTRIES = ("omio.backends", "omio.writers")
MADE = "<!-- Made from the code by `python docs/make_reference.py`; do not edit. -->"


def main(arguments: list[str]) -> int:
    texts = {name: page(title, modules) for name, (title, modules) in SUBJECTS.items()}
    texts["command-line"] = command_line()
    stale = [name for name, text in texts.items() if present(name) != text]
    if arguments == ["--check"]:
        if stale:
            sys.stderr.write(f"docs/reference: {', '.join(stale)} not up to date: run python docs/make_reference.py\n")
        return int(bool(stale))
    for name in stale:
        (FOLDER / f"{name}.md").write_text(texts[name], encoding="utf-8")
    return 0


def present(name: str) -> str | None:
    file = FOLDER / f"{name}.md"
    return file.read_text(encoding="utf-8") if file.exists() else None


def page(title: str, modules: tuple[str, ...]) -> str:
    parts = [f"# {title}\n\n{MADE}\n"]
    for home, names in homes().items():
        if is_below(home, modules):
            prefix = home if home in PACKAGES else "omio"
            parts += [entry(f"{prefix}.{name}", getattr(importlib.import_module(prefix), name)) for name in names]
    for name in REGISTRIES:
        if name in modules:
            parts += functions(importlib.import_module(name), name)
    if "omio.errors" in modules:
        parts += [f"## The tree\n\n```text\n{tree()}\n```\n"]
    return tidy(parts)


def homes() -> dict[str, tuple[str, ...]]:
    """Return module -> its public names; every module has a page."""
    found = omio._HOMES | {name: public(importlib.import_module(name)) for name in PACKAGES}
    every = tuple(module for _, modules in SUBJECTS.values() for module in modules)
    if lost := [home for home in found if not is_below(home, every)]:
        raise SystemExit(f"no page of the reference tells of {', '.join(lost)}")
    return found


def public(package: Any) -> tuple[str, ...]:
    own = (name for name, value in vars(package).items() if inspect.isclass(value) or inspect.isfunction(value))
    return tuple(getattr(package, "__all__", None) or (name for name in own if not name.startswith("_")))


def is_below(home: str, modules: tuple[str, ...]) -> bool:
    return any(f"{home}.".startswith(f"{module}.") for module in modules)


def tidy(parts: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def command_line() -> str:
    purpose = "Every option of every command; [how to use them](../how-to/command-line.md)."
    return tidy([f"# The command line\n\n{MADE}\n\n{purpose}\n", *commands.sections()])


def tree() -> str:
    text = inspect.getdoc(omio.errors) or ""
    drawn = [line for line in text.splitlines() if line.startswith("    ")]
    return inspect.cleandoc("\n".join(drawn))


def functions(module: Any, prefix: str) -> list[str]:
    names = [name for name, value in vars(module).items() if inspect.isfunction(value) and is_own(value, module)]
    return [entry(f"{prefix}.{name}", getattr(module, name)) for name in names if f"omio.{name}" not in exported()]


def exported() -> set[str]:
    return {f"omio.{name}" for name in omio.__all__}


def is_own(function: Any, module: Any) -> bool:
    return function.__module__ == module.__name__ and not function.__name__.startswith("_")


def entry(name: str, value: Any) -> str:
    """Describe one public name."""
    heading = f"## {name}\n\n```text\n{name.rpartition('.')[2]}{signature(value)}\n```\n"
    body = [heading, prose(inspect.getdoc(value) or "")]
    if inspect.isclass(value) and (parts := members(value)):
        body += ["**Methods and properties**\n", *(member(part, name) for part in parts), ""]
    return "\n".join(body)


def signature(value: Any) -> str:
    if inspect.isclass(value) and hasattr(value, "model_fields"):
        return wrapped(f"({', '.join(fields(value))})")
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    shown = [p for p in found.parameters.values() if p.name not in ("self", "cls")]
    return wrapped(re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(found.replace(parameters=shown))))


def wrapped(call: str) -> str:
    """Put each parameter of a long signature on a line of its own."""
    if len(call) < WIDTH:
        return call
    parameters, _, result = call.rpartition(")")
    return "(\n" + "".join(f"    {part},\n" for part in split(parameters[1:])) + f"){result}"


def split(parameters: str) -> list[str]:
    """Split at the commas outside of brackets."""
    parts, depth = [""], 0
    for character in parameters:
        depth += (character in "[(") - (character in "])")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def fields(model: Any) -> list[str]:
    annotations = {
        name: kind for base in reversed(model.__mro__) for name, kind in vars(base).get("__annotations__", {}).items()
    }
    return [f"{name}: {annotations[name]}" for name in model.model_fields]


def members(kind: type) -> list[tuple[str, Any]]:
    """Return the public methods and properties that the class or its bases in omio define, in order of definition."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("omio"):
            found |= {name: value for name, value in vars(base).items() if is_member(name, value)}
    return list(found.items())


def is_member(name: str, value: Any) -> bool:
    described = isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)
    return not name.startswith("_") and (described or type(value).__name__ == "cached_property")


def member(part: tuple[str, Any], owner: str) -> str:
    name, value = part
    function = getattr(value, "__func__", value)
    call = " ".join(signature(function).split()) if inspect.isfunction(function) else ""
    text = inspect.getdoc(value) or ""
    return f"- `{owner.rpartition('.')[2]}.{name}{call}`: {first_paragraph(text)}".replace("( ", "(").replace(
        ", )", ")"
    )


def first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].replace("``", "`").split())


def prose(text: str) -> str:
    """Turn a numpydoc docstring into Markdown."""
    lines: list[str] = []
    section = False
    source = text.replace("``", "`").splitlines()
    for line, following in zip(source, [*source[1:], ""], strict=True):
        if re.fullmatch(r"-{3,}", line):
            continue
        if re.fullmatch(r"-{3,}", following):
            lines.append(f"**{line}**\n")
            section = True
        elif section and line and not line.startswith(" "):
            lines.append(f"- `{line}`")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
