"""Raw bytes on the wire: what is not proper HTTP, or only looks like it, gets nothing, and the server lives on."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from tests.live_server import LiveServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("transport") / "data", TRANSFER_TIMEOUT="3") as server:
        yield server
        assert "Traceback" not in server.output


@pytest.fixture(autouse=True)
def alive(server: LiveServer) -> Iterator[None]:
    """Whatever a test sends, others are served after it."""
    yield
    assert httpx2.get(f"{server.url}/health").status_code == 200


def ask(server: LiveServer, request: bytes) -> bytes:
    """Return all that is answered, up to the end of the connection."""
    address, answer = urlsplit(server.url), b""
    with closing(socket.create_connection((str(address.hostname), address.port or 0), timeout=10)) as connection:
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            return answer
    return answer


def status(answer: bytes) -> int:
    return int(answer.split()[1]) if answer else 0


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    "path",
    [
        *("//api/images/daily", "/API/images/daily", "/api;x/images/daily", "/api/./images/daily"),
        *("/api/../api/images/daily", "/api/images/%64aily", "/api%2fimages%2fdaily", "/api/images/daily%00"),
        *(
            "http://localhost/api/images/daily",
            "http://evil.example/api/images/daily",
            "*",
            "/api/images/daily?x=/health",
        ),
    ],
)
def test_53_no_spelling_of_a_path_goes_past_sign_in(server: LiveServer, path: str) -> None:
    assert status(ask(server, get(path))) in (400, 401, 404)


@pytest.mark.parametrize("hosts", [("a", "b"), ("a b",), ("localhost/api/health?",), ("[::1",)])
def test_53_no_host_goes_past_sign_in(server: LiveServer, hosts: tuple[str, ...]) -> None:
    lines = ["GET /api/images/daily HTTP/1.1", *(f"Host: {host}" for host in hosts), "Connection: close", "", ""]
    assert status(ask(server, "\r\n".join(lines).encode())) in (400, 401)


def test_54_a_method_cannot_be_overridden(server: LiveServer) -> None:
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        assert status(ask(server, get("/api/images/save", f"{name}: POST"))) in (401, 404)
        assert status(ask(server, get("/api/auth/account?_method=DELETE", f"{name}: DELETE"))) == 405


@pytest.mark.parametrize("secret", [".env", ".git/config", "data/kv.sqlite3", "server/app.py", "proc/self/environ"])
def test_56_nothing_of_the_inside_is_served(server: LiveServer, secret: str) -> None:
    for prefix in ("/", "/frontend/", "/frontend/../", "/frontend/..%2f", "/vendor/pyodide/../../../", "//"):
        assert status(ask(server, get(prefix + secret))) in (400, 404)


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: -1",),
        ("Content-Length: ten",),
        ("Content-Length: 1e1",),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: chunked, gzip",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    ],
)
def test_96_framing_that_is_not_clear_is_refused(server: LiveServer, headers: tuple[str, ...]) -> None:
    answer = ask(server, get("/api/auth/login", *headers, method="POST") + b"{}")
    assert status(answer) in (400, 501)


def test_96_a_length_beside_chunks_smuggles_nothing(server: LiveServer) -> None:
    head = get("/api/auth/login", "Content-Length: 4", "Transfer-Encoding: chunked", method="POST")
    answer = ask(server, head + b"0\r\n\r\n" + get("/health"))
    assert status(answer) in (400, 415)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "request_",
    [
        get("/health", *(f"X-{number}: {'x' * 200}" for number in range(300))),
        get("/health", f"X: {'x' * 200_000}"),
        get("/" + "x" * 100_000),
    ],
)
def test_99_a_head_has_its_limit(server: LiveServer, request_: bytes) -> None:
    assert status(ask(server, request_)) in (0, 400, 414, 431)


@pytest.mark.parametrize(
    "garbage",
    [
        bytes.fromhex("16030100a5010000a10303") + os.urandom(160),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        bytes(1000),
        b"GET\x00/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n\r\n",
        "获取 /health HTTP/1.1\r\n\r\n".encode(),
    ],
)
def test_101_what_is_not_http_is_closed(server: LiveServer, garbage: bytes) -> None:
    assert status(ask(server, garbage)) in (0, 400, 404, 405, 505)


def test_105_trace_shows_nothing_of_the_request(server: LiveServer) -> None:
    answer = ask(server, get("/api/config", "X-Secret: mirror", method="TRACE"))
    assert status(answer) == 405
    assert b"mirror" not in answer


@pytest.fixture
def starved(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "data") as server:
        yield server


def test_35_no_more_file_descriptors(starved: LiveServer) -> None:
    """The server waits until there are some again; nothing is lost."""
    server = starved
    before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{server.pid}/fd"))  # noqa: PTH208 - only their number
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (used + 5, before[1]))
    address = urlsplit(server.url)
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(closing(socket.create_connection((str(address.hostname), address.port or 0))))
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
    form = {"username": "A", "email": f"{uuid4().hex}@example.com", "password": "correct horse"}
    assert httpx2.post(f"{server.url}/api/auth/register", json=form, timeout=10).status_code == 201
