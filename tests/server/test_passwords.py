"""Password hashes."""

import asyncio
import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher

from server import passwords
from server.errors import Overloaded
from server.limits import HASHES_AT_ONCE, HASHES_WAITING
from server.passwords import Passwords
from tests.server.conftest import CHEAP

pytestmark = pytest.mark.anyio


async def test_hash_and_verify_compare_exactly() -> None:
    made = Passwords(CHEAP)
    secret = " Pässwörd\0😀 " + "x" * 1000
    hashed = await made.hash(secret)

    assert hashed.startswith("$argon2id$")
    assert await made.verify(hashed, secret)
    assert not await made.verify(hashed, secret.strip())
    assert not await made.verify(hashed, secret[:-1])


async def test_no_account_costs_a_hash_too_and_is_false() -> None:
    calls = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
            calls.append(hash)
            return super().verify(hash, password)

    made = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))

    assert not await made.verify(None, "an unknown address costs as much as a wrong password")
    assert len(calls) == 1


async def test_few_at_once_some_waiting_the_rest_refused() -> None:
    running, most, gate = 0, 0, threading.Event()

    def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        gate.wait(5)
        running -= 1

    made = Passwords(CHEAP)
    jobs = [asyncio.create_task(made._run(work)) for _ in range(HASHES_AT_ONCE + HASHES_WAITING + 3)]
    await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
    gate.set()
    results = await asyncio.gather(*jobs, return_exceptions=True)

    assert sum(isinstance(result, Overloaded) for result in results) == 3
    assert most == HASHES_AT_ONCE


async def test_production_parameters_are_owasps() -> None:
    assert (passwords.HASHER.memory_cost, passwords.HASHER.time_cost, passwords.HASHER.parallelism) == (19456, 2, 1)
    assert Passwords(CHEAP).is_outdated(passwords.HASHER.hash("x"))
