"""The five entities of XML. The standard library's ``xml.sax.saxutils`` would import an HTTP client along with them."""

from __future__ import annotations

_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_ATTRIBUTE = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
_MEANING = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


def escape(text: str) -> str:
    """Return character data.

    >>> escape("a < b & c")
    'a &lt; b &amp; c'
    """
    return text.translate(_IN_TEXT)


def quoteattr(text: str) -> str:
    r"""Return an attribute's value in quotes.

    >>> print(quoteattr('5" & more\n'))
    "5&quot; &amp; more&#10;"
    """
    return f'"{text.translate(_IN_ATTRIBUTE)}"'


def unescape(text: str) -> str:
    """Return what character data means; ``&amp;`` last, so that nothing is read twice.

    >>> unescape("&amp;lt; &lt; &apos;")
    "&lt; < '"
    """
    for entity, meaning in _MEANING.items():
        text = text.replace(entity, meaning)
    return text
