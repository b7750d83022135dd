"""Slow, silent and endless clients against a real server: they are cut off, memory stays bounded, others are served."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.live_server import LiveServer
from tests.server.pictures import png

LIMIT = 3  # seconds for a request to arrive; silence may last a third
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("protocol") / "data"
    limits = {"TRANSFER_TIMEOUT": str(LIMIT), "MAX_IMAGES_PER_DAY": "100", "MAX_IMAGE_SIZE": str(9 * MIB)}
    with LiveServer(folder, **limits) as server:
        yield server


def connect(server: LiveServer) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((str(address.hostname), address.port or 0), timeout=20)


def token(server: LiveServer, email: str) -> str:
    form = {"username": "Ann", "email": email, "password": "correct horse"}
    return str(httpx2.post(f"{server.url}/api/auth/register", json=form, verify=False).json()["token"])


def head(token: str, length: str = "Content-Length: 2500000") -> bytes:
    lines = ["POST /api/images/save HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", length]
    return "\r\n".join([*lines, "Content-Type: application/json", "", ""]).encode()


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(20)


def save(server: LiveServer, token: str, number: int = 0) -> httpx2.Response:
    files = {"metadata": (None, json.dumps({"prompt": "p"}).encode()), "image": ("i.png", png(colour=number))}
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.post(f"{server.url}/api/images/save", files=files, headers=headers, timeout=20)


def test_silent_and_dribbling_requests_are_cut(server: LiveServer) -> None:
    mine = token(server, "slow@example.com")
    begun = {
        "nothing": b"",
        "half a head": b"GET / HTTP/1.1\r\nHost:",
        "no body": head(mine),
        "half": head(mine) + b"{",
    }
    with ExitStack() as stack:
        silent = {name: stack.enter_context(closing(connect(server))) for name in begun}
        dribbling = {name: stack.enter_context(closing(connect(server))) for name in ("half a head", "half")}
        for name, sent in begun.items():
            silent[name].sendall(sent)
        for name, connection in dribbling.items():
            connection.sendall(begun[name])
        end = time.monotonic() + 2 * LIMIT
        while time.monotonic() < end and any(map(is_open, [*silent.values(), *dribbling.values()])):
            time.sleep(0.2)
            for connection in dribbling.values():
                try:
                    connection.sendall(b" ")
                except OSError:
                    continue
        assert [name for name, connection in (silent | dribbling).items() if is_open(connection)] == []
    assert "Traceback" not in server.output


def test_an_endless_body_is_cut(server: LiveServer) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(head(token(server, "endless@example.com"), "Transfer-Encoding: chunked"))
        start = time.monotonic()
        with pytest.raises(OSError, match=r"reset|[Bb]roken"):
            _send_for_ever(connection, b"10000\r\n" + b"[" * 0x10000 + b"\r\n")
    assert time.monotonic() - start < 2 * LIMIT


def test_a_slow_reader_of_a_download_is_cut(server: LiveServer) -> None:
    mine = token(server, "reader@example.com")
    files = {"metadata": (None, b'{"prompt": "p"}'), "image": ("i.png", png(size=2 * MIB))}
    headers = {"Authorization": f"Bearer {mine}"}
    image = httpx2.post(f"{server.url}/api/images/save", files=files, headers=headers).json()["id"]
    wanted = f"GET /api/images/{image}/content HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {mine}\r\n\r\n"
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = urlsplit(server.url)
        connection.connect((address.hostname, address.port))
        connection.sendall(wanted.encode() * 3)  # one, and two that wait behind it
        time.sleep(LIMIT)
        assert _received(connection) < 5 * MIB


LARGE = png(size=9 * MIB, colour=3)  # more than the system takes at once from who does not read


@pytest.fixture(scope="module")
def kept(server: LiveServer) -> tuple[str, str]:
    """Save a large image; return its address and whose token reads it."""
    mine = token(server, "kept@example.com")
    files = {"metadata": (None, b'{"prompt": "p"}'), "image": ("i.png", LARGE)}
    headers = {"Authorization": f"Bearer {mine}"}
    image = httpx2.post(f"{server.url}/api/images/save", files=files, headers=headers).json()["id"]
    return f"/api/images/{image}/content", mine


def asked(kept: tuple[str, str], more: str = "") -> bytes:
    return f"GET {kept[0]} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {kept[1]}\r\n{more}\r\n".encode()


def test_a_file_is_sent_exactly(server: LiveServer, kept: tuple[str, str]) -> None:
    headers = {"Authorization": f"Bearer {kept[1]}"}
    with httpx2.Client(base_url=server.url, headers=headers) as client:
        for _ in range(3):  # over one connection
            answer = client.get(kept[0])
            assert (answer.status_code, answer.content) == (200, LARGE)
            for start, stop in ((0, 1), (7, 1_500_000), (9 * MIB - 1, 9 * MIB)):
                answer = client.get(kept[0], headers={"Range": f"bytes={start}-{stop - 1}"})
                assert (answer.status_code, answer.content) == (206, LARGE[start:stop])
            assert client.get("/health").status_code == 200
    sizes = [
        json.loads(line)["bytes"] for line in server.output.splitlines() if '"status":206' in line.replace(" ", "")
    ]
    assert set(sizes[-3:]) == {1, 1_499_993}


def test_requests_sent_ahead_are_answered_in_order(server: LiveServer, kept: tuple[str, str]) -> None:
    health = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with closing(connect(server)) as connection:
        connection.sendall(asked(kept) + asked(kept, "Range: bytes=0-9\r\n") + asked(kept) + health)
        answers = _all(connection)
    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in answers.split(b"HTTP/1.1 ")[1:]]
    assert [len(body) for body in bodies[:3]] == [len(LARGE), 10, len(LARGE)]
    assert bodies[0] == bodies[2] == LARGE
    assert b"ok" in bodies[3]


def test_who_ends_its_side_while_a_file_comes_still_gets_it(server: LiveServer, kept: tuple[str, str]) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(asked(kept))
        begun = connection.recv(100)
        connection.shutdown(socket.SHUT_WR)
        begin = time.monotonic()
        assert (begun + _all(connection)).partition(b"\r\n\r\n")[2] == LARGE
    assert time.monotonic() - begin < LIMIT  # closed at once, not after the time for another request


def test_clients_that_go_in_the_middle_of_a_file_leave_nothing_open(server: LiveServer, kept: tuple[str, str]) -> None:
    def opened() -> int:
        return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))

    httpx2.get(f"{server.url}/health")
    before = opened()
    for _ in range(5):
        with closing(connect(server)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(asked(kept))
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    end = time.monotonic() + LIMIT
    while opened() > before and time.monotonic() < end:
        assert httpx2.get(f"{server.url}/health").status_code == 200
    assert opened() <= before
    assert "Traceback" not in server.output


def _all(connection: socket.socket) -> bytes:
    received = bytearray()
    while some := connection.recv(1 << 20):
        received += some
    return bytes(received)


def test_half_open_uploads_delay_nobody(server: LiveServer) -> None:
    ann, bob = token(server, "ann@example.com"), token(server, "bob@example.com")
    with ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(closing(connect(server))).sendall(head(ann) + b"{" * 10_000)
        begin = time.monotonic()
        assert save(server, bob).status_code == 201
        assert httpx2.get(f"{server.url}/health").status_code == 200
        assert time.monotonic() - begin < 1


def test_an_account_with_stalled_uploads_waits_for_its_own(server: LiveServer) -> None:
    mine = token(server, "queue@example.com")
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(closing(connect(server))).sendall(head(mine) + b"{" * 100_000)
        assert save(server, mine).status_code == 201  # once the stalled ones are cut


def test_memory_under_200_stalled_uploads(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server, ExitStack() as stack:
        people = [token(server, f"person{number}@example.com") for number in range(40)]
        before = memory(server)
        for number in range(200):
            connection = stack.enter_context(closing(connect(server)))
            connection.sendall(head(people[number % 40]))
            connection.settimeout(0.02)
            _send_what_fits(connection, b'{"prompt": "p", "data": "' + b"A" * 2_400_000)
        used = memory(server)
        print(f"\nresident: {before} MiB before, {used} MiB under 200 stalled uploads")  # noqa: T201 - a measurement
        assert used - before < 192
        assert httpx2.get(f"{server.url}/health").status_code == 200


def _send_for_ever(connection: socket.socket, data: bytes) -> None:
    while True:
        connection.sendall(data)
        time.sleep(0.01)


def _received(connection: socket.socket) -> int:
    size = 0
    with suppress(ConnectionResetError):
        while piece := connection.recv(MIB):
            size += len(piece)
    return size


def _send_what_fits(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # its turn has not come, or it was refused
        connection.sendall(data)


def memory(server: LiveServer) -> int:
    """Return the highest resident size so far, in MiB."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
