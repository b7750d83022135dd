"""Rate limits: who is counted, what is refused, and that the owner of an account is not the one who suffers."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from server.app import create_app
from server.passwords import Passwords
from server.rates import TIDY_INTERVAL, Counts
from server.settings import Settings
from tests.server.conftest import CHEAP, PASSWORD, Person, Serve, refusal, sign_up

pytestmark = pytest.mark.anyio
PROXY = "10.0.0.1"  # the address that the tests' client has
WRONG = {"email": "ann@example.com", "password": "wrong password"}
RIGHT = {"email": "ann@example.com", "password": PASSWORD}


@asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the server as seen from PROXY; the client names its own address by `X-Forwarded-For`."""
    given = Settings(**{"kv_url": "sqlite://", "jwt_secret": "kR8w2Jq0vXy6ZtB1nM4pLs7dFgHa3cEu", **settings})
    app = create_app(given, passwords=Passwords(CHEAP))
    transport = httpx2.ASGITransport(app=app, client=(PROXY, 1234))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client,
    ):
        yield client


async def login(client: httpx2.AsyncClient, form: dict[str, str], address: str = "") -> httpx2.Response:
    headers = {"X-Forwarded-For": address} if address else {}
    answer = await client.post("/api/auth/login", json=form, headers=headers)
    client.cookies.clear()
    return answer


async def test_wrong_passwords_are_limited_and_the_wait_is_told() -> None:
    async with served(limit_login_failures="3/day") as client:
        await sign_up(client)
        assert [(await login(client, WRONG)).status_code for _ in range(4)] == [401, 401, 401, 429]
        answer = await login(client, RIGHT)
    assert refusal(answer) == (429, "too_many_attempts")
    assert 0 < int(answer.headers["retry-after"]) == answer.json()["retry_after"] <= 86_400


async def test_right_passwords_do_not_count() -> None:
    async with served(limit_login_failures="2/day") as client:
        await sign_up(client)
        assert [(await login(client, RIGHT)).status_code for _ in range(5)] == [200] * 5


async def test_an_attacker_does_not_lock_out_the_owner() -> None:
    async with served(limit_login_failures="3/day", trusted_proxies=PROXY) as client:
        ann = await sign_up(client)
        for _ in range(5):
            attacked = await login(client, WRONG, "203.0.113.9")
        assert attacked.status_code == 429
        assert (await ann.get("/api/auth/validate")).status_code == 200
        assert (await login(client, RIGHT, "198.51.100.7")).status_code == 200


async def test_changing_forwarded_addresses_does_not_help_a_stranger() -> None:
    """60 guesses, each with another X-Forwarded-For, and nobody named a proxy."""
    async with served() as client:
        await sign_up(client)
        statuses = [(await login(client, WRONG, f"198.51.100.{number}")).status_code for number in range(60)]
    assert statuses == [401] * 10 + [429] * 50


async def test_many_accounts_from_one_address_are_limited_too() -> None:
    async with served(limit_login_failures="2/day") as client:
        forms = [{"email": f"person{number}@example.com", "password": "12345"} for number in range(12)]
        statuses = [(await login(client, form)).status_code for form in forms]
    assert statuses == [401] * 10 + [429] * 2


async def test_other_spellings_of_an_address_are_the_same_account() -> None:
    async with served(limit_login_failures="3/day") as client:
        await sign_up(client)
        spellings = ("ann@example.com", " ANN@example.com", "ａｎｎ@example.com", "Ann@Example.com")
        statuses = [(await login(client, {**WRONG, "email": spelling})).status_code for spelling in spellings]
    assert statuses == [401, 401, 401, 429]


async def test_passwords_tried_at_once_count_at_once() -> None:
    async with served(limit_login_failures="3/day") as client:
        await sign_up(client)
        answers = await asyncio.gather(*(login(client, WRONG) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 3 + [429] * 17


async def test_a_stolen_session_cannot_guess_the_password_either() -> None:
    async with served(limit_login_failures="2/day") as client:
        ann = await sign_up(client)
        guess = {"currentPassword": "wrong password", "newPassword": "battery staple"}
        statuses = [(await ann.post("/api/auth/password", guess)).status_code for _ in range(3)]
        deleted = await ann.delete("/api/auth/account", {"password": "wrong password"})
    assert (statuses, deleted.status_code) == ([403, 403, 429], 429)


async def test_an_ipv6_customer_is_one_address() -> None:
    async with served(limit_login_failures="2/day", trusted_proxies=PROXY) as client:
        await sign_up(client)
        for number in range(3):
            last = await login(client, WRONG, f"2001:db8:1:2:{number}::1")
        elsewhere = await login(client, WRONG, "2001:db8:1:3::1")
    assert (last.status_code, elsewhere.status_code) == (429, 401)


async def test_registrations_are_limited_by_address() -> None:
    async with served(limit_registrations="2/day", trusted_proxies="10.0.0.0/8") as client:
        for number in range(3):
            form = {"username": "A", "email": f"p{number}@example.com", "password": PASSWORD}
            last = await client.post("/api/auth/register", json=form)
        elsewhere = await client.post("/api/auth/register", json=form, headers={"X-Forwarded-For": "203.0.113.9"})
    assert refusal(last) == (429, "rate_limited")
    assert elsewhere.status_code == 201


async def test_saves_count_also_when_they_are_refused() -> None:
    async with served(limit_saves="2/day") as client:
        ann, bob = await sign_up(client), await sign_up(client, "bob@example.com")
        answers = [await ann.save(b"no image") for _ in range(3)]
        assert [refusal(answer) for answer in answers] == [(415, "not_an_image")] * 2 + [(429, "rate_limited")]
        assert (await bob.save()).status_code == 201


async def test_reads_are_limited_by_account_and_without_one_by_address() -> None:
    async with served(limit_reads="3/day") as client:
        ann, bob = await sign_up(client), await sign_up(client, "bob@example.com")
        assert [(await ann.get("/api/images/daily")).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert (await bob.get("/api/images/stats")).status_code == 200
        strangers = [refusal(await client.get("/api/images/daily")) for _ in range(4)]
    assert strangers == [(401, "no_authorization_token")] * 3 + [(429, "rate_limited")]


async def test_a_trusted_proxy_says_that_it_was_https() -> None:
    form = {"username": "A", "email": "a@example.com", "password": PASSWORD}
    for proxies, prefix in ((PROXY, "__Host-hd_session="), ("", "hd_session=")):
        async with served(trusted_proxies=proxies) as client:
            answer = await client.post("/api/auth/register", json=form, headers={"X-Forwarded-Proto": "https"})
        assert answer.headers["set-cookie"].startswith(prefix)
        assert ("Secure" in answer.headers["set-cookie"]) == bool(proxies)


@pytest.mark.parametrize("password", ["password", "PASSWORD1", "12345678", "1qaz2wsx", "iloveyou"])
async def test_passwords_that_are_tried_first_are_refused(ann: Person, password: str) -> None:
    form = {"username": "A", "email": "a@example.com", "password": password}
    assert refusal(await ann.client.post("/api/auth/register", json=form)) == (422, "common_password")
    change = {"currentPassword": PASSWORD, "newPassword": password}
    answer = await ann.post("/api/auth/password", change)
    assert (answer.status_code, answer.json()["field"]) == (422, "newPassword")


ORIGIN = "https://shop.example"


async def test_pages_of_an_allowed_origin_use_the_api_with_a_token(serve: Serve) -> None:
    async with serve(allowed_origins=f"https://else.example, {ORIGIN}") as client:
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"}
        preflight = await client.options("/api/images/x", headers={**asked, "Access-Control-Request-Headers": "range"})
        form = {"username": "A", "email": "a@example.com", "password": PASSWORD}
        cross = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}
        signed = await client.post("/api/auth/register", json=form, headers=cross)
    assert preflight.status_code == 200
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert (signed.status_code, signed.headers["access-control-allow-origin"]) == (201, ORIGIN)
    for answer in (preflight, signed):
        assert "access-control-allow-credentials" not in answer.headers
    assert "set-cookie" not in signed.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{ORIGIN}.evil.example"])
async def test_other_origins_get_nothing(serve: Serve, origin: str) -> None:
    async with serve(allowed_origins=ORIGIN) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await client.options("/api/auth/login", headers=asked)
        posted = await client.post("/api/auth/login", json=RIGHT, headers={"Origin": origin})
    assert preflight.status_code == 400
    assert refusal(posted) == (403, "cross_site")
    assert "access-control-allow-origin" not in {**preflight.headers, **posted.headers}


def test_counting_starts_no_thread_and_forgets_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, now = Counts(), [1_800_000_000.0]
    counts.timer.join()
    monkeypatch.setattr(time, "time", lambda: now[0])
    before = threading.active_count()
    assert [counts.incr(f"{number % 50}", 10) for number in range(100)] == [1] * 50 + [2] * 50
    assert threading.active_count() == before
    now[0] += 11 + TIDY_INTERVAL
    assert counts.incr("0", 10) == 1
    assert list(counts.storage) == ["0"]
    now[0] -= 3600  # the clock is set back
    counts.incr("1", 10)
    now[0] += 20
    counts.incr("2", 10)
    now[0] += TIDY_INTERVAL
    counts.incr("3", 10)
    assert "1" not in counts.storage
