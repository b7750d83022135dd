"""Rows of the catalogue of faults and bad input that no other file covers, named by their number."""

import asyncio
import re
import struct
from pathlib import Path
from typing import Any

import apsw
import pytest

from server.app import create_app
from server.formats import inspect
from server.kv import sqlite_file
from server.settings import Settings
from tests.server.conftest import PASSWORD, Clock, Person, Serve, refusal, sign_up
from tests.server.pictures import chunk, png

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]


async def test_05_invalid_uploads_take_no_slot(ann: Person) -> None:
    for _ in range(10):
        assert (await ann.save(b"nothing")).status_code == 415
    assert [(await ann.save(png(colour=number))).status_code for number in range(3)] == [201] * 3


async def test_06_the_quota_counts_whatever_is_claimed(ann: Person) -> None:
    for number in range(3):
        await ann.save(png(colour=number))
    form = {"email": "ann@example.com", "password": PASSWORD}
    other = Person(ann.client, (await ann.client.post("/api/auth/login", json=form)).json())
    ann.client.cookies.clear()
    claims: dict[str, Any] = {
        "user_id": "other",
        "created_at": "2000-01-01T00:00:00.000Z",
        "maxCount": 99,
        "date": "2000-01-01",
    }
    assert refusal(await other.save(**claims)) == (429, "quota_exceeded")
    headers = {**other.headers, "X-Forwarded-For": "203.0.113.9", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}
    answer = await ann.client.post("/api/images/save", json={"prompt": "p", "data": "AAAA"}, headers=headers)
    assert answer.status_code == 415
    assert len(await ann.ids()) == 3


async def test_29_a_revoked_token_stays_revoked_after_a_restart(serve: Serve) -> None:
    async with serve() as client:
        ann = await sign_up(client)
        await ann.post("/api/auth/logout")
    async with serve() as client:
        ann.client = client
        assert refusal(await ann.get("/api/auth/validate")) == (401, "jwt_invalid_or_expired")


async def test_30_a_foreign_tool_that_locks_the_store(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT", 200)
    async with serve() as client:
        await _locked(await sign_up(client), tmp_path)


async def _locked(ann: Person, tmp_path: Path) -> None:
    await ann.save()
    foreign = apsw.Connection(str(tmp_path / "kv.sqlite3"))
    foreign.execute("BEGIN IMMEDIATE")
    answer = await ann.save(png(colour=1))
    assert len(await ann.ids()) == 1  # reading goes on
    foreign.execute("ROLLBACK")
    foreign.close()
    assert refusal(answer) == (503, "storage_busy")
    assert answer.headers["retry-after"] == "2"
    assert (await ann.save(png(colour=1))).status_code == 201


async def test_36_an_image_that_expires_meanwhile_is_whole_or_gone(ann: Person, clock: Clock) -> None:
    image = (await ann.save(png(size=500_000))).json()["id"]

    async def expire() -> None:
        await asyncio.sleep(0.001)
        clock.now += 86_400 - 30

    clock.now += 29
    answers = await asyncio.gather(*(ann.get(f"/api/images/{image}/content") for _ in range(20)), expire())
    assert {answer.status_code for answer in answers if answer} <= {200, 401, 404}
    assert all(answer.content == png(size=500_000) for answer in answers if answer and answer.status_code == 200)


async def test_50_foreign_ids_by_every_method(ann: Person, bob: Person) -> None:
    foreign = (await bob.save()).json()
    for path in (f"/api/images/{foreign['id']}/content", f"/api/images/download/{foreign['id']}"):
        assert (await ann.head(path)).status_code == 404
        assert (await ann.get(path, Range="bytes=0-0")).status_code == 404
        assert (await ann.get(path, **{"If-None-Match": f'"{foreign["sha256"]}"'})).status_code == 404
    assert refusal(await ann.delete(f"/api/images/{foreign['id']}")) == (404, "not_found")
    assert refusal(await ann.save(replace=foreign["id"])) == (404, "not_found")
    assert await bob.ids() == [foreign["id"]]


def test_70_unusual_but_whole_pictures_are_kept() -> None:
    head = b"\x89PNG\r\n\x1a\n"
    deep = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 6, 0, 0, 0))
    moving = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", bytes(26))
    for chunks in (deep, deep + moving):
        assert inspect(head + chunks + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")).content_type == "image/png"


@pytest.mark.parametrize(
    "prompt",
    [
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE entries; --",
        "{{7*7}} ${7*7} %s %n",
        "a\u202eb",
        "a\u200bb",
        "👩‍🚀",
    ],
)
async def test_78_prompts_come_back_unchanged(ann: Person, prompt: str) -> None:
    image = (await ann.save(prompt=prompt)).json()
    assert image["prompt"] == prompt
    assert (await ann.get("/api/images/daily")).json()["images"][0]["prompt"] == prompt
    disposition = (await ann.get(f"/api/images/download/{image['id']}")).headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"image-[0-9a-f]{8}\.png\"; filename\*=UTF-8''[\w.%~-]+", disposition)


@pytest.mark.parametrize(
    "password", ["spaces in it", " leading", "emoji 🔑🔑🔑", "nul\0inside", "ä" * 80, "Case Matters"]
)
async def test_86_passwords_are_compared_exactly(ann: Person, password: str) -> None:
    form = {"username": "A", "email": "exact@example.com", "password": password}
    assert (await ann.client.post("/api/auth/register", json=form)).status_code == 201
    for given, status in ((password, 200), (password.strip() + "x", 401), (password.swapcase() + " ", 401)):
        answer = await ann.client.post("/api/auth/login", json={**form, "password": given})
        assert answer.status_code == status
    ann.client.cookies.clear()


async def test_91_user_names_are_text(ann: Person) -> None:
    form = {"username": "<script>alert(1)</script>", "email": "script@example.com", "password": PASSWORD}
    answer = await ann.client.post("/api/auth/register", json=form)
    assert answer.json()["user"]["username"] == form["username"]
    assert answer.headers["content-type"] == "application/json"


def test_117_every_dependency_is_pinned_by_its_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        entries = re.split(r"\n(?=[a-z])", (ROOT / name).read_text(encoding="utf-8"))
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_118_nothing_is_debugged_in_production(tmp_path: Path, clock: Clock) -> None:
    app = create_app(Settings(data_dir=str(tmp_path), kv_url="sqlite://"), clock=clock, root=tmp_path)
    assert app.debug is False
