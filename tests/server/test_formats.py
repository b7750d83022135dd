"""Sniffing: every kind by its own structure, no damage unseen, no accident on any bytes."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import BadDimensions, DamagedImage, NotAnImage, Refusal
from server.formats import EXTENSIONS, Picture, inspect
from server.limits import IMAGE_FORMATS
from tests.server import pictures
from tests.server.pictures import ALL, box, chunk, png, riff

Make = Callable[..., bytes]
KINDS = pytest.mark.parametrize(("content_type", "make"), ALL.items(), ids=lambda value: str(value)[:12])
SAMPLES = [make() for make in (*ALL.values(), pictures.webp_lossy, pictures.webp_extended)]


@KINDS
def test_type_and_dimensions_come_from_the_bytes(content_type: str, make: Make) -> None:
    assert inspect(make(640, 480)) == Picture(content_type, 640, 480)


@pytest.mark.parametrize("make", [pictures.webp_lossy, pictures.webp_extended])
def test_every_kind_of_webp(make: Make) -> None:
    assert inspect(make(640, 480)) == Picture("image/webp", 640, 480)


def test_every_accepted_format_has_an_extension() -> None:
    assert tuple(EXTENSIONS) == IMAGE_FORMATS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\x89PNG",
        b"BM" + bytes(60),
        b"RIFF\x04\x00\x00\x00WAVE",
        box(b"ftyp", b"heic" + bytes(4) + b"mif1heic"),
    ],
)
def test_anything_else_is_not_an_image(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        inspect(data)


@KINDS
def test_cut_anywhere_is_never_whole(content_type: str, make: Make) -> None:
    data = make()
    for length in range(len(data)):
        with pytest.raises((DamagedImage, NotAnImage)):
            inspect(data[:length])


@pytest.mark.parametrize("data", SAMPLES)
def test_something_behind_the_end_is_damage(data: bytes) -> None:
    with pytest.raises(DamagedImage):
        inspect(data + b"<script>")


@KINDS
@pytest.mark.parametrize(("width", "height"), [(8192, 4882), (1, 1), (1, 8192)])
def test_dimensions_up_to_the_limit(content_type: str, make: Make, width: int, height: int) -> None:
    assert inspect(make(width, height))[1:] == (width, height)


@KINDS
@pytest.mark.parametrize(("width", "height"), [(8193, 1), (1, 8193), (8192, 4883)])
def test_dimensions_beyond_the_limit(content_type: str, make: Make, width: int, height: int) -> None:
    with pytest.raises(BadDimensions):
        inspect(make(width, height))


@pytest.mark.parametrize("data", [png(0, 5), png(5, 0), png(2**31, 2**31), pictures.jpeg(0, 1), pictures.gif(1, 0)])
def test_impossible_dimensions(data: bytes) -> None:
    with pytest.raises(BadDimensions):
        inspect(data)


def test_png_with_a_wrong_checksum() -> None:
    data = bytearray(png())
    data[-20] ^= 1
    with pytest.raises(DamagedImage, match="checksum"):
        inspect(bytes(data))


SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"IHDR", HEADER), chunk(b"IEND", b"")],
        [chunk(b"IDAT", b""), chunk(b"IHDR", HEADER), chunk(b"IEND", b"")],
        [chunk(b"IHDR", HEADER), chunk(b"IHDR", HEADER), chunk(b"IDAT", b""), chunk(b"IEND", b"")],
        [chunk(b"IHDR", HEADER[:-1]), chunk(b"IDAT", b""), chunk(b"IEND", b"")],
        [chunk(b"IHDR", HEADER[:8] + b"\7\0\0\0\0"), chunk(b"IDAT", b""), chunk(b"IEND", b"")],
        [chunk(b"IHDR", HEADER[:-1] + b"\7"), chunk(b"IDAT", b""), chunk(b"IEND", b"")],
        [chunk(b"IHDR", HEADER), chunk(b"ID\0T", b""), chunk(b"IEND", b"")],
    ],
)
def test_png_out_of_order(chunks: list[bytes]) -> None:
    with pytest.raises(DamagedImage):
        inspect(SIGNATURE + b"".join(chunks))


SOF = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
SOS = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x55"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        SOF,
        SOS,
        SOF + SOF + SOS,
        SOF + b"\x00" + SOS,
        SOF.replace(b"\xc0", b"\xc3") + SOS,
        b"\xff\xfe\x00\x01",
        b"\xff\x01\x00\x02" + SOF + SOS,
    ],
)
def test_jpeg_out_of_order(body: bytes) -> None:
    with pytest.raises(DamagedImage):
        inspect(b"\xff\xd8" + (body or b"\xff\xfe\x00\x02") + b"\xff\xd9")


@pytest.mark.parametrize(
    "data",
    [
        riff(),
        riff((b"EXIF", b"x")),
        riff((b"VP8 ", b"\x11\x00\x00\x9d\x01\x2a\x01\x00\x01\x00")),
        riff((b"VP8L", b"\x2e\0\0\0\0\0")),
        riff((b"VP8X", bytes(10))),
        riff((b"VP8X", bytes(10)), (b"VP8L", b"\x2f\x01\0\0\0\0")),
    ],
)
def test_webp_that_is_none(data: bytes) -> None:
    with pytest.raises(DamagedImage):
        inspect(data)


def test_gif_with_an_unknown_block() -> None:
    with pytest.raises(DamagedImage):
        inspect(pictures.gif()[:-1] + b"\x99\x3b")


def test_avif_without_a_size_or_a_primary_item() -> None:
    whole = pictures.avif()
    for part in (b"ispe", b"pitm", b"mdat", b"meta"):
        with pytest.raises((DamagedImage, BadDimensions)):
            inspect(whole.replace(part, b"free"))


def outcome(data: bytes) -> int:
    try:
        inspect(data)
    except Refusal as refusal:
        return refusal.status
    return 200


@given(st.binary(max_size=300), st.sampled_from([b"", *(sample[:12] for sample in SAMPLES)]))
def test_any_bytes_are_a_picture_or_a_refusal(tail: bytes, head: bytes) -> None:
    assert outcome(head + tail) in (200, 415, 422)


@given(st.sampled_from(SAMPLES), st.integers(0, 400), st.integers(0, 255), st.integers(0, 4))
def test_an_altered_image_is_a_picture_or_a_refusal(sample: bytes, position: int, byte: int, removed: int) -> None:
    position %= len(sample)
    assert outcome(sample[:position] + bytes([byte]) + sample[position + removed :]) in (200, 415, 422)
