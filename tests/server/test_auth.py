"""Who is asking: by token or cookie, from our page or from elsewhere, and when a session is over."""

from typing import Any

import httpx2
import pytest

from tests.server.conftest import PASSWORD, Clock, Person, Serve, refusal, sign_up

pytestmark = pytest.mark.anyio
LOGIN = {"email": "ann@example.com", "password": PASSWORD}
PAGE = {"Sec-Fetch-Site": "same-origin"}


async def valid(person: Person) -> bool:
    return (await person.get("/api/auth/validate")).status_code == 200


async def test_no_token(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/auth/validate")
    assert refusal(answer) == (401, "no_authorization_token")
    assert answer.json()["error"] == "需要登录"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "token", "Bearer a.b.c", "Bearer " + "x" * 6000])
async def test_a_header_that_is_no_token_of_ours(client: httpx2.AsyncClient, header: str) -> None:
    answer = await client.get("/api/auth/validate", headers={"Authorization": header})
    assert answer.status_code == 401


async def test_a_token_counts_in_the_header_only(client: httpx2.AsyncClient, ann: Person) -> None:
    for path in (f"/api/auth/validate?token={ann.token}", f"/api/auth/validate?access_token={ann.token}"):
        assert refusal(await client.get(path)) == (401, "no_authorization_token")


async def test_tokens_end_after_their_time(ann: Person, clock: Clock) -> None:
    clock.now += 86400
    assert refusal(await ann.get("/api/auth/validate")) == (401, "jwt_invalid_or_expired")


async def test_logout_ends_this_token_and_no_other(client: httpx2.AsyncClient, ann: Person) -> None:
    other = Person(client, (await client.post("/api/auth/login", json=LOGIN)).json())
    client.cookies.clear()
    assert (await ann.post("/api/auth/logout")).status_code == 200
    assert not await valid(ann)
    assert await valid(other)


async def test_logout_everywhere_ends_them_all(client: httpx2.AsyncClient, ann: Person) -> None:
    other = Person(client, (await client.post("/api/auth/login", json=LOGIN)).json())
    client.cookies.clear()
    await other.post("/api/auth/logout", {"everywhere": True})
    assert not await valid(ann)
    assert not await valid(other)


async def test_a_new_password_ends_older_tokens_and_gives_a_new_one(client: httpx2.AsyncClient, ann: Person) -> None:
    change = {"currentPassword": PASSWORD, "newPassword": "another password"}
    wrong = await ann.post("/api/auth/password", {**change, "currentPassword": "wrong"})
    assert refusal(wrong) == (403, "wrong_password")
    answer = await ann.post("/api/auth/password", change)
    client.cookies.clear()

    assert not await valid(ann)
    assert await valid(Person(client, answer.json()))
    assert refusal(await client.post("/api/auth/login", json=LOGIN)) == (401, "invalid_credentials")


async def test_a_deleted_account_ends_its_tokens_and_its_images(client: httpx2.AsyncClient, ann: Person) -> None:
    await ann.save()
    assert refusal(await ann.delete("/api/auth/account", {"password": "wrong"})) == (403, "wrong_password")
    assert (await ann.delete("/api/auth/account", {"password": PASSWORD})).status_code == 200
    assert refusal(await ann.get("/api/images/daily")) == (401, "user_not_found")

    again = await sign_up(client)
    assert await again.ids() == []
    assert refusal(await ann.get("/api/auth/validate")) == (401, "user_not_found")


class TestCookie:
    @pytest.fixture
    async def page(self, client: httpx2.AsyncClient, ann: Person) -> httpx2.AsyncClient:
        """A client that is signed in by cookie, as the page is."""
        await client.post("/api/auth/login", json=LOGIN, headers=PAGE)
        return client

    async def test_no_script_can_read_it_and_no_other_site_sends_it(
        self, client: httpx2.AsyncClient, ann: Person
    ) -> None:
        answer = await client.post("/api/auth/login", json=LOGIN)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("hd_session=")
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=86400"):
            assert part in cookie
        assert "Secure" not in cookie

    async def test_under_https_it_is_bound_to_the_host(self, client: httpx2.AsyncClient, ann: Person) -> None:
        answer = await client.post("https://testserver/api/auth/login", json=LOGIN)
        assert answer.headers["set-cookie"].startswith("__Host-hd_session=")
        assert "Secure" in answer.headers["set-cookie"]

    async def test_reading_needs_nothing_else(self, page: httpx2.AsyncClient) -> None:
        assert (await page.get("/api/images/daily")).status_code == 200

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            (PAGE, 404),
            ({"Origin": "http://testserver"}, 404),
            ({}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "http://testserver.evil.example"}, 403),
            ({"Origin": "null"}, 403),
        ],
    )
    async def test_changing_needs_our_own_page(self, page: httpx2.AsyncClient, headers: Any, status: int) -> None:
        answer = await page.delete("/api/images/unknown", headers=headers)
        assert answer.status_code == status

    async def test_a_bearer_token_may_come_from_anywhere(self, client: httpx2.AsyncClient, ann: Person) -> None:
        answer = await client.delete("/api/images/unknown", headers=ann.headers | {"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 404

    async def test_logout_takes_it_back(self, page: httpx2.AsyncClient) -> None:
        answer = await page.post("/api/auth/logout", headers=PAGE)
        assert answer.status_code == 200
        assert 'hd_session=""' in answer.headers["set-cookie"]
        assert refusal(await page.get("/api/auth/validate")) == (401, "no_authorization_token")


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/register"])
async def test_nobody_is_signed_in_from_another_site(client: httpx2.AsyncClient, ann: Person, path: str) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        assert refusal(await client.post(path, json=LOGIN, headers=headers)) == (403, "cross_site")
    form = await client.post(path, data=LOGIN)
    assert refusal(form) == (415, "unsupported_media_type")


async def test_tokens_and_data_outlive_a_restart(serve: Serve) -> None:
    async with serve() as client:
        ann = await sign_up(client)
        gone = Person(client, (await client.post("/api/auth/login", json=LOGIN)).json())
        await gone.post("/api/auth/logout")
        saved = (await ann.save()).json()["id"]
    async with serve() as client:
        ann.client = gone.client = client
        assert await ann.ids() == [saved]
        assert not await valid(gone)


async def test_a_token_signed_with_another_secret(serve: Serve) -> None:
    secrets = ["kR8w2Jq0vXy6ZtB1nM4pLs7dFgHa3cEu", "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC"]
    async with serve(jwt_secret=secrets[0]) as client:
        ann = await sign_up(client)
    async with serve(jwt_secret=secrets[1]) as client:
        ann.client = client
        assert refusal(await ann.get("/api/auth/validate")) == (401, "jwt_invalid_or_expired")
