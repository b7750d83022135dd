"""AVIF: boxes that fill the file exactly; the primary item's `ispe` has the size (ISO 14496-12, ISO 23008-12)."""

import struct
from collections.abc import Iterator
from typing import Final

from server.formats.picture import need

_BRANDS: Final = (b"avif", b"avis")
_Box = tuple[bytes, bytes]


def is_avif(data: bytes) -> bool:
    """Whether it begins with a file type box that names AVIF."""
    if data[4:8] != b"ftyp":
        return False
    size = int.from_bytes(data[:4], "big")
    brands = [data[8:12], *(data[start : start + 4] for start in range(16, min(size, len(data)), 4))]
    return any(brand in _BRANDS for brand in brands)


def walk(data: bytes) -> tuple[int, int]:
    """Return width and height of the primary item in pixels, before any rotation."""
    top = list(_boxes(data))
    need(any(kind in (b"mdat", b"moov") for kind, _ in top), "no image data")
    meta = list(_boxes(_only(top, b"meta")[4:]))
    properties = list(_boxes(_only(meta, b"iprp")))
    sizes = [body if kind == b"ispe" else b"" for kind, body in _boxes(_only(properties, b"ipco"))]
    for index in _associated(_only(properties, b"ipma"), _primary(_only(meta, b"pitm"))):
        if 0 < index <= len(sizes) and sizes[index - 1]:
            width, height = struct.unpack_from(">4xII", sizes[index - 1])
            return width, height
    return 0, 0


def _boxes(data: bytes) -> Iterator[_Box]:
    position = 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, position + 8)
            header = 16
        need(header <= size <= len(data) - position, "a box that does not fit")
        yield kind, data[position + header : position + size]
        position += size


def _only(boxes: list[_Box], wanted: bytes) -> bytes:
    found = [body for kind, body in boxes if kind == wanted]
    need(len(found) == 1, f"not one box {wanted.decode()}")
    return found[0]


def _primary(pitm: bytes) -> int:
    return int(struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)[0])


def _associated(ipma: bytes, item: int) -> list[int]:
    """Return the numbers of the properties, from 1, that belong to an item."""
    version, wide = ipma[0], ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    position = 8
    for _ in range(count):
        (current,) = struct.unpack_from(">I" if version else ">H", ipma, position)
        position += 4 if version else 2
        number, position = ipma[position], position + 1
        if current == item:
            found = struct.unpack_from(f">{number}{'H' if wide else 'B'}", ipma, position)
            return [index & (0x7FFF if wide else 0x7F) for index in found]
        position += number * (2 if wide else 1)
    return []
