"""What kind of image the bytes are: found by walking their structure, never by decoding, so no bomb can go off."""

import struct
from collections.abc import Callable
from typing import Final

from server.errors import BadDimensions, DamagedImage, NotAnImage
from server.formats import avif, gif, jpeg, png, webp
from server.formats.picture import Broken, Picture
from server.limits import IMAGE_FORMATS, MAX_PIXELS, MAX_SIDE

__all__ = ["EXTENSIONS", "Picture", "content_type", "inspect"]

EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/gif": "gif",
}

_Walk = Callable[[bytes], tuple[int, int]]


def inspect(data: bytes) -> Picture:
    """Return the type and the dimensions that the bytes themselves state.

    Raises NotAnImage for anything but PNG, JPEG, WebP, AVIF and GIF; DamagedImage when it begins like one and is cut,
    altered or followed by something else; BadDimensions outside of 1 to 8,192 pixels a side or above 40 megapixels.
    """
    kind, walk = _recognised(data)
    try:
        width, height = walk(data)
    except Broken as error:
        raise DamagedImage(content_type=kind, reason=str(error)) from None
    except (struct.error, IndexError):
        raise DamagedImage(content_type=kind, reason="cut short") from None
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise BadDimensions(width=width, height=height, max_side=MAX_SIDE, max_pixels=MAX_PIXELS)
    return Picture(kind, width, height)


def content_type(head: bytes) -> str | None:
    """Return what kind of image begins like this; None for none that we keep. 32 bytes tell."""
    try:
        return _recognised(head)[0]
    except NotAnImage:
        return None


def _recognised(data: bytes) -> tuple[str, _Walk]:
    if data.startswith(png.SIGNATURE):
        return "image/png", png.walk
    if data.startswith(jpeg.SIGNATURE):
        return "image/jpeg", jpeg.walk
    if data.startswith(gif.SIGNATURES):
        return "image/gif", gif.walk
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", webp.walk
    if avif.is_avif(data):
        return "image/avif", avif.walk
    raise NotAnImage(formats=list(IMAGE_FORMATS))
