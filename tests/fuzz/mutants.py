"""Mutants of files: bits flipped, and structures of each format told otherwise. The same number gives the same one."""

from __future__ import annotations

import json
import random
import re
import struct
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tests.fuzz.seeds import Seed, seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Change = Callable[[random.Random, bytes], bytes]

NUMBERS = (0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 255, 256, 32767, 32768, 65535, 1 << 24, (1 << 31) - 1, 1 << 31, -1, -2)
HUGE = (1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
TEXTS = (
    *("", " ", "0", "-1", "1", "2", "3", "7", "65536", "2147483648", "99999999999999999999", "1e400", "1e-400", "-0.5"),
    *("nan", "NaN", "inf", "-inf", "1e308", "0x10", "1_000", "true", "null", "None", "é", "\u0000", "٣", "%s", "{}"),
    *(
        "../secret.tif",
        "/etc/passwd",
        "file:///etc/passwd",
        ".",
        "..",
        "a/b",
        "http://127.0.0.1:9/",
        "\ud7ff",
        "x" * 300,
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, [], {}, [[]], [{}], {"a": 1}, [None], 0.5, -0.5, 1e308, 1e400, float("nan")),
    *NUMBERS,
    *HUGE,
    *TEXTS,
    [1] * 40,
    10**400,
)


def mutant(family: str, number: int) -> Seed:
    """Return the mutant of a number: one of the family's seeds, with one file changed once to three times."""
    found = seeds(family)
    seed = found[number % len(found)]
    chance = random.Random(f"{family} {number}")  # noqa: S311 - the same in every run
    name = chance.choice(sorted(seed.files))
    files = dict(seed.files)
    for _ in range(chance.choice((1, 1, 2, 3))):
        if files.get(name):
            files[name] = change(chance, name, files[name])
    if chance.random() < 0.02:
        del files[name]
    return replace(seed, files=files)


def change(chance: random.Random, name: str, content: bytes) -> bytes:
    """Change a file once, in a way that its format suggests or in any way."""
    fitting = CHANGES.get(PurePosixPath(name).suffix or PurePosixPath(name).name, ())
    return chance.choice((*fitting, *fitting, *ANYWHERE))(chance, content)


def bits(chance: random.Random, content: bytes) -> bytes:
    """Flip one to eight bits, often in the first kilobyte."""
    found = bytearray(content)
    limit = min(len(found), chance.choice((64, 1024, len(found))))
    for _ in range(chance.randint(1, 8)):
        found[chance.randrange(limit)] ^= 1 << chance.randrange(8)
    return bytes(found)


def overwritten(chance: random.Random, content: bytes) -> bytes:
    """Put a number that means trouble anywhere."""
    return put(content, chance.randrange(len(content)), packed(chance, chance.choice("<>"), len(content)))


def packed(chance: random.Random, order: str, size: int) -> bytes:
    """Return a number that means trouble, in one to eight bytes."""
    kind, width = chance.choice((("B", 8), ("H", 16), ("I", 32), ("I", 32), ("Q", 64)))
    value = chance.choice((*NUMBERS, *HUGE, size, size - 1, size + 1, chance.randrange(size)))
    return struct.pack(f"{order}{kind}", value % (1 << width))


def put(content: bytes, place: int, part: bytes) -> bytes:
    """Overwrite without moving what follows."""
    return (content[:place] + part + content[place + len(part) :])[: len(content)]


def cut(chance: random.Random, content: bytes) -> bytes:
    """End early."""
    return content[: chance.choice((0, 1, 8, chance.randrange(len(content)), len(content) - 1))]


def spliced(chance: random.Random, content: bytes) -> bytes:
    """Drop, repeat or clear a piece."""
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    end = min(end, start + 512)
    piece = content[start:end]
    return content[:start] + chance.choice((b"", piece * 2, bytes(len(piece)), piece[::-1])) + content[end:]


def tag(chance: random.Random, content: bytes) -> bytes:
    """Tell one tag of a TIFF otherwise: code, type, count, value, or where the next IFD lies."""
    found = entries(content)
    if not found:
        return bits(chance, content)
    order, big, place = chance.choice(found)
    wide = "Q" if big else "I"
    fields = {0: "H", 2: "H", 4: wide, (12 if big else 8): wide}
    at = chance.choice((*fields, 4, 12 if big else 8))
    width = struct.calcsize(fields[at]) * 8
    value = chance.choice((*NUMBERS, *HUGE, len(content), chance.randrange(len(content)), place, *CODES))
    return put(content, place + at, struct.pack(order + fields[at], value % (1 << width)))


CODES = (254, *range(256, 260), 262, 270, 273, *range(277, 280), 284, 317, *range(322, 326), 330, 338, 339, 34412)


def entries(content: bytes) -> list[tuple[str, bool, int]]:
    """Return byte order, width and place of each tag, and of what follows the tags of an IFD, along the chain."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None or len(content) < 16:
        return []
    big = content[2:4] in (b"\x2b\0", b"\0\x2b")
    (place,) = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)
    found: list[tuple[str, bool, int]] = []
    seen = set()
    while 0 < place < len(content) - 16 and place not in seen:
        seen.add(place)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), content, place)
        start, size = place + (8 if big else 2), 20 if big else 12
        following = start + min(count, 200) * size
        found += [(order, big, at) for at in range(start, following, size) if at + size <= len(content)]
        if following + 8 > len(content):
            break
        (place,) = struct.unpack_from(order + ("Q" if big else "I"), content, following)
    return found


ATTRIBUTE = re.compile(rb'(?<==")[^"<>]*(?=")|(?<=>)[^<>\n]+(?=<)')
MARKUP = re.compile(rb"<[^<>]{1,200}>")
SETTING = re.compile(rb"(?<==)[^=\n\"<>]+(?=\n)")


def text_in_place(chance: random.Random, content: bytes) -> bytes:
    """Tell a value of a text within a binary file otherwise, in the same room."""
    found = [*ATTRIBUTE.finditer(content), *SETTING.finditer(content)]
    if not found:
        return bits(chance, content)
    match = chance.choice(found)
    room = match.end() - match.start()
    return put(content, match.start(), chance.choice(TEXTS).encode("utf-8", "replace")[:room].ljust(room))


def text(chance: random.Random, content: bytes) -> bytes:
    """Tell a value of a text otherwise, or drop or repeat an element."""
    found = [*ATTRIBUTE.finditer(content), *MARKUP.finditer(content), *SETTING.finditer(content)]
    if not found:
        return bits(chance, content)
    match = chance.choice(found)
    told = chance.choice(TEXTS).encode("utf-8", "replace")
    if match[0].startswith(b"<"):
        told = chance.choice((b"", match[0] * 2, b"<a>", b"</a>", b"&x;"))
    return content[: match.start()] + told + content[match.end() :]


def segment(chance: random.Random, content: bytes) -> bytes:
    """Tell a field of a CZI segment otherwise: sizes of the segment, or what its first half kilobyte holds."""
    places = [match.start() for match in re.finditer(b"ZISRAW", content)]
    if not places:
        return bits(chance, content)
    place = chance.choice(places)
    at = chance.choice((16, 24, *range(32, 72, 4), *range(32, 512, 2)))
    if place + at >= len(content):
        return bits(chance, content)
    return put(content, place + at, packed(chance, "<", len(content)))


def node(chance: random.Random, content: bytes) -> bytes:
    """Tell a value of a JSON document otherwise, drop it, or hang something beside it."""
    try:
        document = json.loads(content)
    except ValueError:
        return text(chance, content)
    places = list(nodes(document))
    if not places:
        return bits(chance, content)
    holder, key = chance.choice(places)
    act = chance.random()
    if act < 0.2:
        del holder[key]
    elif act < 0.3 and isinstance(holder, list):
        holder.append(chance.choice((*VALUES, holder[key])))
    elif act < 0.32:
        holder[key] = json.loads("[" * 900 + "]" * 900)
    else:
        holder[key] = chance.choice(VALUES)
    return json.dumps(document).encode("utf-8", "replace")


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each holder with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from nodes(value[key])


def setting(chance: random.Random, content: bytes) -> bytes:
    """Tell a line of a YAML file otherwise."""
    lines = content.splitlines()
    if not lines:
        return content
    at = chance.randrange(len(lines))
    name = lines[at].partition(b":")[0]
    told = chance.choice((*TEXTS, "[1", "{a: 1}", "&a [*a]", "!!python/name:os.system", ".nan", "1:30", "2020-01-01"))
    lines[at] = chance.choice((b"%s: %s" % (name, told.encode("utf-8", "replace")), b"", lines[at] * 2))
    return b"\n".join(lines)


ANYWHERE: tuple[Change, ...] = (bits, bits, overwritten, cut, spliced)
TIFF: tuple[Change, ...] = (tag, tag, tag, text_in_place)
CHANGES: dict[str, tuple[Change, ...]] = {
    **dict.fromkeys((".tif", ".lsm", ".stk", ".svs"), TIFF),
    ".czi": (segment, segment, segment, text_in_place),
    ".index": (text_in_place,),
    ".xml": (text, text),
    **dict.fromkeys((".json", ".zarray", ".zgroup", ".zattrs"), (node, node, node)),
    ".yaml": (setting, setting),
    ".ozx": (text_in_place,),
}
