"""What an operator sees: lines, numbers, ids; and what nobody may see."""

import io
import json

import httpx2
import pytest

from server import logs
from server.kv.sqlite import SQLite
from tests.server.conftest import PASSWORD, Clock, Person, Serve, refusal, sign_up
from tests.server.pictures import png
from tests.server.test_app import crash, refuse

pytestmark = pytest.mark.anyio


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def events(stream: io.StringIO) -> list[object]:
    return [line["event"] for line in lines(stream) if line["event"] != "request"]


async def number(client: httpx2.AsyncClient, name: str) -> float:
    text = (await client.get("/metrics")).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))


async def test_every_answer_has_an_id_and_so_has_its_line(stream: io.StringIO, client: httpx2.AsyncClient) -> None:
    first, second = await client.get("/api/config"), await client.get("/api/nothing")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    (line,) = [line for line in lines(stream) if line.get("request") == second.headers["x-request-id"]]
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 404)
    assert (line["code"], line["level"], line["address"]) == ("route_not_found", "info", "127.0.0.1")


async def test_what_people_do_is_written_down(stream: io.StringIO, client: httpx2.AsyncClient) -> None:
    ann = await sign_up(client)
    image = (await ann.save(key="k")).json()
    await ann.save(key="k")
    await ann.delete(f"/api/images/{image['id']}")
    await client.post("/api/auth/login", json={"email": "ann@example.com", "password": "wrong"})
    await ann.post("/api/auth/password", {"currentPassword": PASSWORD, "newPassword": "battery staple"})
    await ann.get("/api/auth/validate")
    happened = ["registered", "image_saved", "image_replayed", "image_deleted", "wrong_password", "password_changed"]
    assert [event for event in events(stream) if event != "secret_made"] == happened
    (saved,) = [line for line in lines(stream) if line["event"] == "image_saved"]
    assert (saved["user"], saved["image"], saved["sha256"]) == (ann.user["id"], image["id"], image["sha256"][:12])


async def test_secrets_are_never_logged(stream: io.StringIO, client: httpx2.AsyncClient) -> None:
    form = {"username": "Private Ann", "email": "private@example.com", "password": "private password"}
    ann = Person(client, (await client.post("/api/auth/register", json=form)).json())
    client.cookies.clear()
    await ann.save(prompt="private prompt", negative="private wish")
    for _ in range(3):
        await ann.save(prompt="private prompt")
    await ann.get("/api/images/daily?token=private")
    await client.get("/api/images/daily", headers={"Authorization": "Bearer private.token.here"})
    await client.post("/api/auth/login", json={"email": "private@example.com", "password": "private guess"})
    await client.post("/api/auth/login", json={"email": "private2@example.com", "password": "private guess"})
    await client.post("/api/auth/register", json={**form, "email": "private at example"})
    assert "quota_exceeded" in stream.getvalue()
    assert "rivate" not in stream.getvalue()
    assert ann.token not in stream.getvalue()
    assert ann.token.rpartition(".")[2] not in stream.getvalue()


async def test_a_line_stays_one_line(stream: io.StringIO, client: httpx2.AsyncClient) -> None:
    evil = "x\r\n\u2028\x1b[31m{}"
    logs.log.info("event", value=evil)
    await client.request("GET", "/api/images/%0d%0a%1b[31m", headers={"User-Agent": "a\tb"})
    written = stream.getvalue()
    assert "\x1b" not in written
    assert "\u2028" not in written
    assert lines(stream)[-2 if len(lines(stream)) > 1 else -1]


async def test_an_accident_is_told_to_the_log_alone(
    stream: io.StringIO, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SQLite, "commit", crash)
    answer = await ann.save()
    assert refusal(answer) == (500, "internal")
    (line,) = [line for line in lines(stream) if line["event"] == "accident"]
    assert line["request"] == answer.headers["x-request-id"]
    assert "RuntimeError" in str(line["exception"])


def test_a_terminal_gets_lines_for_people(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "isatty", lambda: True)
    logs.set_up("warning", stream)
    logs.log.warning("event", value=1)
    assert "event" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


async def test_the_numbers(client: httpx2.AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await sign_up(client)
    for colour in range(4):
        await ann.save(png(size=10_000, colour=colour), key=str(colour))
    await ann.save(png(size=10_000), key="0")
    expected = {"hd_registrations_total": 1, "hd_image_saves_total": 3, "hd_quota_refusals_total": 1}
    assert {name: await number(client, name) for name in expected} == expected
    assert await number(client, 'hd_requests_total{method="POST",route="/api/images/save",status="200"}') == 1
    assert await number(client, "hd_stored_bytes") > 30_000
    monkeypatch.setattr(SQLite, "commit", refuse)
    await ann.delete(f"/api/images/{(await ann.ids())[0]}")
    assert await number(client, 'hd_store_errors_total{code="storage_busy"}') == 1


async def test_rate_refusals_are_counted(serve: Serve) -> None:
    async with serve(limit_saves="1/day") as client:
        ann = await sign_up(client)
        for _ in range(3):
            await ann.save()
        assert await number(client, 'hd_rate_refusals_total{code="rate_limited"}') == 2


async def test_strange_methods_and_paths_make_no_new_numbers(client: httpx2.AsyncClient) -> None:
    for name in ("one", "two"):
        await client.request(name.upper(), f"/{name}")
    text = (await client.get("/metrics")).text
    assert 'hd_requests_total{method="other",route="unknown",status="404"} 2.0' in text


async def test_numbers_are_for_this_machine_or_the_token(serve: Serve) -> None:
    async with serve(metrics_token="a token") as client:
        assert (await client.get("/metrics")).status_code == 200
        for headers, status in (({}, 401), ({"Authorization": "Bearer a token"}, 200), ({"Authorization": "x"}, 401)):
            answer = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9", **headers})
            assert answer.status_code == status


async def test_numbers_name_nobody(client: httpx2.AsyncClient) -> None:
    ann = await sign_up(client)
    await ann.save(prompt="private prompt")
    text = (await client.get("/metrics")).text
    assert ann.user["id"] not in text
    assert "private" not in text
