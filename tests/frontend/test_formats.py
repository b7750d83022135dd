"""What the first bytes tell."""

import pytest

from frontend.formats import content_type, png_size

from .conftest import HEADER, PNG


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (HEADER, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a\1\0", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8L", "image/webp"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"RIFF\0\0\0\0WAVE", ""),
        (b"<svg>", ""),
        (b"", ""),
    ],
)
def test_the_type_shows_in_the_first_bytes(head: bytes, kind: str) -> None:
    assert content_type(head) == kind


def test_a_png_states_its_size_in_a_whole_header() -> None:
    assert png_size(HEADER) == (64, 48)
    for cut in (PNG, HEADER[:20], HEADER[:16] + bytes(8), b"\xff\xd8\xff" + HEADER[3:]):
        assert png_size(cut) is None
