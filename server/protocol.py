"""HTTP with deadlines, which uvicorn lacks: nobody holds a connection by sending or reading slowly.

A request has to arrive within `transfer` seconds, and never pause for a third of that; time in which the server itself
does not read is not counted. An answer has to be taken on at a pace of at least PACE, and of all who are slow at once,
the slowest gives way.
"""

import asyncio
import math
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.limits import KIB, MAX_HEAD, SLOW_READERS

PACE: Final = 32 * KIB  # bytes in a sixth of `transfer`


class Deadlines(H11Protocol):
    """One connection."""

    transfer: ClassVar[float] = 60  # seconds
    _slow: ClassVar[dict["Deadlines", None]] = {}  # whose answers wait to be taken, longest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin to watch."""
        super().connection_made(transport)
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

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch."""
        self._timer.cancel()
        self._slow.pop(self, None)
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
        before, self._waiting = self._waiting, self.transport.get_write_buffer_size()
        return self in self._slow and before - self._waiting < min(before, PACE)


def with_deadlines(transfer: float) -> type[Any]:
    """Return the protocol for these seconds."""
    return type("Deadlines", (Deadlines,), {"transfer": transfer})
