"""The bytes of an image, with all that HTTP offers for them: digest, range, cache validation, file names."""

import base64
import re
import unicodedata
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from server.errors import BadRange
from server.formats import EXTENSIONS
from server.records import Record

MAX_NAME: Final = 60  # characters of the prompt in a file name
_PRIVATE: Final = "private, no-cache"  # a browser may keep it, and asks each time
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|%\s]+')


def ranged(request: Request, record: Record, data: bytes, headers: dict[str, str]) -> Response:
    """Return the bytes, or the one range of them that was asked for (206); raises BadRange."""
    wanted = _range(request, headers["ETag"], record.size)
    if wanted is None:
        return Response(data, 200, headers, record.content_type)
    start, end = wanted
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{record.size}"
    return Response(memoryview(data)[start:end], 206, headers, record.content_type)


def headers_of(record: Record, *, attachment: bool) -> dict[str, str]:
    """Return the headers of an image's bytes."""
    encoded = base64.b64encode(bytes.fromhex(record.sha256)).decode()
    return {
        "ETag": f'"{record.sha256}"',
        "Repr-Digest": f"sha-256=:{encoded}:",
        "Accept-Ranges": "bytes",
        "Cache-Control": _PRIVATE,
        "Content-Disposition": disposition(record) if attachment else "inline",
    }


def disposition(record: Record) -> str:
    """Return the Content-Disposition of a download: a plain name from the id, a speaking one from the prompt."""
    extension = EXTENSIONS[record.content_type]
    plain = f"image-{record.id[:8]}.{extension}"
    speaking = f"{_readable(record.prompt)}-{record.id[:8]}.{extension}".lstrip("-")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(speaking, safe='')}"


def _readable(prompt: str) -> str:
    """Keep what every file system and every eye can bear: no controls, no direction marks, no separators."""
    visible = "".join(
        c for c in unicodedata.normalize("NFC", prompt) if unicodedata.category(c)[0] not in "CZ" or c in " \n\t"
    )
    return _FORBIDDEN.sub("-", visible).strip("-. ")[:MAX_NAME].strip("-. ")


def _range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """Return start and end of the one range asked for; None for the whole, also when the request is not understood."""
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if not found or found[0] == "bytes=-" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = (int(number[:20]) if number else None for number in found.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), None
    end = size if last is None else min(last + 1, size)
    if first >= end:
        raise BadRange(size=size)
    return first, end
