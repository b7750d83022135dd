"""The database in memory keeps the promise. `tests/browser` runs the same contract on IndexedDB."""

import pytest

from frontend.database import Change, Database, DiskFull, FallbackDatabase, MemoryDatabase, Put

from .database_contract import TESTS, DatabaseContract


async def open_memory() -> Database:
    return MemoryDatabase()


@pytest.mark.parametrize("name", TESTS)
async def test_memory(name: str) -> None:
    await getattr(DatabaseContract(open_memory), name)()


class FullDisk(MemoryDatabase):
    """Refuses writes that would make it hold more than `room` blobs."""

    durable = True
    room = 1

    async def write(self, *changes: Change) -> None:
        more = sum(isinstance(change, Put) and change.store == "blobs" for change in changes)
        if more and len(self._stores["blobs"]) + more > self.room:
            raise DiskFull
        await super().write(*changes)


def image(name: str, state: str) -> list[Change]:
    return [Put("images", {"id": name, "state": state}), Put("blobs", {"id": name, "blob": name})]


async def open_fallback() -> Database:
    return FallbackDatabase(MemoryDatabase(), lambda: None)


@pytest.mark.parametrize("name", TESTS)
async def test_fallback(name: str) -> None:
    await getattr(DatabaseContract(open_fallback), name)()


async def test_a_full_disk_gives_up_bytes_that_the_server_has() -> None:
    disk = FullDisk()
    database = FallbackDatabase(disk, lambda: pytest.fail("there was room"))
    await database.write(*image("saved", "saved"))
    await database.write(*image("new", "pending"))

    assert [record["id"] for record in await disk.all("blobs")] == ["new"]
    assert len(await disk.all("images")) == 2
    assert database.durable


async def test_a_full_disk_never_gives_up_unsent_bytes_and_goes_on_in_memory() -> None:
    fallen: list[bool] = []
    disk = FullDisk()
    database = FallbackDatabase(disk, lambda: fallen.append(True))
    await database.write(*image("unsent", "pending"), Put("outbox", {"id": "unsent", "image_id": "unsent"}))
    await database.write(*image("new", "pending"))

    assert (fallen, database.durable) == ([True], False)
    assert {record["id"] for record in await database.all("blobs")} == {"unsent", "new"}
    assert [record["id"] for record in await disk.all("blobs")] == ["unsent"]
