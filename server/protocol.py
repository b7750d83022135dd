"""HTTP with what uvicorn lacks: deadlines, so that nobody holds a connection by sending or reading slowly, and files.

A request has to arrive within `transfer` seconds, and never pause for a third of that; time in which the server itself
does not read is not counted. An answer has to be taken on at a pace of at least PACE, and of all who are slow at once,
the slowest gives way. What lies in a file is sent by the system, without a copy in this process: who takes one slowly
holds no memory, and does not count among them.
"""

import asyncio
import math
import os
from asyncio.trsock import TransportSocket
from typing import Any, ClassVar, Final

import h11
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from server.downloads import ZERO_COPY
from server.limits import KIB, MAX_HEAD, SLOW_READERS
from server.logs import log

PACE: Final = 32 * KIB  # bytes in a sixth of `transfer`


class Deadlines(H11Protocol):
    """One connection."""

    transfer: ClassVar[float] = 60  # seconds
    _slow: ClassVar[dict["Deadlines", None]] = {}  # whose answers wait to be taken, longest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin to watch."""
        super().connection_made(transport)
        self._app, self.app = self.app, self._run
        self._left = 0  # bytes of a file that are not sent yet
        self._writable: asyncio.Future[None] | None = None  # what the sending of a file waits for
        self._began: float | None = self.loop.time()  # None: no request is on its way in
        self._heard = self.loop.time()
        self._waiting = math.inf  # bytes, when last looked at
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Note that something came, and whether more must come; h11 itself bounds only a head that comes in pieces."""
        begun = self.conn.trailing_data[0] + data[: MAX_HEAD + 1] if self.conn.their_state is h11.IDLE else b""
        if len(begun) > MAX_HEAD and b"\r\n\r\n" not in begun[:MAX_HEAD]:
            self.send_400_response("The head of the request is too large.")
            return
        super().data_received(data)
        self._heard = self.loop.time()
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0]):
            self._began = self._began or self._heard
        else:
            self._began = None

    def pause_writing(self) -> None:
        """Note that the client does not keep up."""
        super().pause_writing()
        self._slow[self] = None
        self._waiting = math.inf
        if len(self._slow) > SLOW_READERS:
            next(iter(self._slow)).transport.abort()

    def resume_writing(self) -> None:
        """Note that the client has kept up."""
        super().resume_writing()
        self._slow.pop(self, None)

    def eof_received(self) -> bool:  # type: ignore[override] # as asyncio's
        """Tell asyncio whether to stay open: who says that it has said all may still be taking a file."""
        if self._left:
            self.cycle.keep_alive = False
        return self._left > 0

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch."""
        self._timer.cancel()
        self._slow.pop(self, None)
        self._go_on()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._timer = self.loop.call_later(self.transfer / 6, self._look)

    def _look(self) -> None:
        if self._is_late() or self._is_slow():
            self.transport.abort()
        else:
            self._watch()

    def _is_late(self) -> bool:
        now = self.loop.time()
        if self._began is None or self.flow.read_paused:
            self._began, self._heard = self._began and now, now
            return False
        return now - self._heard >= self.transfer / 3 or now - self._began >= self.transfer

    def _is_slow(self) -> bool:
        before, self._waiting = self._waiting, self.transport.get_write_buffer_size() + self._left
        is_waiting = self in self._slow or self._writable is not None
        return is_waiting and before - self._waiting < min(before, PACE)

    # Files

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that may be answered with a file, by ASGI's extension `zerocopysend`."""
        cycle = self.cycle

        async def send_either(message: Message) -> None:
            await send(await self._send_file(cycle, message) if message["type"] == ZERO_COPY else message)

        scope["extensions"] = {ZERO_COPY: {}}
        await self._app(scope, receive, send_either)

    async def _send_file(self, cycle: RequestResponseCycle, message: Message) -> Message:
        """Let the system send from a file, as much as the client takes; return the message that is left to send."""
        file, offset, count = message["file"], message["offset"], message["count"]
        if cycle.disconnected:
            return {"type": "http.response.body"}
        if self.transport.get_write_buffer_size():  # the head still waits: all has to
            file.seek(offset)
            return {"type": "http.response.body", "body": file.read(count)}
        cycle.conn.send_with_data_passthrough(h11.Data(data=range(count)))  # type: ignore[arg-type] # h11 only counts
        self._left, self._waiting = count, math.inf
        try:
            await self._send_all(file.fileno(), offset + count)
        except OSError as error:  # mostly the client is gone; the answer cannot be mended any more
            log.info("file_not_sent", reason=type(error).__name__, left=self._left)
            self.transport.abort()
        finally:
            self._left = 0
        return {"type": "http.response.body"}

    async def _send_all(self, file: int, end: int) -> None:
        connection = self.transport.get_extra_info("socket")
        while self._left and not self.transport.is_closing():
            try:
                sent = os.sendfile(connection.fileno(), file, end - self._left, self._left)
            except BlockingIOError:
                await self._room(connection)
            else:
                if not sent:
                    raise OSError("the file has become shorter")
                self._left -= sent

    async def _room(self, connection: TransportSocket) -> None:
        """Wait until the client has taken some, or is gone."""
        self._writable = self.loop.create_future()
        # The same socket under another number: asyncio lets nobody wait for that of its transport.
        with connection.dup() as again:
            self.loop.add_writer(again.fileno(), self._go_on)
            try:
                await self._writable
            finally:
                self.loop.remove_writer(again.fileno())
                self._writable = None

    def _go_on(self) -> None:
        if self._writable and not self._writable.done():
            self._writable.set_result(None)


def with_deadlines(transfer: float) -> type[Any]:
    """Return the protocol for these seconds."""
    return type("Deadlines", (Deadlines,), {"transfer": transfer})
