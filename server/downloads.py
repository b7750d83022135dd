"""The bytes of an image, with all that HTTP offers for them: digest, range, cache validation, file names."""

import base64
import re
import unicodedata
from io import BytesIO, FileIO
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.errors import BadRange
from server.formats import EXTENSIONS
from server.records import Record

ZERO_COPY: Final = "http.response.zerocopysend"  # an extension of ASGI
MAX_NAME: Final = 60  # characters of the prompt in a file name
_PRIVATE: Final = "private, no-cache"  # a browser may keep it, and asks each time
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|%\s]+')


class Content(Response):
    """A part of an open file, handed over to the system where the server can do that; closes it in the end."""

    def __init__(self, file: FileIO | BytesIO, part: range | None, record: Record, headers: dict[str, str]) -> None:
        """Answer with these bytes (206), or with all of them (200)."""
        self._file, self._part = file, range(record.size) if part is None else part
        told = {"Content-Length": str(len(self._part))}
        if part is not None:
            told["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{record.size}"
        super().__init__(None, 200 if part is None else 206, headers | told, record.content_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Send head and bytes."""
        with self._file as file:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            start, count = self._part.start, len(self._part)
            if isinstance(file, FileIO) and ZERO_COPY in scope.get("extensions", {}):
                await send({"type": ZERO_COPY, "file": file, "offset": start, "count": count})
            else:
                file.seek(start)
                await send({"type": "http.response.body", "body": file.read(count)})


def headers_of(record: Record, *, attachment: bool) -> dict[str, str]:
    """Return the headers of an image's bytes."""
    encoded = base64.b64encode(bytes.fromhex(record.sha256)).decode()
    return {
        "ETag": _etag(record),
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


def part(request: Request, record: Record) -> range | None:
    """Return the one range of bytes asked for; None for all of them, also when the request is not understood.

    Raises BadRange.
    """
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    etag = _etag(record)
    if not found or found[0] == "bytes=-" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = (int(number[:20]) if number else None for number in found.groups())
    if first is None:
        first, last = max(0, record.size - (last or 0)), None
    end = record.size if last is None else min(last + 1, record.size)
    if first >= end:
        raise BadRange(size=record.size)
    return range(first, end)


def _etag(record: Record) -> str:
    return f'"{record.sha256}"'
