"""A real server for any ASGI application, in a thread of this process, on a free port of loopback."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn

WAIT = 10  # seconds


class _Announcing(uvicorn.Server):
    """Says when it answers, and on which loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()


class Serving:
    """Serves `app` while the context lasts; `options` are uvicorn's."""

    def __init__(self, app: Any, **options: Any) -> None:
        fixed: dict[str, Any] = {"port": 0, "proxy_headers": False, "log_config": None, "access_log": False}
        self._server = _Announcing(uvicorn.Config(app, **{"lifespan": "off", "http": "h11", **fixed, **options}))
        self.url = ""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the server's thread."""
        return self._server.loop

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        assert self._server.ready.wait(WAIT)
        host, port = self._server.servers[0].sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(WAIT)
        assert not self._thread.is_alive()
