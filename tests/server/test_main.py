"""The real process: its address, its signals, its refusals to start."""

import json
import platform
import socket
import stat
from pathlib import Path

import httpx2
import pytest

from tests.live_server import LiveServer
from tests.server.pictures import png


def register(url: str, email: str = "ann@example.com") -> dict[str, str]:
    form = {"username": "Ann", "email": email, "password": "correct horse"}
    answer = httpx2.post(f"{url}/api/auth/register", json=form)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def upload(url: str, headers: dict[str, str], data: bytes) -> httpx2.Response:
    metadata = json.dumps({"prompt": "a lake"}).encode()
    files = {"metadata": (None, metadata, "application/json"), "image": ("i.png", data, "image/png")}
    return httpx2.post(f"{url}/api/images/save", files=files, headers=headers)


def test_what_was_acknowledged_survives_a_stop_and_a_kill(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as server:
        headers = register(server.url)
        first = upload(server.url, headers, png(size=100_000)).json()
        assert server.stop() == 0
        url = server.url
        server.start()
        assert server.url == url
        second = upload(server.url, headers, png(colour=1)).json()
        server.kill()
        server.start()
        listed = httpx2.get(f"{server.url}/api/images/daily", headers=headers).json()
        content = httpx2.get(f"{server.url}/api/images/{first['id']}/content", headers=headers)

    assert [image["id"] for image in listed["images"]] == [first["id"], second["id"]]
    assert content.content == png(size=100_000)
    assert "Traceback" not in server.output


def test_only_the_owner_can_read_the_data(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data"):
        paths = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
        modes = {path.name: (path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert set(modes.values()) == {(True, 0o700), (False, 0o600)}
    assert "jwt_secret" in modes
    assert not (tmp_path / "data" / "kv.sqlite3-wal").exists()  # moved into the file at the stop


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data") as first:
        with pytest.raises(RuntimeError, match=r"exit 2[\s\S]*Cannot start: .*another server is using it"):
            LiveServer(tmp_path / "data").start()
        assert httpx2.get(f"{first.url}/health").status_code == 200


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PORT": "http"}, "PORT cannot be 'http'"),
        ({"HOST": "0.0.0.0"}, "JWT_SECRET not set"),
        ({"JWT_SECRET": "your-secret-key"}, "JWT_SECRET is too short"),
        ({"KV_URL": "nosql://x"}, "KV_URL has no engine for nosql://"),
        ({"KV_URL": "sqlite:////proc/nowhere/kv"}, "the store /proc/nowhere/kv cannot be opened"),
        ({"HOST": "203.0.113.1", "JWT_SECRET": "kR8w2Jq0vXy6ZtB1nM4pLs7dFgHa3cEu"}, "HOST 203.0.113.1, PORT 0 cannot"),
    ],
)
def test_what_stops_the_start_is_one_sentence(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(RuntimeError) as told:
        LiveServer(tmp_path / "data", **settings).start()
    assert "exit 2" in str(told.value)
    assert f"Cannot start: {sentence}" in str(told.value)
    assert "Traceback" not in str(told.value)


@pytest.fixture
def live(tmp_path: Path) -> LiveServer:
    return LiveServer(tmp_path / "data")


@pytest.mark.parametrize(("signed_in", "status"), [(False, b"413"), (True, b"413")])
def test_a_client_that_sends_all_before_it_listens_sees_why_it_was_refused(
    live: LiveServer, *, signed_in: bool, status: bytes
) -> None:
    """The answer comes, not a reset connection."""
    with live as server:
        token = register(server.url)["Authorization"] if signed_in else "none"
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            head = f"POST /api/images/save HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
            connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 7000000\r\n\r\n".encode())
            for _ in range(70):
                connection.sendall(b"[" * 100_000)
            assert connection.recv(100).startswith(b"HTTP/1.1 " + status)


def test_a_stated_length_is_refused_before_the_body_comes(live: LiveServer) -> None:
    with live as server:
        token = register(server.url)["Authorization"]
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            head = f"POST /api/images/save HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
            connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {10**12}\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_client_that_goes_away_is_no_accident(live: LiveServer) -> None:
    with live as server:
        token = register(server.url)["Authorization"]
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            head = f"POST /api/images/save HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
            connection.sendall(
                f'{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"prompt'.encode()
            )
        listed = httpx2.get(f"{server.url}/api/images/daily", headers={"Authorization": token}).json()
    assert listed["count"] == 0
    assert "Traceback" not in server.output


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep no memory back")
def test_the_memory_of_a_password_s_hash_is_given_back(live: LiveServer) -> None:
    with live as server:
        httpx2.get(server.url)
        before = resident(server.pid)
        for number in range(4):
            register(server.url, f"person{number}@example.com")
        assert resident(server.pid) - before < 12  # one hash takes 20


def resident(pid: int) -> float:
    """Return MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000
