"""Small images of every accepted kind, made by code: whole in structure, as many pixels and bytes as a test needs."""

import struct
import zlib


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 2, height: int = 2, *, size: int | None = None, colour: int = 0) -> bytes:
    """A PNG of one grey; `size` fills it up to exactly so many bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes([colour]) * min(width, 64)) * min(height, 64))
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    if size is not None:
        parts.insert(2, chunk(b"fiLl", bytes(size - sum(map(len, parts)) - 12)))
    return b"".join(parts)


def jpeg(width: int = 2, height: int = 2) -> bytes:
    frame = struct.pack(">HBHHB3B", 11, 8, height, width, 1, 1, 0x11, 0)
    scan = struct.pack(">HB2B3B", 8, 1, 1, 0, 0, 63, 0) + b"\x12\xff\x00\x34\xff\xd0\x56"
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"\xff\xd9hi"
    return b"\xff\xd8" + comment + b"\xff\xc0" + frame + b"\xff\xda" + scan + b"\xff\xd9"


def gif(width: int = 2, height: int = 2) -> bytes:
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x80, 0, 0) + bytes(6)
    comment = b"\x21\xfe\x02hi\x00"
    return screen + comment + struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00\x3b"


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp(width: int = 2, height: int = 2) -> bytes:
    return riff((b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x07\x10\x11\x11"))


def webp_lossy(width: int = 2, height: int = 2) -> bytes:
    return riff((b"VP8 ", b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\x00"))


def webp_extended(width: int = 2, height: int = 2) -> bytes:
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x07"
    return riff((b"VP8X", canvas), (b"VP8L", frame), (b"EXIF", b"x"))


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def avif(width: int = 2, height: int = 2) -> bytes:
    sizes = box(b"ispe", bytes(4) + struct.pack(">II", 1, 1)) + box(
        b"ispe", bytes(4) + struct.pack(">II", width, height)
    )
    associations = bytes(4) + struct.pack(">I", 2) + struct.pack(">HBB", 7, 1, 1) + struct.pack(">HBB", 9, 1, 0x82)
    properties = box(b"iprp", box(b"ipco", sizes) + box(b"ipma", associations))
    meta = box(b"meta", bytes(4) + box(b"pitm", bytes(4) + struct.pack(">H", 9)) + properties)
    return box(b"ftyp", b"avif" + bytes(4) + b"mif1avif") + meta + box(b"mdat", b"pixels")


ALL = {"image/png": png, "image/jpeg": jpeg, "image/gif": gif, "image/webp": webp, "image/avif": avif}
