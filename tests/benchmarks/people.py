"""A server with signed-in accounts, and what they send it: finished requests for `load`."""

import base64
import json
import os
import struct
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.benchmarks.load import Address, Call, call
from tests.live_server import LiveServer
from tests.server.pictures import chunk

PASSWORD = "correct horse battery"
SETTINGS = {
    "MAX_STORAGE": str(16 << 30),
    "MAX_IMAGES_PER_DAY": "1000",
    "LIMIT_READS": "100000000/minute",
}


@dataclass(frozen=True)
class Person:
    """An account."""

    email: str
    token: str

    def get(self, path: str, status: int = 200, **headers: str) -> Call:
        """Return a call that reads."""
        return call("GET", path, status, b"", Authorization=f"Bearer {self.token}", **headers)

    def delete(self, image_id: str) -> Call:
        """Return a call that gives an image up."""
        return call("DELETE", f"/api/images/{image_id}", Authorization=f"Bearer {self.token}")

    def save(self, kind: str, body: bytes) -> tuple[str, Call]:
        """Return an id and the call that saves a body under it."""
        key = str(uuid4())
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Idempotency-Key": key}
        return key, call("POST", "/api/images/save", 201, body, **headers)

    def login(self) -> Call:
        """Return a call that signs in."""
        body = json.dumps({"email": self.email, "password": PASSWORD}).encode()
        return call("POST", "/api/auth/login", body=body, Content_Type="application/json")


@contextmanager
def served(folder: Path) -> Iterator[tuple[LiveServer, Address]]:
    """Run the server as it comes, only its limits are raised."""
    with LiveServer(folder, **SETTINGS) as server:
        yield server, ("127.0.0.1", int(server.url.rpartition(":")[2]))


def sign_up(url: str, name: str) -> Person:
    """Make an account."""
    email = f"{name}@example.org"
    body = json.dumps({"username": name, "email": email, "password": PASSWORD}).encode()
    request = urllib.request.Request(url + "/api/auth/register", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return Person(email, json.load(answer)["token"])


def image(size: int = 1_500_000) -> bytes:
    """Return a PNG of that many bytes, in pieces of 8 KiB as Chromium writes them."""
    noise = zlib.compress(os.urandom(size), 0)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", 1024, 1024, 8, 2, 0, 0, 0))]
    while sum(map(len, parts)) < size - 8300:
        parts.append(chunk(b"IDAT", noise[: 8 << 10]))
        noise = noise[8 << 10 :]
    parts.append(chunk(b"IDAT", noise[: size - sum(map(len, parts)) - 24]))
    return b"".join([*parts, chunk(b"IEND", b"")])


def as_form(data: bytes) -> tuple[str, bytes]:
    """Return Content-Type and body of a save by form, as a browser sends it."""
    boundary, metadata = "----WebKitFormBoundary7MA4YWxkTrZu0gW", json.dumps({"prompt": "a lake"}).encode()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"; filename="blob"\r\n'
    head += "Content-Type: application/json\r\n\r\n"
    middle = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="blob"\r\n'
    middle += "Content-Type: image/png\r\n\r\n"
    body = head.encode() + metadata + middle.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def as_json(data: bytes) -> tuple[str, bytes]:
    """Return Content-Type and body of a save by JSON."""
    body = {"prompt": "a lake", "data": base64.b64encode(data).decode()}
    return "application/json", json.dumps(body).encode()
