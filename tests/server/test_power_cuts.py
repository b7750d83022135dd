"""Power cuts: after each, everything acknowledged is there with exact bytes. A disk that fails, too."""

import asyncio
import random
import re
from contextlib import suppress
from pathlib import Path

import pytest

from server.errors import StorageUnavailable, ValueDamaged
from server.kv.base import Namespace
from server.kv.sqlite import SQLite
from tests.server.conftest import Clock
from tests.server.disks import VALUES, Disk, Event, Recorder, recorded
from tests.server.kv_contract import put

pytestmark = pytest.mark.anyio
CUTS = 150
WRITERS, ROUNDS = 8, 40
GIB = 1 << 30


def value(key: str, number: int) -> bytes:
    chance = random.Random(f"{key} {number}")
    return chance.randbytes(chance.choice((100, 5_000, 60_000, 100_000)))


async def work(folder: Path, clock: Clock, *, synchronous: int) -> tuple[list[Event], Disk]:
    """Save under load; return all that happened since the start, and the disk as it was then."""
    with recorded(folder) as recorder:
        engine = SQLite(str(folder / "kv.sqlite3"), clock=clock, max_bytes=GIB, min_free=1)
        engine._writer.connection.pragma("synchronous", synchronous)
        store, disk = Namespace(engine, "TEST"), Disk(folder)
        recorder.events.clear()
        await asyncio.gather(*(write(recorder, store, f"key{writer}") for writer in range(WRITERS)))
        events = list(recorder.events)
        engine.close()
    return events, disk


async def write(recorder: Recorder, store: Namespace, key: str) -> None:
    for number in range(ROUNDS):
        await put(store, key, value(key, number))
        recorder.events.append(Event("ack", key, number))


async def lost(folder: Path, acknowledged: dict[str, int], clock: Clock) -> list[str]:
    """Return the keys whose last acknowledged value, or a later whole one, is not there."""
    engine = SQLite(str(folder / "kv.sqlite3"), clock=clock, max_bytes=GIB, min_free=1)
    store, missing = Namespace(engine, "TEST"), []
    try:
        for key, number in acknowledged.items():
            with suppress(ValueDamaged):
                entry = await store.get(key)
                if entry and entry.value in (value(key, later) for later in range(number, ROUNDS)):
                    continue
            missing.append(key)
    finally:
        engine.close()
    return missing


async def losses(
    tmp_path: Path, clock: Clock, *, cuts: int, synchronous: int = 2, forgotten: str = ""
) -> tuple[int, int]:
    """Return how many values were acknowledged before the cuts, and how many of them were lost.

    Syncs of files with a `forgotten` name (a pattern) are taken for not made.
    """
    folder, chance = tmp_path / "kv", random.Random(4)
    folder.mkdir()
    events, disk = await work(folder, clock, synchronous=synchronous)
    if forgotten:
        events = [event for event in events if event.kind != "sync" or not re.fullmatch(forgotten, event.file)]
    moments = set(chance.sample(range(len(events)), cuts))
    acknowledged: dict[str, int] = {}
    checked, missing = 0, 0
    for number, event in enumerate(events):
        if event.kind == "ack":
            acknowledged[event.file] = event.offset
        disk.play(event)
        if number in moments:
            disk.cut_power(tmp_path / str(number), chance)
            checked += len(acknowledged)
            missing += len(await lost(tmp_path / str(number), acknowledged, clock))
    return checked, missing


async def test_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path, clock: Clock) -> None:
    checked, missing = await losses(tmp_path, clock, cuts=CUTS)
    print(f"\n{CUTS} power cuts, {checked} acknowledged values looked for, {missing} lost")  # noqa: T201 - a measurement
    assert checked > CUTS
    assert missing == 0


async def test_a_store_that_does_not_sync_would_be_noticed(tmp_path: Path, clock: Clock) -> None:
    assert (await losses(tmp_path, clock, synchronous=1, cuts=20))[1] > 0


@pytest.mark.parametrize("forgotten", [VALUES, f"{VALUES}/.*"])
async def test_large_values_that_are_not_synced_would_be_noticed(tmp_path: Path, clock: Clock, forgotten: str) -> None:
    assert (await losses(tmp_path, clock, cuts=40, forgotten=forgotten))[1] > 0


async def test_a_failed_sync_is_not_trusted_and_not_repeated(tmp_path: Path, clock: Clock) -> None:
    with recorded(tmp_path) as recorder:
        engine = SQLite(str(tmp_path / "kv.sqlite3"), clock=clock, max_bytes=GIB, min_free=1)
        store = Namespace(engine, "TEST")
        await put(store, "kept", b"1")
        before, recorder.fail_syncs = engine._writer.connection, 1
        with pytest.raises(StorageUnavailable):
            await put(store, "refused")
        await put(store, "later", b"2")
        assert engine._writer.connection is not before
        names = [key.name for key in (await store.list()).keys]
        engine.close()
    assert names == ["kept", "later"]
