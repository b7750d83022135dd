"""WebP: RIFF chunks that fill the file exactly (RFC 9649)."""

import struct
from collections.abc import Iterator

from server.formats.picture import Broken, need


def walk(data: bytes) -> tuple[int, int]:
    """Return width and height of the canvas in pixels."""
    chunks = list(_chunks(data))
    need(bool(chunks), "no image data")
    kind, first = chunks[0]
    if kind in (b"VP8 ", b"VP8L"):
        return _frame(kind, first)
    need(kind == b"VP8X", "an unknown first chunk")
    width, height = _three_bytes(first, 4) + 1, _three_bytes(first, 7) + 1
    frames = [_frame(kind, chunk) for kind, chunk in chunks if kind in (b"VP8 ", b"VP8L")]
    need(bool(frames) or any(kind == b"ANMF" for kind, _ in chunks), "no image data")
    need(all(frame == (width, height) for frame in frames), "its frame has another size than its canvas")
    return width, height


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (size,) = struct.unpack_from("<I", data, 4)
    need(size + 8 == len(data), "its length is not the one it states")
    position = 12
    while position < len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        yield kind, data[position + 8 : position + 8 + min(length, 16)]  # more than 16 bytes nobody looks at
        position += 8 + length + length % 2
    need(position == len(data), "cut short")


def _frame(kind: bytes, chunk: bytes) -> tuple[int, int]:
    if kind == b"VP8L":
        signature, bits = struct.unpack_from("<BI", chunk)
        need(signature == 0x2F, "a lossless frame without its signature")  # noqa: PLR2004
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    tag, start, width, height = struct.unpack_from("<B2x3sHH", chunk)
    if tag & 1 or start != b"\x9d\x01\x2a":
        raise Broken("a frame without its start code")
    return width & 0x3FFF, height & 0x3FFF


def _three_bytes(chunk: bytes, position: int) -> int:
    low, high = struct.unpack_from("<HB", chunk, position)
    return int(low + (high << 16))
