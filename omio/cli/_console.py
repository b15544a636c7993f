"""What all commands share: streams, colour, warnings, errors and exit codes."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from omio.errors import OmioError, composed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import TracebackType

INTERRUPTED = 130
FAILED = 1
_BOLD, _DIM, _RED, _YELLOW, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
_SEVERITY = {"whole": _BOLD, "warning": _YELLOW, "damaged": _YELLOW, "error": _RED, "unreadable": _RED}
_BAR = 20
"""Columns of a progress bar."""
_NOT_OPTIONS = ("json", "quiet", "verbose", "command", "action", "paths", "path", "files", "sources")
_OPTIONS: ContextVar[Collection[str]] = ContextVar("_OPTIONS", default=())
"""Names of the options of the command that runs; none where omio was not called by one."""


def guarded(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; turn errors into one line on stderr and an exit code."""
    with warnings.catch_warnings(), speaking_of(vars(options)):
        warnings.simplefilter("ignore" if options.quiet else "default")
        warnings.showwarning = _show_warning
        try:
            code = run(options)
            sys.stdout.flush()
        except BrokenPipeError:
            _abandon(sys.stdout)
            return FAILED
        except KeyboardInterrupt:
            return INTERRUPTED
        except (OmioError, OSError, MemoryError) as error:
            fail(error, traces=options.verbose > 1)
            return FAILED
    return code


@contextmanager
def speaking_of(options: Collection[str]) -> Iterator[None]:
    """Spell errors and warnings inside the ``with`` block for a command that has these options."""
    token = _OPTIONS.set(frozenset(options).difference(_NOT_OPTIONS))
    try:
        yield
    finally:
        _OPTIONS.reset(token)


def alone(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command in a process that is this command and nothing else."""
    try:
        try:
            _own_process(options)
            return guarded(run, options)
        finally:
            _end_quietly()
    except KeyboardInterrupt:  # before or after the work, also while the signals' handlers are set
        return INTERRUPTED


def _end_quietly() -> None:
    """Nothing is left to clean up: let a signal end the process as it would any other."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is signal.default_int_handler:
            signal.signal(number, signal.SIG_DFL)


def _own_process(options: argparse.Namespace) -> None:
    """Set up streams, signals, logging and unforeseen errors."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is half written goes, as after Ctrl-C
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that the terminal cannot show must not stop the work
            stream.reconfigure(errors="backslashreplace")
    if options.verbose:
        logging.basicConfig(
            level=logging.INFO if options.verbose < 2 else logging.DEBUG, format="%(name)s: %(message)s"
        )
    else:
        logging.lastResort = None
    if options.verbose < 2:
        sys.excepthook = _unexpected


def _unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of an error that omio did not foresee, in one line."""
    text = "".join(traceback.format_exception_only(kind, error)).strip()
    sys.stderr.write(f"omio: unexpected {text} (please report it; -vv shows where)\n")


def _abandon(stream: TextIO) -> None:
    """Whoever read the output has gone: let the interpreter flush into nothing at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    from omio.cli._spelling import told

    note(f"{severity('warning', sys.stderr)}: {told(str(message), _OPTIONS.get())}")


def fail(error: BaseException, *, traces: bool = False) -> None:
    """Say on stderr what went wrong."""
    if traces:
        traceback.print_exception(error)
    problem(describe(error))


def problem(text: str) -> None:
    """Write an error to stderr."""
    note(f"{severity('error', sys.stderr)}: {text}")


def describe(error: BaseException) -> str:
    """Return the error in one line: file, place, cause, remedy; what the command has an option for is named so."""
    if isinstance(error, OmioError):
        from omio.cli._spelling import advised, told

        options = _OPTIONS.get()
        text = composed(error.path, error.place, told(error.cause, options), advised(error.remedy, options))
    elif isinstance(error, OSError) and error.strerror:
        text = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


def note(text: str) -> None:
    """Write a line about the work to stderr."""
    sys.stderr.write(f"omio: {text}\n")


def out(text: str = "") -> None:
    """Write a line of the result to stdout."""
    sys.stdout.write(text + "\n")


def to_json(result: Mapping[str, Any]) -> str:
    """Write a result as one line of JSON."""
    import json

    return json.dumps(result, default=str)


def has_color(stream: TextIO) -> bool:
    """Whether to colour: NO_COLOR forbids, FORCE_COLOR demands, else a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def style(text: str, code: str, stream: TextIO) -> str:
    """Colour text for a stream that takes it."""
    return f"{code}{text}{_PLAIN}" if has_color(stream) else text


def severity(word: str, stream: TextIO) -> str:
    """Colour a word that says how bad it is."""
    return style(word, _SEVERITY[word], stream)


def bold(text: str) -> str:
    """Emphasise text on stdout."""
    return style(text, _BOLD, sys.stdout)


def dim(text: str) -> str:
    """Tone text down on stdout."""
    return style(text, _DIM, sys.stdout)


def width(stream: TextIO) -> int | None:
    """Columns as COLUMNS says, else those of the terminal; None where the stream is no terminal."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else None


def bar(fraction: float, text: str) -> str:
    """Draw how much is done before a text.

    >>> bar(0.5, "cells.czi")
    '[##########----------]  50% cells.czi'
    """
    done = int(fraction * _BAR)
    return f"[{'#' * done}{'-' * (_BAR - done)}] {fraction:4.0%} {text}"


def progress(text: str, *, quiet: bool = False) -> None:
    """Show a passing line on stderr, on a terminal only; empty text wipes it."""
    if not quiet and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text[: (width(sys.stderr) or 80) - 1]}")
        sys.stderr.flush()
