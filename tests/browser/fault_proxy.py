"""A proxy on loopback that loses things where it is told to: whole requests, answers, or connections in the middle."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

Fault = str  # refuse: not passed on · lose: done, its answer lost · cut: half of the body arrives · twice: sent twice


UNCHANGED = {"accept-encoding", "if-none-match", "if-modified-since"}  # an answer that may be rewritten comes whole


@dataclass
class FaultProxy:
    """Forwards to a server. `plan(method, path)` is asked for each request which fault to commit, "" for none."""

    target: str
    plan: Callable[[str, str], Fault] = lambda _method, _path: ""
    seen: list[tuple[str, str, Fault]] = field(default_factory=list)
    before_answer: Callable[[str, str], None] = lambda _method, _path: None
    rename: Callable[[str], str] = lambda path: path  # the path the server is asked for
    rewrite: Callable[[str, bytes], bytes] | None = None  # (path, answer) -> what is answered instead
    port: int = 0  # 0 takes a free one
    _connections: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                proxy._connections.append(self.connection)

            def handle_one(self) -> None:
                proxy.forward(self)

            do_GET = do_POST = do_DELETE = handle_one  # noqa: N815 - the base class names them

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:  # a browser that kept one would talk to this proxy for ever
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        """Pass one request on, with its fault."""
        fault = self.plan(handler.command, handler.path) if handler.path.startswith("/api/") else ""
        self.seen.append((handler.command, handler.path, fault))
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        if fault == "refuse":
            handler.connection.close()
            handler.close_connection = True
            return
        sent = body[: len(body) // 2] if fault == "cut" else body
        try:
            for _ in range(2 if fault == "twice" else 1):
                answer, content = self._ask(handler, sent, whole=fault != "cut")
            self.before_answer(handler.command, handler.path)
        except OSError:
            fault = "lose"
        except http.client.HTTPException:
            fault = "lose"
        if fault in ("lose", "cut"):
            handler.connection.close()
            handler.close_connection = True
            return
        content = self.rewrite(handler.path, content) if self.rewrite else content
        handler.send_response_only(answer.status)
        for name, value in _headers(answer):
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _ask(
        self, handler: BaseHTTPRequestHandler, body: bytes, *, whole: bool
    ) -> tuple[http.client.HTTPResponse, bytes]:
        target = urlsplit(self.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
        try:
            if not whole:
                connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
                for name, value in handler.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                raise http.client.HTTPException("cut")
            headers = {name: value for name, value in handler.headers.items() if name.lower() not in UNCHANGED}
            connection.request(handler.command, self.rename(handler.path), body or None, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


def _headers(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    hop = {"connection", "transfer-encoding", "keep-alive", "content-length"}
    yield from ((name, value) for name, value in answer.getheaders() if name.lower() not in hop)
