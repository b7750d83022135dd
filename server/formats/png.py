"""PNG: chunks with checksums from IHDR to IEND, nothing after (W3C PNG, section 5)."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from server.formats.picture import need

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # bits by colour type
_IHDR_SIZE: Final = 13  # bytes


def walk(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels."""
    chunks = list(_chunks(data))
    kinds = [kind for kind, _ in chunks]
    need(kinds[:1] == [b"IHDR"] and kinds.count(b"IHDR") == 1, "IHDR is not first")
    need(b"IDAT" in kinds, "no image data")
    header = chunks[0][1]
    need(len(header) == _IHDR_SIZE, "IHDR has a wrong length")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", header)
    need(depth in _DEPTHS.get(colour, ()), "unknown colour type")
    need((compression, filtering) == (0, 0) and interlace in (0, 1), "unknown method")
    return width, height


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, position, kind = memoryview(data), len(SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        (checksum,) = struct.unpack_from(">I", data, end)
        need(kind.isalpha(), "a chunk without a name")
        need(zlib.crc32(view[position + 4 : end]) == checksum, "a wrong checksum")
        yield kind, view[position + 8 : end]
        position = end + 4
    need(position == len(data), "something follows its end")
