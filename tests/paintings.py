"""Whole pictures of one grey that every decoder can show: PNG, JPEG and WebP, of any size, made by code."""

import struct
import zlib

Painting = tuple[str, bytes]  # content type and bytes


def png(width: int, height: int, grey: int, padding: int = 0) -> Painting:
    """A PNG; `padding` bytes in a chunk that decoders skip make it as large as a test needs."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([grey]) * width) * height, 1)
    chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", rows), _chunk(b"IEND", b"")]
    if padding:
        chunks.insert(1, _chunk(b"fiLl", bytes(padding)))
    return "image/png", b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def jpeg(width: int, height: int, grey: int) -> Painting:
    """A baseline JPEG: the first block has the difference to mid-grey, every other one none."""
    level = 8 * (grey - 128)  # of the DC coefficient, where all quantisers are 1
    size = abs(level).bit_length()
    value = level if level > 0 else level + (1 << size) - 1
    blocks = -(-width // 8) * -(-height // 8)
    bits = "10" + (f"{value:0{size}b}" if size else "") + "0" + "00" * (blocks - 1)
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    codes = bytes([1, 1]) + bytes(14)  # one code of one bit, one of two
    segments = [
        (0xDB, b"\0" + b"\x01" * 64),
        (0xC0, struct.pack(">BHHB3B", 8, height, width, 1, 1, 0x11, 0)),
        (0xC4, b"\x00" + codes + bytes([0, size or 1])),
        (0xC4, b"\x10" + codes + bytes([0, 1])),
        (0xDA, bytes([1, 1, 0, 0, 63, 0])),
    ]
    head = b"".join(struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body for kind, body in segments)
    return "image/jpeg", b"\xff\xd8" + head + scan + b"\xff\xd9"


def webp(width: int, height: int, grey: int) -> Painting:
    """A lossless WebP whose five codes have one symbol each, so that a pixel takes no bits at all."""
    fields = [(width - 1, 14), (height - 1, 14), (0, 1), (0, 3), (0, 3)]
    for symbol in (grey, grey, grey, 255):  # green, red, blue, alpha
        fields += [(0b101, 3), (symbol, 8)]
    fields += [(0b001, 3), (0, 1)]  # distance
    value = position = 0
    for number, length in fields:
        value |= number << position
        position += length
    body = b"\x2f" + value.to_bytes(-(-position // 8), "little")
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return "image/webp", b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
