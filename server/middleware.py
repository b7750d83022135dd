"""What every answer has: headers that keep browsers from guessing, caching and embedding."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}


_ASKED: Final = ("Authorization", "Content-Type", "Idempotency-Key", "Range", "Repr-Digest")
_TOLD: Final = ("Content-Disposition", "Idempotent-Replay", "Repr-Digest", "Retry-After", "X-Request-ID")


def guards(proxies: list[str], origins: Sequence[str]) -> list[Middleware]:
    """Return what every request passes, outermost first; pages of `origins` may use the API, without cookies."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=_ASKED,
        expose_headers=_TOLD,
    )
    believed = Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    return [believed] * bool(proxies) + [Middleware(SecurityHeaders)] + [cors] * bool(origins)


class SecurityHeaders:
    """Adds HEADERS wherever a route has not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
