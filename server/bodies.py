"""Reading what a request carries, never more than allowed."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from multipart import parse_options_header  # type: ignore[import-untyped]
from starlette.requests import Request

from server import strict_json
from server.errors import BodyTooLarge, Refusal, UnsupportedMediaType
from server.limits import MAX_FORM_BODY

T = TypeVar("T")
TooLarge = Callable[[int], Refusal]


async def read_form(request: Request, wanted: type[T], limit: int = MAX_FORM_BODY) -> T:
    """Return the JSON body of a small request as the declared type; raises a refusal that says what is wrong."""
    if media_type(request)[0] != "application/json":
        raise UnsupportedMediaType(accepted="application/json")
    body = await read_body(request, limit, lambda _: BodyTooLarge(max_size=limit))
    return strict_json.read(body, wanted)


def media_type(request: Request) -> tuple[str, dict[str, str]]:
    """Return the Content-Type in lower case and its parameters; raises UnsupportedMediaType for compressed bodies."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType(accepted="Content-Encoding: identity")
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    return kind, parameters


async def read_body(
    request: Request, limit: int, too_large: TooLarge, take: Callable[[int], None] = lambda _: None
) -> bytes:
    """Return the body of at most `limit` bytes; raises what `too_large` makes of its size."""
    return b"".join([chunk async for chunk in body_chunks(request, limit, too_large, take)])


def refuse_length(request: Request, limit: int, too_large: TooLarge) -> None:
    """Raise what `too_large` makes of a stated length above the limit, before anything is read."""
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated[:20]) > limit:
        raise too_large(int(stated[:20]))


async def body_chunks(
    request: Request, limit: int, too_large: TooLarge, take: Callable[[int], None] = lambda _: None
) -> AsyncIterator[bytes]:
    """Yield the body as it comes, and tell `take` of each piece, which may refuse it."""
    refuse_length(request, limit, too_large)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(size)
        take(len(chunk))
        yield chunk
