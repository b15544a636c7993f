"""What omio finds around it: packages, extras, codecs, limits, and the folder of copies."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from omio import backends, settings, writers
from omio.checks.report import Findings
from omio.lazy.handles import HANDLES
from omio.store.cache.entries import entries
from omio.viewing import viewers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omio.checks.report import Problem

NAME = "omio"
CODECS = (
    "deflate", "lzw", "zstd", "lzma", "packbits", "blosc", "lz4", "jpeg8", "ljpeg", "jpeg2k", "jpegls", "jpegxl",
    "jpegxr", "png", "webp", "lerc", "ccittfax4",
)  # fmt: skip
"""Of images, as imagecodecs names them; builds of it can lack some."""
UNSEEN = frozenset({"test", "browser-test", "all"})
"""Extras for those who work on omio, and the sum of the others."""


@dataclass(frozen=True)
class Environment:
    """What omio runs in.

    Attributes
    ----------
    versions
        Of omio, Python, the system, and each package that omio needs; None for one that is not installed.
    extras
        Extra -> packages of it that are not installed.
    codecs
        Codec -> whether this build of imagecodecs has it.
    limits
        ``threads``, ``memory`` (bytes of one eager read; None where nothing limits it), ``tiles`` (bytes of decoded
        tiles that are kept), ``open_files``.
    cache
        ``folder`` of the user's copies, ``copies`` in it and their ``nbytes``.
    problems
        What is wrong: a package that is missing or too old, two packages of this name, a plug-in that cannot be loaded,
        a folder that cannot be written.
    """

    versions: Mapping[str, str | None]
    extras: Mapping[str, tuple[str, ...]]
    codecs: Mapping[str, bool]
    limits: Mapping[str, int | None]
    cache: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(problem.severity == "error" for problem in self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "versions": dict(self.versions),
            "extras": {name: list(missing) for name, missing in self.extras.items()},
            "codecs": dict(self.codecs),
            "limits": dict(self.limits),
            "cache": dict(self.cache),
            "ok": self.ok,
            "problems": [problem.to_dict() for problem in self.problems],
        }


def environment() -> Environment:
    """Look around; nothing is imported but imagecodecs and plug-ins of other packages."""
    findings = Findings("")
    needed = [requirement for requirement, extra in _requirements() if extra is None]
    for requirement in needed:
        _check_package(requirement, findings)
    _check_owners(findings)
    _check_plugins(findings)
    return Environment(
        versions={**_own_versions(), **{one.name: _version(one.name) for one in needed}},
        extras=_extras(),
        codecs=_codecs(findings),
        limits=_limits(),
        cache=_cache(findings),
        problems=tuple(findings.found),
    )


def _own_versions() -> dict[str, str | None]:
    from omio import __version__

    return {NAME: __version__, "Python": platform.python_version(), platform.system(): platform.release()}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _requirements() -> Iterator[tuple[Requirement, str | None]]:
    """Yield what the installed package says it needs, and for which extra; nothing where it is not installed."""
    try:
        found = importlib.metadata.metadata(NAME)
    except importlib.metadata.PackageNotFoundError:
        return
    extras = found.get_all("Provides-Extra") or []
    for text in found.get_all("Requires-Dist") or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            yield requirement, None
            continue
        yield from ((requirement, extra) for extra in extras if marker.evaluate({"extra": extra}))


def _check_package(requirement: Requirement, findings: Findings) -> None:
    version = _version(requirement.name)
    remedy = f'pip install "{requirement.name}{requirement.specifier}"'
    if version is None:
        findings.error(requirement.name, "is not installed", remedy)
    elif not requirement.specifier.contains(version, prereleases=True):
        findings.error(requirement.name, f"is version {version}, omio needs {requirement.specifier}", remedy)


def _check_owners(findings: Findings) -> None:
    """Find other packages that install modules of this name, such as PyPI's omio-microscopy: one hides the other."""
    owners = set(importlib.metadata.packages_distributions().get(NAME, ())) - {NAME}
    for owner in sorted(owners):
        remedy = f"They cannot share an environment: pip uninstall {owner}, and install omio again."
        findings.error(owner, f"installs modules named {NAME}, too", remedy)


def _check_plugins(findings: Findings) -> None:
    for registry in (backends.registry, writers.registry, viewers.registry):
        for name, error in registry.broken():
            remedy = "Install what it lacks, or uninstall the package that declares it."
            findings.error(f"plug-in {name} ({registry.group})", error.cause, remedy)


def _extras() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for requirement, extra in _requirements():
        if extra is not None and extra not in UNSEEN:
            missing = () if _version(requirement.name) else (requirement.name,)
            found[extra] = (*found.get(extra, ()), *missing)
    return found


def _codecs(findings: Findings) -> dict[str, bool]:
    try:
        import imagecodecs
    except ImportError as error:
        findings.error("imagecodecs", f"cannot be imported: {error}", "pip install --force-reinstall imagecodecs")
        return {}
    return {name: bool(getattr(getattr(imagecodecs, name.upper(), None), "available", False)) for name in CODECS}


def _limits() -> dict[str, int | None]:
    return {
        "threads": settings.current().threads,
        "memory": settings.memory_limit(),
        "tiles": settings.current().cache_bytes,
        "open_files": HANDLES.capacity,
    }


def _cache(findings: Findings) -> dict[str, Any]:
    folder = settings.current().cache_dir
    home = next((parent for parent in (folder, *folder.parents) if parent.exists()), Path(folder.anchor))
    if not os.access(home, os.W_OK):
        findings.warning(str(folder), "cannot be written", "Name another: OMIO_CACHE_DIR, or omio.config(cache_dir=).")
    copies = list(entries(folder))
    return {"folder": str(folder), "copies": len(copies), "nbytes": sum(copy.nbytes for copy in copies)}
