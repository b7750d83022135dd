"""What every key-value engine has to keep: run against each by a subclass that gives `store`, `engine` and `clock`."""

import asyncio
import random

import pytest

from server.kv.base import Engine, Namespace
from tests.server.conftest import Clock

pytestmark = pytest.mark.anyio


async def put(store: Namespace, key: str, value: bytes = b"v", expiration: float | None = None) -> None:
    assert await store.atomic().put(key, value, expiration=expiration).commit()


async def version(store: Namespace, key: str) -> int | None:
    entry = await store.get(key)
    return entry.version if entry else None


class KVContract:
    async def test_get_returns_none_for_an_unknown_key(self, store: Namespace) -> None:
        assert await store.get("nothing") is None
        assert await store.metadata("nothing") is None

    async def test_get_returns_exactly_what_was_put(self, store: Namespace, clock: Clock) -> None:
        value = bytes(range(256)) * 1000
        await store.atomic().put("k", value, metadata={"type": "图", "n": 1}, expiration=clock.now + 9.5).commit()

        entry = await store.get("k")

        assert entry is not None
        assert (entry.name, entry.value, entry.metadata) == ("k", value, {"type": "图", "n": 1})
        assert entry.expiration == clock.now + 9.5

    async def test_empty_values_are_kept(self, store: Namespace) -> None:
        await put(store, "k", b"")
        entry = await store.get("k")
        assert entry is not None
        assert entry.value == b""

    async def test_metadata_comes_without_the_value(self, store: Namespace) -> None:
        await store.atomic().put("k", b"value", metadata={"a": 1}).commit()
        key = await store.metadata("k")
        assert key is not None
        assert key.metadata == {"a": 1}
        assert key.version == await version(store, "k")

    async def test_open_reads_as_it_is_needed_also_what_is_deleted_meanwhile(self, store: Namespace) -> None:
        for value in (b"", b"small", random.Random(1).randbytes(300_000)):
            await store.atomic().put("k", value, metadata={"a": 1}).commit()
            opened = await store.open("k")
            assert opened is not None
            await store.atomic().delete("k").commit()

            read = bytearray()
            await opened.scan(read.extend)

            with opened.file as file:
                assert (bytes(read), file.read(), opened.size) == (value, value, len(value))
            assert opened.metadata == {"a": 1}
            assert await store.open("k") is None

    async def test_put_replaces_and_gives_a_new_version(self, store: Namespace) -> None:
        await put(store, "k", b"1")
        first = await version(store, "k")
        await put(store, "k", b"2")
        assert await version(store, "k") not in (None, first)

    async def test_delete_removes_and_an_absent_key_is_no_error(self, store: Namespace) -> None:
        await put(store, "k")
        assert await store.atomic().delete("k").delete("absent").commit()
        assert await store.get("k") is None

    async def test_versions_are_not_used_again_after_a_deletion(self, store: Namespace) -> None:
        await put(store, "k", b"old")
        old = await version(store, "k")
        await store.atomic().delete("k").commit()
        await put(store, "k", b"new")

        assert not await store.atomic().check("k", old).put("k", b"stale").commit()

    async def test_check_of_absence(self, store: Namespace) -> None:
        assert await store.atomic().check("k", None).put("k", b"1").commit()
        assert not await store.atomic().check("k", None).put("k", b"2").commit()

    async def test_a_failed_check_does_nothing_at_all(self, store: Namespace) -> None:
        await put(store, "kept")

        done = await store.atomic().put("a", b"1").delete("kept").check("b", 7).put("c", b"1").commit()

        assert not done
        assert [key.name for key in (await store.list()).keys] == ["kept"]

    async def test_checks_look_at_the_state_before_the_step(self, store: Namespace) -> None:
        assert await store.atomic().put("k", b"1").check("k", None).commit()

    async def test_one_of_many_concurrent_creators_wins(self, store: Namespace) -> None:
        steps = [store.atomic().check("k", None).put("k", str(n).encode()).commit() for n in range(20)]
        assert sum(await asyncio.gather(*steps)) == 1

    async def test_concurrent_increments_lose_nothing(self, store: Namespace) -> None:
        async def increment() -> None:
            while True:
                entry = await store.get("n")
                count = int(entry.value) if entry else 0
                step = store.atomic().check("n", entry.version if entry else None)
                if await step.put("n", str(count + 1).encode()).commit():
                    return

        await asyncio.gather(*(increment() for _ in range(10)))

        entry = await store.get("n")
        assert entry is not None
        assert entry.value == b"10"

    async def test_an_entry_is_gone_from_its_expiration_on(self, store: Namespace, clock: Clock) -> None:
        await put(store, "k", expiration=clock.now + 10)
        clock.now += 9.999
        assert await store.get("k")
        clock.now += 0.001

        assert await store.get("k") is None
        assert await store.metadata("k") is None
        assert (await store.list()).keys == []
        assert await store.atomic().check("k", None).put("k", b"new").commit()

    async def test_sweep_erases_what_expired_and_nothing_else(
        self, store: Namespace, engine: Engine, clock: Clock
    ) -> None:
        for number in range(150):
            await put(store, f"old/{number}", expiration=clock.now + 1)
        await put(store, "later", expiration=clock.now + 2)
        await put(store, "always")
        clock.now += 1

        assert await engine.sweep() == 150
        clock.now -= 1
        assert [key.name for key in (await store.list()).keys] == ["always", "later"]

    async def test_list_is_sorted_and_keeps_to_the_prefix(self, store: Namespace) -> None:
        for key in ("b/2", "a/1", "b/10", "b", "b0", "c/1", "b/"):
            await put(store, key)
        assert [key.name for key in (await store.list("b/")).keys] == ["b/", "b/10", "b/2"]

    async def test_list_continues_at_its_cursor(self, store: Namespace) -> None:
        for number in range(5):
            await put(store, f"k/{number}")
        first = await store.list("k/", limit=3)
        assert first.cursor is not None
        second = await store.list("k/", limit=3, cursor=first.cursor)

        assert [key.name for key in first.keys + second.keys] == [f"k/{number}" for number in range(5)]
        assert second.cursor is None

    async def test_a_full_last_page_has_no_cursor(self, store: Namespace) -> None:
        await put(store, "k")
        assert (await store.list(limit=1)).cursor is None

    async def test_namespaces_do_not_see_each_other(self, store: Namespace, engine: Engine) -> None:
        await put(store, "k")
        assert await Namespace(engine, "OTHER").get("k") is None

    @pytest.mark.parametrize("key", ["", "a b", "é", "a\n", "k" * 513])
    async def test_a_key_is_1_to_512_visible_ascii_characters(self, store: Namespace, key: str) -> None:
        with pytest.raises(ValueError, match="not a key"):
            store.atomic().put(key, b"")
