"""Passing on what a provider sends, as it comes; who goes away ends the request to the provider at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.errors import Refusal
from server.logs import log

T = TypeVar("T")


@dataclass(frozen=True)
class Relayed:
    """An answer on its way."""

    content_type: str
    chunks: AsyncIterator[bytes]


class Relay(Response):
    """Opens what `source` gives and passes it on. A refusal before the first byte is answered; later it cuts."""

    def __init__(self, source: Callable[[], AbstractAsyncContextManager[Relayed]]) -> None:
        super().__init__()
        self._source = source
        self._started = False

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await unless_gone(receive, self._pass_on(send))
        except ClientDisconnect:
            log.info("cancelled")
        except Refusal as error:
            if not self._started:
                raise
            log.warning("cut", code=error.code)  # without its end the answer is no answer: uvicorn hangs up

    async def _pass_on(self, send: Send) -> None:
        async with self._source() as answer:
            headers = [(b"content-type", answer.content_type.encode())]
            self._started = True
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for chunk in answer.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; cancels it and raises ClientDisconnect when the client has gone before.

    The body of the request has to be read.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
