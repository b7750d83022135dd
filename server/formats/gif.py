"""GIF: blocks from the screen descriptor to the trailer, nothing after (GIF89a, section 17 to 27)."""

import struct
from typing import Final

from server.formats.picture import Broken, need

SIGNATURES: Final = (b"GIF87a", b"GIF89a")
_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_SCREEN_SIZE, _IMAGE_SIZE, _LABEL_SIZE = 13, 10, 2  # bytes, with what introduces them


def walk(data: bytes) -> tuple[int, int]:
    """Return width and height of the screen in pixels."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = _SCREEN_SIZE + _colours(flags)
    images = 0
    while (kind := data[position]) != _TRAILER:
        if kind == _IMAGE:
            images += 1
            position += _IMAGE_SIZE + _colours(data[position + 9]) + 1  # one byte: the smallest code
        elif kind == _EXTENSION:
            position += _LABEL_SIZE
        else:
            raise Broken("an unknown block")
        position = _after_blocks(data, position)
    need(images > 0, "no image data")
    need(position + 1 == len(data), "something follows its end")
    return width, height


def _colours(flags: int) -> int:
    """Return the bytes of the colour table that the flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while length := data[position]:
        position += 1 + length
    return position + 1
