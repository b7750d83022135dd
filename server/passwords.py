"""Passwords as argon2id hashes, made and checked in threads, a few at once: each takes 19 MiB and a core."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from server.errors import CommonPassword, Overloaded
from server.limits import HASHES_AT_ONCE, HASHES_WAITING, RETRY_SOON

T = TypeVar("T")
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP; memory in KiB

_COMMON: Final = frozenset(Path(__file__).with_name("common_passwords.txt").read_text("ascii").split())


def refuse_common(field: str, password: str) -> None:
    """Raise CommonPassword for one of those that are tried first, in any case of letters."""
    if password.casefold() in _COMMON:
        raise CommonPassword(field=field)


class Passwords:
    """Hashes and verifies; raises Overloaded when too many wait already."""

    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._dummy = hasher.hash("an unknown address costs as much as a wrong password")
        self._slots = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return a salted hash in PHC format."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; None (no such account) takes as long and is False."""
        return await self._run(lambda: self._matches(hashed or self._dummy, password)) and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        async with self._queued(), self._slots:
            return await asyncio.to_thread(work)

    @asynccontextmanager
    async def _queued(self) -> AsyncIterator[None]:
        if self._waiting >= HASHES_AT_ONCE + HASHES_WAITING:
            raise Overloaded(retry_after=RETRY_SOON)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
