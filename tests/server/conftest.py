"""What the server's tests share: a clock that is moved, a server in this process, and people who use it."""

import base64
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from argon2 import PasswordHasher

from server import logs
from server.app import create_app
from server.passwords import Passwords
from server.settings import Settings
from tests.server.generating import served
from tests.server.pictures import png
from tests.upstream import Upstream

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # only for tests
PASSWORD = "correct horse"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    """Time that stands still until a test moves it; seconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Person:
    """An API client with a token; sends what the page sends."""

    def __init__(self, client: httpx2.AsyncClient, account: dict[str, Any]) -> None:
        self.client = client
        self.token: str = account["token"]
        self.user: dict[str, Any] = account["user"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=self.headers | headers)

    async def head(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.head(path, headers=self.headers | headers)

    async def post(self, path: str, body: object = None) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=self.headers)

    async def delete(self, path: str, body: object = None) -> httpx2.Response:
        return await self.client.request("DELETE", path, json=body, headers=self.headers)

    async def save(self, data: bytes | None = None, key: str | None = None, **fields: object) -> httpx2.Response:
        """Save by JSON; `fields` go beside the prompt and may replace it."""
        encoded = base64.b64encode(png() if data is None else data).decode()
        body = {"prompt": "a lake", "data": encoded, **fields}
        keyed = {"Idempotency-Key": key} if key is not None else {}
        return await self.client.post("/api/images/save", json=body, headers=self.headers | keyed)

    async def upload(self, data: bytes, key: str | None = None, **fields: object) -> httpx2.Response:
        """Save by form."""
        metadata = json.dumps({"prompt": "a lake", **fields})
        files: list[tuple[str, tuple[str | None, bytes, str]]] = [
            ("metadata", (None, metadata.encode(), "application/json")),
            ("image", ("image.png", data, "image/png")),
        ]
        keyed = {"Idempotency-Key": key} if key is not None else {}
        return await self.client.post("/api/images/save", files=files, headers=self.headers | keyed)

    async def ids(self) -> list[str]:
        return [image["id"] for image in (await self.get("/api/images/daily")).json()["images"]]


Serve = Callable[..., Any]


@pytest.fixture
def serve(tmp_path: Path, clock: Clock) -> Serve:
    """Give a context manager that runs the server in this process and yields a client for it."""

    @asynccontextmanager
    async def running(root: Path | None = None, **settings: Any) -> AsyncIterator[httpx2.AsyncClient]:
        given = Settings(**{"data_dir": str(tmp_path), **settings})
        app = create_app(given, clock=clock, passwords=Passwords(CHEAP), root=root or tmp_path)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client,
        ):
            yield client

    return running


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx2.AsyncClient]:
    async with serve() as client:
        yield client


async def sign_up(client: httpx2.AsyncClient, email: str = "ann@example.com", username: str = "Ann") -> Person:
    """Create an account; the client's own cookies are dropped, so that only tokens count."""
    body = {"username": username, "email": email, "password": PASSWORD}
    answer = await client.post("/api/auth/register", json=body)
    client.cookies.clear()
    assert answer.status_code == 201, answer.text
    return Person(client, answer.json())


@pytest.fixture
async def ann(client: httpx2.AsyncClient) -> Person:
    return await sign_up(client)


@pytest.fixture
async def bob(client: httpx2.AsyncClient) -> Person:
    return await sign_up(client, "bob@example.com", "Bob")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Give what the server logs."""
    stream, root = io.StringIO(), logging.getLogger()
    before, root.handlers, ours = root.handlers, [], structlog.get_config()
    logging.getLogger("httpx2").setLevel("WARNING")  # the tests' own client
    logs.set_up("info", stream)
    yield stream
    structlog.configure(**ours)
    root.handlers = before
    root.setLevel("WARNING")
    logging.getLogger("httpx2").setLevel("NOTSET")


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Return status and code of a refusal, and check its shape."""
    body = answer.json()
    assert body["success"] is False
    assert body["error"]
    assert isinstance(body["error"], str)
    return answer.status_code, body["code"]


@pytest.fixture(scope="module")
def running_upstream() -> Iterator[Upstream]:
    """Run the providers' upstream for the tests of a file."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(running_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Run our server before it, with Ann signed in."""
    with served(tmp_path_factory.mktemp("data"), running_upstream) as client:
        form = {"username": "Ann", "email": "ann@example.com", "password": "correct horse"}
        token = client.post("/api/auth/register", json=form).json()["token"]
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def upstream(running_upstream: Upstream) -> Iterator[Upstream]:
    """Give the upstream as if nobody had asked anything yet."""
    running_upstream.reset()
    yield running_upstream
    running_upstream.release()
