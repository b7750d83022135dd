"""What every Database promises. Runs on the one in memory under CPython, and on IndexedDB inside the page."""

from collections.abc import Awaitable, Callable
from typing import Any

from frontend.database import Change, Database, Delete, Put, Snapshot

Open = Callable[[], Awaitable[Database]]


class DatabaseContract:
    """Each method is a test; `open` gives an empty database. No pytest in here: the browser has none."""

    def __init__(self, open_database: Open) -> None:
        self.open = open_database

    async def a_missing_record_is_none(self) -> None:
        assert await (await self.open()).get("images", "nobody") is None

    async def a_record_comes_back_as_it_was(self) -> None:
        database = await self.open()
        record = {
            "id": "a",
            "number": 1.5,
            "text": "湖",
            "nothing": None,
            "yes": True,
            "nested": {"list": [1, {"b": 2}]},
        }
        await database.write(Put("images", record))
        assert await database.get("images", "a") == record

    async def a_put_replaces_and_a_delete_removes(self) -> None:
        database = await self.open()
        await database.write(Put("images", {"id": "a", "n": 1}), Put("images", {"id": "b", "n": 1}))
        await database.write(Put("images", {"id": "a", "n": 2}), Delete("images", "b"), Delete("images", "nobody"))
        assert await database.all("images") == [{"id": "a", "n": 2}]

    async def writing_nothing_is_fine(self) -> None:
        await (await self.open()).write()

    async def stores_are_apart(self) -> None:
        database = await self.open()
        await database.write(Put("images", {"id": "a"}), Put("outbox", {"id": "b"}))
        assert await database.all("outbox") == [{"id": "b"}]
        assert await database.all("blobs") == []

    async def update_sees_what_is_there_and_writes_to_any_store(self) -> None:
        database = await self.open()
        await database.write(Put("images", {"id": "a", "n": 1}))

        def decide(snapshot: Snapshot) -> list[Change]:
            assert set(snapshot) == {"images"}
            return [Put("blobs", {"id": "a", "n": snapshot["images"]["a"]["n"] + 1}), Delete("images", "a")]

        await database.update(("images",), decide)
        assert await database.all("images") == []
        assert await database.get("blobs", "a") == {"id": "a", "n": 2}

    async def update_of_one_key_reads_no_other(self) -> None:
        database = await self.open()
        await database.write(Put("images", {"id": "a"}), Put("images", {"id": "b"}))
        seen: list[dict[str, Any]] = []

        def decide(now: Snapshot) -> list[Change]:
            seen.append(now["images"])
            return []

        await database.update(("images",), decide, key="b")
        await database.update(("images",), decide, key="c")
        assert seen == [{"b": {"id": "b"}}, {}]

    async def a_relaxed_update_is_whole_too(self) -> None:
        database = await self.open()

        def decide(_now: Snapshot) -> list[Change]:
            return [Put("images", {"id": "a"}), Put("outbox", {"id": "a"})]

        await database.update(("images",), decide, key="a", relaxed=True)
        assert [await database.all("images"), await database.all("outbox")] == [[{"id": "a"}], [{"id": "a"}]]

    async def concurrent_updates_lose_nothing(self) -> None:
        import asyncio  # noqa: PLC0415 - the one test that needs it

        database = await self.open()
        await database.write(Put("images", {"id": "a", "n": 0}))

        def add(snapshot: Snapshot) -> list[Change]:
            return [Put("images", {"id": "a", "n": snapshot["images"]["a"]["n"] + 1})]

        await asyncio.gather(*(database.update(("images",), add) for _ in range(20)))
        assert await database.get("images", "a") == {"id": "a", "n": 20}

    async def an_update_that_fails_changes_nothing(self) -> None:
        database = await self.open()
        await database.write(Put("images", {"id": "a", "n": 1}))

        def decide(snapshot: Snapshot) -> list[Change]:
            raise KeyError("a mistake while deciding")

        try:
            await database.update(("images",), decide)
        except KeyError:
            assert await database.all("images") == [{"id": "a", "n": 1}]
        else:
            raise AssertionError("the mistake was swallowed")

    async def what_was_read_may_be_changed_freely(self) -> None:
        database = await self.open()
        await database.write(Put("images", {"id": "a", "n": 1}))
        record: dict[str, Any] = await database.get("images", "a") or {}
        record["n"] = 9
        assert await database.get("images", "a") == {"id": "a", "n": 1}


TESTS = [name for name in vars(DatabaseContract) if not name.startswith("_")]
