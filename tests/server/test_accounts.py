"""Accounts: one spelling per address, one account per address, and what ends tokens."""

import asyncio
from collections.abc import Iterator

import pytest

from server.accounts import Accounts, normalised
from server.errors import EmailTaken, InvalidCredentials, InvalidEmail, UnknownUser, WrongPassword
from server.kv.base import Namespace
from server.kv.sqlite import SQLite
from server.passwords import HASHER, Passwords
from tests.server.conftest import CHEAP, PASSWORD, Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(clock: Clock) -> Iterator[Namespace]:
    engine = SQLite("", clock=clock, max_bytes=1 << 30)
    yield Namespace(engine, "USERS")
    engine.close()


@pytest.fixture
def accounts(store: Namespace, clock: Clock) -> Accounts:
    return Accounts(store, Passwords(CHEAP), clock)


@pytest.mark.parametrize("email", ["Ann@Example.com", " ann@example.COM ", "ａｎｎ@example.com", "\tann@example.com\n"])
def test_spellings_of_one_address(email: str) -> None:
    assert normalised(email) == "ann@example.com"


@pytest.mark.parametrize("email", ["a+b@x.co", "o'hara@mail.example.org", "x_1-2.3@a-b.c1.de", "a@1.2"])
def test_addresses_that_are_kept(email: str) -> None:
    assert normalised(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@x.com",
        "ann@",
        "ann@x",
        "a@b@c.com",
        "a b@x.com",
        "a,b@x.com",
        "ann@x.com\r\nBcc: b@x.com",
        "a\x00@x.com",
        "аnn@x.com",
        "a\u200bnn@x.com",
        ".a@x.com",
        "a..b@x.com",
        "a@-x.com",
        "a@x..com",
        "a" * 250 + "@x.com",
    ],
)
def test_addresses_that_are_refused(email: str) -> None:
    with pytest.raises(InvalidEmail):
        normalised(email)


async def test_register_then_login_in_any_spelling(accounts: Accounts) -> None:
    user = await accounts.register("Ann", "Ann@Example.com", PASSWORD)
    assert (await accounts.login("ANN@example.com", PASSWORD)).id == user.id == (await accounts.find(user.id)).id
    assert "password" not in user.public()


async def test_unknown_address_and_wrong_password_are_the_same(accounts: Accounts) -> None:
    await accounts.register("Ann", "ann@x.com", PASSWORD)
    for email, password in (("ann@x.com", "wrong"), ("bob@x.com", PASSWORD), ("not an address", PASSWORD)):
        with pytest.raises(InvalidCredentials):
            await accounts.login(email, password)


async def test_one_of_many_concurrent_registrations_wins(accounts: Accounts) -> None:
    spellings = ["ann@x.com", "ANN@x.com", "Ann@X.com", " ann@x.com"]
    registrations = [accounts.register("A", email, f"password {n}") for n, email in enumerate(spellings)]
    results = await asyncio.gather(*registrations, return_exceptions=True)

    assert sum(isinstance(result, EmailTaken) for result in results) == 3
    (winner,) = [n for n, result in enumerate(results) if not isinstance(result, BaseException)]
    assert await accounts.login("ann@x.com", f"password {winner}")


async def test_revoked_tokens_are_remembered_until_they_would_have_ended(accounts: Accounts, clock: Clock) -> None:
    user = await accounts.register("Ann", "ann@x.com", PASSWORD)
    await asyncio.gather(*(accounts.revoke(user.id, f"t{n}", int(clock.now) + 10) for n in range(5)))
    assert set((await accounts.find(user.id)).revoked) == {f"t{n}" for n in range(5)}
    clock.now += 10
    await accounts.revoke(user.id, "later", int(clock.now) + 10)
    assert set((await accounts.find(user.id)).revoked) == {"later"}


async def test_a_new_password_raises_the_token_version(accounts: Accounts) -> None:
    user = await accounts.register("Ann", "ann@x.com", PASSWORD)
    with pytest.raises(WrongPassword):
        await accounts.change_password(user, "wrong", "another one")
    changed = await accounts.change_password(user, PASSWORD, "another one")

    assert changed.token_version == user.token_version + 1
    with pytest.raises(InvalidCredentials):
        await accounts.login("ann@x.com", PASSWORD)
    assert await accounts.login("ann@x.com", "another one")


async def test_of_two_password_changes_at_once_one_wins(accounts: Accounts) -> None:
    user = await accounts.register("Ann", "ann@x.com", PASSWORD)
    changes = [accounts.change_password(user, PASSWORD, f"another {n}") for n in range(4)]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert sum(isinstance(result, WrongPassword) for result in results) == 3


async def test_old_hashes_are_renewed_at_login(store: Namespace, clock: Clock) -> None:
    user = await Accounts(store, Passwords(CHEAP), clock).register("Ann", "ann@x.com", PASSWORD)
    renewed = await Accounts(store, Passwords(HASHER), clock).login("ann@x.com", PASSWORD)
    assert renewed.password != user.password
    assert renewed.token_version == user.token_version


async def test_a_deleted_account_frees_its_address_only_for_a_stranger(accounts: Accounts) -> None:
    user = await accounts.register("Ann", "ann@x.com", PASSWORD)
    await accounts.delete(user)
    with pytest.raises(UnknownUser):
        await accounts.find(user.id)
    second = await accounts.register("Eve", "ann@x.com", PASSWORD)
    with pytest.raises(UnknownUser):
        await accounts.delete(user)
    assert (await accounts.login("ann@x.com", PASSWORD)).id == second.id != user.id
