"""The two forms of a save: one JSON object with base64, or multipart/form-data with parts `metadata` and `image`."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import multipart  # type: ignore[import-untyped]
from starlette.requests import Request

from server import strict_json
from server.bodies import body_chunks, media_type, read_body, refuse_length
from server.errors import (
    BadMultipart,
    BodyTooLarge,
    DigestMismatch,
    ImageTooLarge,
    InvalidBase64,
    InvalidField,
    MissingField,
    Overloaded,
    UnsupportedMediaType,
)
from server.formats import inspect
from server.limits import MAX_KEY, MAX_METADATA, RETRY_SOON, UPLOADS_IN_MEMORY, UPLOADS_PER_ACCOUNT, max_upload
from server.records import Draft, digest
from server.schemas import ImageDetails, ImageWithData

Take = Callable[[int], None]
_DATA_URL: Final = re.compile(r"data:[\w.+/-]*(?:;[\w.=+-]+)*;base64,", re.ASCII)
_KEY: Final = re.compile(rf"[!-~]{{1,{MAX_KEY}}}")
_SHA256: Final = re.compile(r"(?:^|,)\s*sha-256=([^,;]*)")
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")  # RFC 2046 5.1.1


class Memory:
    """What uploads may take at once: bytes for all of them, and a few turns for each account."""

    def __init__(self, budget: int = UPLOADS_IN_MEMORY) -> None:
        self._left = budget
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def upload(self, user_id: str) -> AsyncIterator[Take]:
        """Wait for one of the account's turns; yields a call that takes bytes, or raises Overloaded."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if size > self._left:
                raise Overloaded(retry_after=RETRY_SOON)
            self._left -= size
            taken += size

        async with self._turns.setdefault(user_id, asyncio.Semaphore(UPLOADS_PER_ACCOUNT)):
            try:
                yield take
            finally:
                self._left += taken


def refuse_too_large(request: Request, max_size: int) -> None:
    """Raise ImageTooLarge by the stated length alone: it costs nothing, so it comes first."""
    refuse_length(request, max_upload(max_size), lambda size: ImageTooLarge(size=size, max_size=max_size))


async def read_draft(request: Request, max_size: int, take: Take) -> Draft:
    """Return the image in the request; `max_size` in bytes.

    Raises a refusal that says what is wrong, before more than the limit is read.
    """
    kind, parameters = media_type(request)
    if kind == "application/json":
        details, data = await _read_json(request, max_size, take)
    elif kind == "multipart/form-data":
        details, data = await _read_multipart(request, parameters.get("boundary", ""), max_size, take)
    else:
        raise UnsupportedMediaType(accepted="application/json, multipart/form-data")
    if not data:
        raise MissingField(field="data")
    draft = await asyncio.to_thread(_examined, details, data)
    _compare(draft, details.sha256, request.headers.get("repr-digest"))
    return draft


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key header; raises InvalidField unless it is 1 to 64 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidField(field="Idempotency-Key", expected=f"1 to {MAX_KEY} visible ASCII characters")
    return key


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard, padded base64, with or without `data:` in front; raises InvalidBase64."""
    prefix = _DATA_URL.match(text)
    try:
        return msgspec.convert(text[prefix.end() :] if prefix else text, bytes)  # stricter than `base64`, and faster
    except ValueError:
        raise InvalidBase64(field="data") from None


async def _read_json(request: Request, max_size: int, take: Take) -> tuple[ImageDetails, bytes]:
    limit = max_upload(max_size)
    body = await read_body(request, limit, lambda size: ImageTooLarge(size=size, max_size=max_size), take)
    upload = strict_json.read(body, ImageWithData)
    data = decode_base64(upload.data)
    if len(data) > max_size:
        raise ImageTooLarge(size=len(data), max_size=max_size)
    return upload, data


async def _read_multipart(request: Request, boundary: str, max_size: int, take: Take) -> tuple[ImageDetails, bytes]:
    if not _BOUNDARY.fullmatch(boundary):
        raise BadMultipart(reason="no boundary")
    form = _Form(boundary, max_size)
    limit = max_size + MAX_METADATA
    try:
        async for chunk in body_chunks(request, limit, lambda size: ImageTooLarge(size=size, max_size=max_size), take):
            form.feed(chunk)
        form.end()
    except multipart.MultipartError as error:
        raise BadMultipart(reason=str(error)) from None
    return strict_json.read(form.part("metadata"), ImageDetails), form.part("image")


class _Form:
    """The two parts of a form, as they arrive."""

    def __init__(self, boundary: str, max_size: int) -> None:
        self._parser = multipart.PushMultipartParser(boundary, max_header_size=1024, max_segment_count=2, strict=True)
        self._limits = {"metadata": MAX_METADATA, "image": max_size}
        self._parts: dict[str, bytearray] = {}
        self._name = ""
        self._complete = 0

    def feed(self, chunk: bytes) -> None:
        """Take some more bytes; what follows the second part is not looked at."""
        if self._complete == len(self._limits):
            return
        for event in self._parser.parse(chunk):
            if isinstance(event, multipart.MultipartSegment):
                self._begin(event.name or "")
            elif event is None:
                self._complete += 1
            else:
                self._append(event)

    def end(self) -> None:
        """Raise unless the form is complete."""
        self._parser.close()

    def part(self, name: str) -> bytes:
        """Return a part; raises MissingField."""
        if name not in self._parts:
            raise MissingField(field=name)
        return bytes(self._parts[name])

    def _begin(self, name: str) -> None:
        if name not in self._limits or name in self._parts:
            raise BadMultipart(reason="the parts are metadata and image, each once")
        self._name, self._parts[name] = name, bytearray()

    def _append(self, data: bytes) -> None:
        part, limit = self._parts[self._name], self._limits[self._name]
        part += data
        if len(part) > limit:
            raise (
                ImageTooLarge(size=len(part), max_size=limit) if self._name == "image" else BodyTooLarge(max_size=limit)
            )


def _examined(details: ImageDetails, data: bytes) -> Draft:
    return Draft(details, data, inspect(data), digest(data))


def _compare(draft: Draft, stated: str | None, header: str | None) -> None:
    """Raise DigestMismatch unless the bytes are those that the client announced, if it announced any."""
    announced = _SHA256.search(header or "")
    encoded = base64.b64encode(bytes.fromhex(draft.sha256)).decode()
    if (stated and stated != draft.sha256) or (announced and announced[1].strip() != f":{encoded}:"):
        raise DigestMismatch(sha256=draft.sha256)
