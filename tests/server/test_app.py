"""The whole: every answer's headers, what is not there, configuration, health, and the last resort."""

import io
import re
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route

from server import logs
from server.app import create_app
from server.errors import StorageBusy
from server.kv.sqlite import SQLite
from server.settings import Settings
from tests.server.conftest import Clock, Person, Serve, refusal

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api", 404, "route_not_found"),
        ("GET", "/api/nothing", 404, "route_not_found"),
        ("GET", "/api/images/daily/", 404, "route_not_found"),
        ("GET", "/API/images/daily", 404, "route_not_found"),
        ("GET", "/.env", 404, "route_not_found"),
        ("GET", "/data/kv.sqlite3", 404, "route_not_found"),
        ("GET", "/server/app.py", 404, "route_not_found"),
        ("GET", "/api/auth/register", 405, "method_not_allowed"),
        ("PUT", "/api/auth/login", 405, "method_not_allowed"),
        ("TRACE", "/api/config", 405, "method_not_allowed"),
        ("OPTIONS", "/api/images/daily", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there(client: httpx2.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    answer = await client.request(method, path)
    assert refusal(answer) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


async def test_every_answer_is_guarded(client: httpx2.AsyncClient, ann: Person) -> None:
    for path in ("/api/config", "/api/nothing", "/health", "/api/images/daily", "/api/images/save", "/robots.txt"):
        headers = (await ann.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
        assert headers["cache-control"] in ("no-store", "private, no-cache")
        assert not any(name.startswith("access-control") for name in headers)


async def test_refusals_are_in_the_callers_language(client: httpx2.AsyncClient) -> None:
    for header, sentence in (("zh-CN", "需要登录"), ("en-US", "Please sign in")):
        answer = await client.get("/api/images/daily", headers={"Accept-Language": header})
        assert answer.json()["error"] == sentence


async def test_config(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/config")).json()
    expected = {"success": True, "maxCount": 3, "maxImageBytes": 2097152, "ttlSeconds": 86400, "onFull": "refuse"}
    assert expected.items() <= body.items()
    assert (body["server_time"], body["providers"], body["user"]) == ("2027-01-15T08:00:00.000Z", [], None)


async def test_config_says_who_is_signed_in(ann: Person) -> None:
    assert (await ann.get("/api/config")).json()["user"] == ann.user


async def test_health(client: httpx2.AsyncClient) -> None:
    for path in ("/health", "/health/ready"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_not_ready_says_why(client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQLite, "commit", refuse)
    answer = await client.get("/health/ready")
    assert refusal(answer) == (503, "not_ready")
    assert answer.json()["reason"] == "storage_busy"
    assert answer.headers["retry-after"] == "2"


async def refuse(*_: object) -> bool:
    raise StorageBusy(retry_after=2)


async def crash(*_: object) -> bool:
    raise RuntimeError("secret detail")


async def test_an_accident_tells_the_client_nothing(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQLite, "commit", crash)
    answer = await ann.save()
    assert refusal(answer) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_small_things_that_browsers_ask_for(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/favicon.ico")).status_code == 204
    assert "Disallow: /" in (await client.get("/robots.txt")).text


async def test_the_log_has_no_secrets(serve: Serve, stream: io.StringIO) -> None:
    logs.set_up("debug", stream)
    async with serve() as client:
        form = {"username": "Ann", "email": "private@example.com", "password": "private password"}
        ann = Person(client, (await client.post("/api/auth/register", json=form)).json())
        await ann.save(prompt="private prompt")
        await ann.get("/api/images/unknown")
    assert "private" not in stream.getvalue()
    assert ann.token not in stream.getvalue()


def test_every_route_of_the_original_is_there(tmp_path: Path, clock: Clock) -> None:
    app = create_app(Settings(data_dir=str(tmp_path), kv_url="sqlite://"), clock=clock, root=tmp_path)
    served = {
        (method, route.path) for route in app.routes if isinstance(route, Route) for method in route.methods or ()
    }
    wanted = {("POST", "/api/auth/register"), ("POST", "/api/auth/login"), ("GET", "/api/auth/validate")}
    wanted |= {("POST", "/api/images/save"), ("GET", "/api/images/daily"), ("GET", "/api/images/stats")}
    wanted |= {("GET", "/api/images/{id}"), ("GET", "/api/images/download/{id}"), ("DELETE", "/api/images/{id}")}
    assert wanted <= served
    assert all(re.fullmatch(r"/[\w./{}-]*", path) for _, path in served)
