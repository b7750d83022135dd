"""JPEG: markers from SOI to EOI, entropy-coded data skipped, nothing after (ITU T.81, annex B)."""

import re
import struct
from typing import Final

from server.formats.picture import Broken, need

SIGNATURE: Final = b"\xff\xd8\xff"
_FRAMES: Final = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what browsers decode
_OTHER_FRAMES: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
_FIRST, _SCAN, _END = 0xC0, 0xDA, 0xD9
_LENGTH_SIZE: Final = 2  # bytes; a segment's length counts itself
_NEXT_MARKER: Final = re.compile(rb"\xff+([^\xff\x00\xd0-\xd7])")  # a stuffed zero and a restart belong to the scan


def walk(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels."""
    size: tuple[int, int] | None = None
    marker, position = _marker(data, 2)
    scans = 0
    while marker != _END:
        (length,) = struct.unpack_from(">H", data, position)
        need(marker >= _FIRST and marker not in _OTHER_FRAMES and length >= _LENGTH_SIZE, f"a marker {marker:02X}")
        if marker in _FRAMES:
            need(size is None, "two frames")
            height, width = struct.unpack_from(">xxxHH", data, position)
            size = width, height
        position += length
        if marker == _SCAN:
            need(size is not None, "a scan before its frame")
            scans += 1
            position = _after_scan(data, position)
        marker, position = _marker(data, position)
    need(scans > 0, "no image data")
    need(position == len(data), "something follows its end")
    return size or (0, 0)


def _marker(data: bytes, position: int) -> tuple[int, int]:
    """Return the marker at a position, and the position behind it; fill bytes may come first."""
    need(data[position] == 0xFF, "no marker where one has to be")  # noqa: PLR2004
    while data[position] == 0xFF:  # noqa: PLR2004
        position += 1
    return data[position], position + 1


def _after_scan(data: bytes, position: int) -> int:
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise Broken("cut short")
    return found.start()
