"""Who is signed in, also without network and also after a sign-out that nobody could be told of."""

from typing import Any

import pytest

from frontend.api import Api
from frontend.errors import Refused
from frontend.session import Session

from .conftest import FakeServer

USER = {"id": "u1", "username": "Ada", "email": "ada@example.org", "createdAt": "2027-01-15T08:00:00Z"}


class FakePreferences(dict[str, Any]):
    def put(self, name: str, value: Any) -> None:
        self[name] = value


@pytest.fixture
def preferences() -> FakePreferences:
    return FakePreferences()


@pytest.fixture
def session(server: FakeServer, api: Api, preferences: FakePreferences) -> Session:
    server.answer = lambda call: server.say(200, user=USER)  # type: ignore[method-assign]
    return Session(api, preferences)


async def test_sign_in_is_remembered_across_a_start(session: Session, api: Api, preferences: FakePreferences) -> None:
    await session.sign_in("ada@example.org", "correct horse")

    again = Session(api, preferences).account
    assert again == session.account
    assert again
    assert again.username == "Ada"


async def test_a_refused_sign_in_changes_nothing(session: Session, server: FakeServer) -> None:
    server.fail(server.refuse(401, "invalid_credentials"))

    with pytest.raises(Refused):
        await session.sign_in("ada@example.org", "wrong")

    assert session.account is None


async def test_no_answer_does_not_sign_anybody_out(session: Session, server: FakeServer) -> None:
    await session.sign_in("ada@example.org", "correct horse")
    server.fail("unreachable")

    assert await session.validate()


async def test_an_ended_session_keeps_the_account_and_says_so(session: Session, server: FakeServer) -> None:
    await session.sign_in("ada@example.org", "correct horse")
    server.fail(server.refuse(401, "jwt_invalid_or_expired"))

    assert not await session.validate()
    assert session.account
    assert session.ended


async def test_sign_out_without_network_is_said_later_and_its_cookie_signs_nobody_in(
    session: Session, server: FakeServer, preferences: FakePreferences
) -> None:
    await session.sign_in("ada@example.org", "correct horse")
    server.fail("unreachable")
    await session.sign_out()
    session.restore(USER)
    assert session.account is None

    await session.settle()

    assert preferences["unsaid_logout"] is None
    assert [call.path for call in server.calls].count("/api/auth/logout") == 2


async def test_signing_out_forgets_the_account(session: Session, preferences: FakePreferences) -> None:
    await session.sign_in("ada@example.org", "correct horse")
    await session.sign_out()

    assert (session.account, preferences["account"]) == (None, None)
