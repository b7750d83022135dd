"""The database in memory keeps the promise. `tests/browser` runs the same contract on IndexedDB."""

import pytest

from frontend.database import Database, MemoryDatabase

from .database_contract import TESTS, DatabaseContract


async def open_memory() -> Database:
    return MemoryDatabase()


@pytest.mark.parametrize("name", TESTS)
async def test_memory(name: str) -> None:
    await getattr(DatabaseContract(open_memory), name)()
