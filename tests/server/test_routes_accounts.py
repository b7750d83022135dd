"""Sign-up and sign-in as clients see them; what ends a session is in test_auth."""

from typing import Any

import httpx2
import pytest

from server.times import iso
from tests.server.conftest import PASSWORD, Clock, Person, refusal

pytestmark = pytest.mark.anyio
FORM = {"username": "Ann", "email": "Ann@Example.com", "password": PASSWORD}


async def test_register_answers_as_the_original(client: httpx2.AsyncClient, clock: Clock) -> None:
    answer = await client.post("/api/auth/register", json=FORM)
    body = answer.json()
    assert answer.status_code == 201
    assert (body["success"], body["message"], len(body["token"].split("."))) == (True, "注册成功", 3)
    user = body["user"]
    assert len(user.pop("id")) == 32
    assert user == {"username": "Ann", "email": "ann@example.com", "createdAt": iso(clock.now)}


async def test_login_answers_as_the_original(client: httpx2.AsyncClient, ann: Person) -> None:
    answer = await client.post("/api/auth/login", json=FORM, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert (answer.json()["message"], answer.json()["user"]) == ("You are signed in", ann.user)


async def test_validate(ann: Person) -> None:
    assert (await ann.get("/api/auth/validate")).json() == {"success": True, "user": ann.user}


async def test_a_taken_address(client: httpx2.AsyncClient, ann: Person) -> None:
    answer = await client.post("/api/auth/register", json={**FORM, "email": "ANN@EXAMPLE.COM"})
    assert refusal(answer) == (409, "email_taken")
    assert answer.json()["error"] == "该邮箱已被注册"


async def test_unknown_address_and_wrong_password_say_the_same(client: httpx2.AsyncClient, ann: Person) -> None:
    wrong = await client.post("/api/auth/login", json={"email": FORM["email"], "password": "wrong"})
    unknown = await client.post("/api/auth/login", json={"email": "who@example.com", "password": "wrong"})
    assert refusal(wrong) == refusal(unknown) == (401, "invalid_credentials")
    assert wrong.content == unknown.content


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"username": ""}, "missing_field", "username"),
        ({"email": ""}, "missing_field", "email"),
        ({"password": ""}, "missing_field", "password"),
        ({"username": 5}, "invalid_field", "username"),
        ({"username": "x" * 51}, "invalid_field", "username"),
        ({"username": "a\nb"}, "invalid_field", "username"),
        ({"email": "no address"}, "invalid_email", "email"),
        ({"email": "x" * 50_000}, "invalid_email", "email"),
        ({"email": {"$ne": None}}, "invalid_email", "email"),
        ({"password": "1234567"}, "invalid_password", "password"),
        ({"password": "x" * 1025}, "invalid_password", "password"),
        ({"password": ["x"] * 9}, "invalid_field", "password"),
    ],
)
async def test_bad_fields_are_named(client: httpx2.AsyncClient, changed: dict[str, Any], code: str, field: str) -> None:
    answer = await client.post("/api/auth/register", json=FORM | changed)
    assert refusal(answer) == (422, code)
    assert answer.json()["field"] == field


async def test_a_form_is_small(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/auth/login", json={**FORM, "password": "x" * 100_000})
    assert refusal(answer) == (413, "body_too_large")


async def test_privileges_cannot_be_asked_for(client: httpx2.AsyncClient) -> None:
    more = {"id": "mine", "token_version": 9, "role": "admin", "created_at": "x"}
    assert (await client.post("/api/auth/register", json=FORM | more)).json()["user"].keys() == {
        "id",
        "username",
        "email",
        "createdAt",
    }


async def test_a_new_password_is_checked_like_the_first(ann: Person) -> None:
    answer = await ann.post("/api/auth/password", {"currentPassword": PASSWORD, "newPassword": "short"})
    assert refusal(answer) == (422, "invalid_password")
    assert answer.json()["field"] == "newPassword"
