"""`Pen`: writes elements as text and keeps book of what XML cannot hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_IN_TEXT = str.maketrans(_ESCAPES)
_IN_ATTRIBUTE = str.maketrans(_ESCAPES | {'"': "&quot;", "\n": " ", "\t": " ", "\r": " "})


class Pen:
    """Escapes text; characters that XML forbids are left out and told in ``lost``.

    There are no numeric character references, since Bio-Formats does not read them: white space is written as XML
    keeps it (`keeps_text`, `keeps_attribute`), and what that changes belongs into the native annotation as well.

    Attributes
    ----------
    lost
        One line for each text that had such characters.
    """

    def __init__(self) -> None:
        self.lost: list[str] = []

    def text(self, value: str, fact: str) -> str:
        """Return the content of an element."""
        return self._allowed(value, fact).replace("\r\n", "\n").replace("\r", "\n").translate(_IN_TEXT)

    def attribute(self, value: str, fact: str) -> str:
        """Return the value of an attribute, without quotes."""
        return self._allowed(value, fact).translate(_IN_ATTRIBUTE)

    def _allowed(self, value: str, fact: str) -> str:
        kept = _FORBIDDEN.sub("", value)
        if kept != value:
            self.lost.append(f"{fact}: characters that XML cannot hold")
        return kept


def keeps_text(text: str) -> bool:
    """Whether an element gives back a text as it is."""
    return _FORBIDDEN.search(text) is None and "\r" not in text and text == text.strip()


def keeps_attribute(text: str) -> bool:
    """Whether an attribute gives back a text as it is."""
    return _FORBIDDEN.search(text) is None and not any(sign in text for sign in "\t\n\r")


def element(name: str, attributes: Mapping[str, str | None], *content: str) -> str:
    """Return an element of escaped attributes (None is left out) and content."""
    given = "".join(f' {key}="{value}"' for key, value in attributes.items() if value is not None)
    inside = "".join(content)
    return f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"
