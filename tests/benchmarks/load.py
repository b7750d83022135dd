"""A client that costs next to nothing: finished requests, sent as they are over connections that stay open."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

BUFFER: Final = 1 << 20  # bytes
Address = tuple[str, int]


@dataclass(frozen=True)
class Call:
    """One request as its bytes, and the status that answers it."""

    head: bytes
    body: bytes
    status: int


def call(method: str, path: str, status: int = 200, body: bytes = b"", **headers: str) -> Call:
    """Return a call; a header's name is written with `_` for `-`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Call("\r\n".join([*lines, "", ""]).encode(), body, status)


class Connection:
    """One connection; the answer's body is read and thrown away unless it is asked for."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(BUFFER)

    def send(self, call: Call) -> bytes:
        """Carry a call out; returns the answer's head, and its body where the first packets held all of it."""
        self._socket.sendall(call.head + call.body if len(call.body) < BUFFER // 16 else call.head)
        if len(call.body) >= BUFFER // 16:
            self._socket.sendall(call.body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._some()
        head, _, body = answer.partition(b"\r\n\r\n")
        if int(head[9:12]) != call.status:
            raise RuntimeError(f"{call.head[:100]!r} was answered {answer[:500]!r}")
        left = (_length(head) if call.status not in (204, 304) else 0) - len(body)
        while left > 0:
            left -= self._socket.recv_into(self._buffer)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _some(self) -> bytes:
        if not (count := self._socket.recv_into(self._buffer)):
            raise ConnectionError("the server hung up")
        return bytes(self._buffer[:count])


def run(address: Address, connections: int, calls: Sequence[Call]) -> tuple[float, list[float]]:
    """Carry out the calls over so many connections; returns the seconds in all, and of each call."""
    opened = [Connection(address) for _ in range(connections)]
    waiting, times, errors = iter(calls), list[float](), list[Exception]()

    def work(connection: Connection) -> None:
        try:
            for one in waiting:  # a list's iterator: each call is taken by one thread only
                began = time.perf_counter()
                connection.send(one)
                times.append(time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)

    seconds = _timed(work, opened)
    for connection in opened:
        connection.close()
    if errors:
        raise errors[0]
    return seconds, times


def _timed(work: Callable[[Connection], None], opened: Iterable[Connection]) -> float:
    threads = [threading.Thread(target=work, args=(connection,)) for connection in opened]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)
