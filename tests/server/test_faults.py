"""Every call to the store fails once, before or after it took effect: nothing is half done, and a retry settles it."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import pytest

from server.accounts import Accounts, User
from server.errors import EmailTaken, NotFound, StorageUnavailable, UnknownUser
from server.formats import inspect as inspect_image
from server.images import Images
from server.kv.base import Engine, Namespace
from server.kv.sqlite import SQLite
from server.passwords import Passwords
from server.records import Draft, digest
from server.schemas import ImageDetails
from tests.server.conftest import CHEAP, Clock
from tests.server.faulty import Faulty, When
from tests.server.kv_contract import KVContract
from tests.server.pictures import png

pytestmark = pytest.mark.anyio
T = TypeVar("T")
WHEN: tuple[When, ...] = ("before", "after")
CONTRACT = [name for name in vars(KVContract) if name.startswith("test_") and "key_is" not in name]
PASSWORDS = Passwords(CHEAP)


def faults(clock: Clock, when: When) -> Iterator[Faulty]:
    """Give engines that fail at their first call, second call, and so on, until one had no call left to fail at."""
    for nth in range(1, 2000):
        engine = Faulty(SQLite("", clock=clock, max_bytes=1 << 30), nth, when)
        yield engine
        engine.close()
        if not engine.has_failed:
            assert nth > 1
            return


async def again(work: Callable[[], Awaitable[T]]) -> T:
    """Do it, and once more when the store failed, as clients do."""
    try:
        return await work()
    except StorageUnavailable:
        return await work()


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("name", [name for name in CONTRACT if "sweep" not in name])
async def test_the_contract_with_every_call_failing(clock: Clock, name: str, when: When) -> None:
    for engine in faults(clock, when):
        test, before = getattr(KVContract(), name), asyncio.all_tasks()
        given = {"store": Namespace(engine, "TEST"), "engine": engine, "clock": clock}
        with suppress(StorageUnavailable):
            await test(**{name: given[name] for name in inspect.signature(test).parameters})
        await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
        await _assert_consistent(Namespace(engine.inner, "TEST"))


async def _assert_consistent(store: Namespace) -> None:
    """Nothing that is listed is missing or differs."""
    for key in (await store.list()).keys:
        entry = await store.get(key.name)
        assert entry is not None
        assert (entry.version, entry.metadata) == (key.version, key.metadata)


def draft(number: int, replace: str | None = None) -> Draft:
    data = png(size=2000, colour=number)
    return Draft(ImageDetails("p", replace=replace), data, inspect_image(data), digest(data))


class World:
    """Accounts and images over an engine, and a client that retries."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.accounts = Accounts(Namespace(engine, "USERS"), PASSWORDS, clock)
        self.images = Images(Namespace(engine, "IMAGES_CACHE"), max_images=2, ttl=60, clock=clock)

    async def register(self) -> User:
        try:
            return await again(lambda: self.accounts.register("Ann", "ann@example.com", "correct horse"))
        except EmailTaken:  # the answer was lost, not the account
            return await again(lambda: self.accounts.login("ann@example.com", "correct horse"))

    async def save(self, user: str, number: int, replace: str | None = None) -> str:
        saved = await again(lambda: self.images.save(user, draft(number, replace), f"key{number}"))
        return saved.record.id

    async def delete(self, user: str, image: str) -> None:
        with suppress(NotFound):  # it is gone, which was wanted
            await again(lambda: self.images.delete(user, image))

    async def listed(self, user: str) -> list[str]:
        return [record.id for record in await again(lambda: self.images.live(user))]

    async def read(self, user: str, image: str) -> bytes:
        return (await again(lambda: self.images.read(user, image)))[1]

    async def change_password(self, user: User) -> User:
        """Change it, or find that it was changed by the attempt whose answer was lost."""
        found = await self.accounts.find(user.id)
        if found.token_version > user.token_version:
            return found
        return await self.accounts.change_password(found, "correct horse", "battery staple")

    async def leave(self, user: User) -> None:
        await again(lambda: self.images.close(user.id))
        with suppress(UnknownUser):
            await again(lambda: self.accounts.delete(user))


@pytest.mark.parametrize("when", WHEN)
async def test_a_whole_life_with_every_call_failing(clock: Clock, when: When) -> None:
    for engine in faults(clock, when):
        await live(World(engine, clock))


async def live(world: World) -> None:
    user = await world.register()
    first, second = await world.save(user.id, 1), await world.save(user.id, 2)
    third = await world.save(user.id, 3, replace=first)
    assert await world.listed(user.id) == [second, third]
    await world.delete(user.id, second)
    fourth = await world.save(user.id, 4)
    assert await world.listed(user.id) == [third, fourth]
    assert [await world.read(user.id, image) for image in (third, fourth)] == [draft(3).data, draft(4).data]
    changed = await again(lambda: world.change_password(user))
    assert changed.token_version == user.token_version + 1
    await world.leave(user)
    assert await world.listed(user.id) == []
    assert (await world.register()).id != user.id
