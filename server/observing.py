"""What surrounds every request: an id, a line in the log, the numbers, and the answer when something breaks."""

import time
from secrets import token_hex
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from server.answers import refused
from server.logs import log
from server.metrics import Metrics

_FAILED: Final = 400
_BROKEN: Final = 500


class Observed:
    """Gives each request an id, told in `X-Request-ID`, and reports how it went."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, begin, status, size = token_hex(8), time.perf_counter(), 0, 0
        clear_contextvars()
        bind_contextvars(request=request_id)

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            size += len(message.get("body", b"")) + message.get("count", 0)  # of a file
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception as error:
            log.exception("accident")
            if status:
                raise  # too late for another answer
            await (await refused(Request(scope), error))(scope, receive, counted)
        finally:
            self._report(scope, status, size, time.perf_counter() - begin)

    def _report(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        route, code = getattr(scope.get("route"), "path", "unknown"), scope.get("refusal", {}).get("code")
        self._metrics.answered(scope["method"], route, status, code, seconds)
        facts = {"method": scope["method"][:16], "route": route, "status": status, "bytes": size}
        facts |= {
            "ms": round(1000 * seconds, 1),
            "address": (scope.get("client") or ("",))[0],
            **scope.get("refusal", {}),
        }
        is_quiet = status < _FAILED and not route.startswith("/api")  # files, health
        (log.error if status >= _BROKEN else log.debug if is_quiet else log.info)("request", **facts)
