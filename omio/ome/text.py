"""An OME-XML document as bytes, made harmless: UTF-8, no comments, no instructions, no document type.

What is not markup proper is taken out before any parser sees it, so that elements can be found by their text alone
and no entity is ever declared, let alone expanded.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ONE_BYTE = re.compile(r"(iso-?8859-?\d+|latin-?1|(windows-|cp)125\d)", re.IGNORECASE)

_COMMENT = rb"<!--.*?-->"
_INSTRUCTION = rb"<\?.*?\?>"
_CDATA = rb"<!\[CDATA\[(?P<cdata>.*?)\]\]>"
_QUOTED = rb"""(?:"[^"]*+"|'[^']*+')"""
_DOCTYPE = (
    rb"(?P<doctype><!DOCTYPE(?:[^\[>\"']|" + _QUOTED + rb")*+"
    rb"(?:\[(?:[^\]\"'<]|" + _QUOTED + rb"|" + _COMMENT + rb"|<)*+\]\s*+)?>)"
)
_SPECIAL = re.compile(b"|".join((_COMMENT, _INSTRUCTION, _CDATA, _DOCTYPE)), re.DOTALL)
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_CONTROL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)


def clean(data: bytes, path: str | None, problems: list[str]) -> tuple[bytes, str]:
    """Return the document without comments, instructions and document type, and the encoding it claims.

    CDATA becomes escaped text. UTF-16 becomes UTF-8; all other encodings agree with ASCII, so markup is markup in any
    of them. Entities that a document type declares are left as literal text, never expanded, which is told in
    `problems`.

    Raises
    ------
    DamagedFileError
        For a comment, section or document type that does not end.
    """
    declared = _DECLARED.match(data[:400])
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    mark = next((mark for mark in _BOMS if data.startswith(mark)), b"")
    if mark:
        data, encoding = data[len(mark) :], "utf-8"
        data = data if mark == codecs.BOM_UTF8 else data.decode(_BOMS[mark], "replace").encode()
    return _without_specials(data.rstrip(b"\0 \t\r\n"), path, problems), encoding


def to_utf8(data: bytes, encoding: str, problems: list[str]) -> bytes:
    """Return text in UTF-8; bytes that are none are read as Latin-1, which is told in `problems`."""
    if data.isascii():
        return data
    try:
        if _ONE_BYTE.fullmatch(encoding):
            return data.decode(encoding).encode()
        data.decode("utf-8")
    except (UnicodeDecodeError, LookupError):
        problems.append("has bytes that are not UTF-8, which were read as Latin-1")
        return decoded(data).encode()
    return data


def decoded(data: bytes) -> str:
    """Decode UTF-8, and as Latin-1 what is none."""
    return data.decode("utf-8", "omio-latin1")


def _as_latin1(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("omio-latin1", _as_latin1)


def repaired(data: bytes) -> bytes:
    """Return a document that a parser refused without the characters that XML forbids and with bare ``&`` escaped."""
    return _BARE_AMPERSAND.sub(b"&amp;", _CONTROL.sub(b"", data))


def _without_specials(data: bytes, path: str | None, problems: list[str]) -> bytes:
    pieces: list[bytes] = []
    position, had_doctype = 0, False
    for start in _special_starts(data):
        if start < position:
            continue
        found = _SPECIAL.match(data, start)
        if found is None:
            raise DamagedFileError("a comment, CDATA section or document type does not end", path=path, place="OME-XML")
        pieces.append(data[position:start])
        if found["cdata"]:
            pieces.append(found["cdata"].replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;"))
        had_doctype = had_doctype or found["doctype"] is not None
        position = found.end()
    if not position:
        return data
    pieces = [piece for piece in (*pieces, data[position:]) if piece]
    plain = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if had_doctype:
        problems.append("declares a document type, which was ignored; entities are left as they stand")
        plain = _BARE_AMPERSAND.sub(b"&amp;", plain)
    return plain


def _special_starts(data: bytes) -> list[int]:
    # "!" and "?" are rare in XML and single bytes are found at memory speed; "<" stands before every element
    return sorted([*_after_angle(data, b"!"), *_after_angle(data, b"?")])


def _after_angle(data: bytes, sign: bytes) -> Iterator[int]:
    position = data.find(sign)
    while position >= 0:
        if data[position - 1 : position] == b"<":
            yield position - 1
        position = data.find(sign, position + 1)
