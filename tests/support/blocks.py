"""Code blocks of Markdown pages, and how each kind is run.

    ```python        executed; one namespace a page
    ```python file=NAME   written to that file
    ```python napari  compiled; executed where napari is, by `tests/viewing/test_napari.py`
    ```python theirs: WHY   compiled: code for another library, and why it is not executed here
    ```pycon         executed as a doctest in the same namespace; `...` stands for any text
    ```console run   each `$ command` is run; the lines below it must be what it prints; `...` stands for any text
    ```sh ci         each command must be one that `.ci/run` takes from the README
    ```toml          must parse
    ```text          shown only: drawings and output

Any other block fails.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)```[ \t]*$", re.MULTILINE | re.DOTALL
)

type Namespace = dict[str, Any]


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    mark: str
    body: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(text: str, page: str) -> Iterator[Block]:
    for match in FENCE.finditer(text):
        indent = match["indent"]
        body = "".join(line.removeprefix(indent) for line in match["body"].splitlines(keepends=True))
        yield Block(page, text.count("\n", 0, match.start()) + 1, match["info"].strip(), body)


def run(block: Block, namespace: Namespace) -> None:
    kind, _, file = block.mark.partition(" file=")
    if kind == "python" and file:
        Path(file).write_text(block.body, encoding="utf-8")
        return
    if re.fullmatch(r"python theirs: .*\w.*", block.mark):
        compile_python(block, namespace)
        return
    if block.mark not in RUNNERS:
        raise AssertionError(f"{block.place}: the block is marked {block.mark!r}, which says not how to check it")
    RUNNERS[block.mark](block, namespace)


def run_python(block: Block, namespace: Namespace) -> None:
    lines = "\n" * block.line  # so that a traceback names the line of the page
    exec(compile(lines + block.body, block.page, "exec"), namespace)  # noqa: S102


def compile_python(block: Block, _: Namespace) -> None:
    compile(block.body, block.page, "exec")


def run_doctest(block: Block, namespace: Namespace) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(block.body, namespace, block.place, block.page, block.line)
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    report: list[str] = []
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    assert not runner.failures, f"{block.place}\n{''.join(report)}"


def run_console(block: Block, _: Namespace) -> None:
    commands = re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]
    assert commands, f"{block.place}: no line begins with `$ `"
    for entry in commands:
        command, expected = (*entry.split("\n", 1), "")[:2]
        result = shell(command)
        assert result.returncode == 0, f"{block.place}: {command}\n{result.stderr}"
        if expected.strip():
            assert matches(expected, result.stdout), f"{block.place}: {command}\nprinted\n{result.stdout}"


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a line with this environment's commands first in PATH; what else is installed adds nothing to pytest."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = {**os.environ, "PATH": path, "COLUMNS": "100", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(  # noqa: S602
        command, shell=True, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )


def matches(expected: str, printed: str) -> bool:
    """Whether the output is as shown, runs of blanks apart."""
    wanted = (re.escape(part) for part in " ".join(expected.split()).split("..."))
    return re.fullmatch(".*?".join(wanted), " ".join(printed.split()), re.DOTALL) is not None


def run_by_ci(block: Block, _: Namespace) -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in block.body.splitlines():
        assert f"readme_command '{command.rsplit(' && ', 1)[-1]}'" in script, f"{block.place}: .ci/run has no {command}"


def parse_toml(block: Block, _: Namespace) -> None:
    tomllib.loads(block.body)


def show(block: Block, _: Namespace) -> None:
    assert block.body.strip(), f"{block.place}: empty"


RUNNERS: dict[str, Callable[[Block, Namespace], None]] = {
    "python": run_python,
    "python napari": compile_python,
    "pycon": run_doctest,
    "console run": run_console,
    "sh ci": run_by_ci,
    "toml": parse_toml,
    "text": show,
}
