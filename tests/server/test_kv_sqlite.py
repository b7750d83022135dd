"""The SQLite engine: the contract in a file and in memory, and what only a file can show."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from server.errors import CannotStart, StorageFull, StorageUnavailable
from server.kv import open_engine, open_stores, sqlite_file
from server.kv.base import Engine, Namespace
from server.kv.sqlite import SQLite
from server.kv.sqlite_file import PAGE_SIZE
from server.kv.sqlite_step import LARGE, RESERVE
from tests.server.conftest import Clock
from tests.server.disks import recorded
from tests.server.kv_contract import KVContract, put, version

pytestmark = pytest.mark.anyio
GIB = 1 << 30


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "kv.sqlite3")


@pytest.fixture
def engine(path: str, clock: Clock) -> Iterator[Engine]:
    engine = SQLite(path, clock=clock, max_bytes=GIB)
    yield engine
    engine.close()


@pytest.fixture
def store(engine: Engine) -> Namespace:
    return Namespace(engine, "TEST")


class TestInAFile(KVContract):
    pass


class TestInMemory(KVContract):
    @pytest.fixture
    def path(self) -> str:
        return ""


async def test_what_was_committed_is_there_after_reopening(path: str, clock: Clock) -> None:
    first = SQLite(path, clock=clock, max_bytes=GIB)
    await put(Namespace(first, "TEST"), "k", b"kept")
    first.close()
    second = SQLite(path, clock=clock, max_bytes=GIB)
    entry = await Namespace(second, "TEST").get("k")
    second.close()
    assert entry is not None
    assert entry.value == b"kept"


async def test_commits_are_synced_through_the_log(engine: SQLite) -> None:
    assert engine._writer.connection.pragma("synchronous") == 2
    assert engine._writer.connection.pragma("journal_mode") == "wal"
    assert engine._writer.connection.pragma("auto_vacuum") == 2
    assert apsw.sqlite_lib_version() >= "3.51.3"  # the WAL-reset bug


async def test_two_handles_on_one_file_race_correctly(path: str, engine: SQLite, clock: Clock) -> None:
    """Nothing but the atomic step keeps them apart."""
    other = SQLite(path, clock=clock, max_bytes=GIB, exclusive=False)
    stores = [Namespace(engine, "TEST"), Namespace(other, "TEST")]
    steps = [stores[n % 2].atomic().check("k", None).put("k", str(n).encode()).commit() for n in range(40)]
    won = await asyncio.gather(*steps)
    other.close()
    assert sum(won) == 1


async def test_a_second_process_is_refused(path: str, engine: SQLite, clock: Clock) -> None:
    with pytest.raises(CannotStart, match="another server is using it"):
        SQLite(path, clock=clock, max_bytes=GIB)


async def test_a_step_that_fails_undoes_itself_and_no_other(engine: SQLite, store: Namespace) -> None:
    def broken(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM entries")
        raise ValueError("broken")

    await put(store, "k")
    first, second = engine._writer.submit(broken), engine._writer.submit(lambda _: "fine")

    assert await asyncio.wrap_future(second) == "fine"
    assert isinstance(first.exception(), ValueError)
    assert await version(store, "k")


async def test_a_full_store_refuses_what_is_big_and_keeps_all(path: str, clock: Clock) -> None:
    engine = SQLite(path, clock=clock, max_bytes=1 << 20)
    store = Namespace(engine, "TEST")
    await put(store, "a", bytes(700_000))
    with pytest.raises(StorageFull):
        await store.atomic().put("b", bytes(400_000)).put("c", b"").commit()

    assert [key.name for key in (await store.list()).keys] == ["a"]
    await put(store, "a", bytes(700_000))  # replacing needs no more room
    await put(store, "small", bytes(400))
    await store.atomic().delete("a").commit()
    await put(store, "b", bytes(900_000))
    engine.close()


async def test_small_steps_have_a_reserve_that_ends(path: str, clock: Clock) -> None:
    engine = SQLite(path, clock=clock, max_bytes=1 << 20)
    store = Namespace(engine, "TEST")
    await put(store, "a", bytes(900_000))
    stored = await asyncio.gather(*(_stored(store, number) for number in range(2 * RESERVE // 64_000)))
    engine.close()
    assert RESERVE // 64_000 - 5 < sum(stored) < RESERVE // 64_000


def value_files(path: str) -> list[Path]:
    """Return the files of large values."""
    return list(Path(f"{path}.files").iterdir())


def _file_size(path: str) -> int:
    return Path(path).stat().st_size


async def _stored(store: Namespace, number: int) -> bool:
    try:
        await put(store, str(number), bytes(64_000))
    except StorageFull:
        return False
    return True


async def test_sweeping_returns_disk_space(path: str, engine: SQLite, store: Namespace, clock: Clock) -> None:
    empty = (await engine.usage()).used
    for number in range(50):
        await put(store, str(number), bytes(60_000), clock.now + 1)
    for number in range(5):
        await put(store, f"large {number}".replace(" ", "-"), bytes(500_000), clock.now + 1)
    engine._writer.connection.wal_checkpoint()
    before = _file_size(path)
    assert (await engine.usage()).used > 5_500_000
    clock.now += 1
    await engine.sweep()
    assert _file_size(path) < before / 10
    assert value_files(path) == []
    assert (await engine.usage()).used <= empty + PAGE_SIZE


async def test_a_large_value_is_a_file_as_long_as_its_entry(path: str, store: Namespace) -> None:
    await put(store, "k", bytes(LARGE))
    assert [file.stat().st_size for file in value_files(path)] == [LARGE]
    await put(store, "k", bytes(LARGE + 1))
    assert [file.stat().st_size for file in value_files(path)] == [LARGE + 1]
    await put(store, "k", bytes(LARGE - 1))
    assert value_files(path) == []
    await put(store, "k", bytes(LARGE))
    await store.atomic().delete("k").commit()
    assert value_files(path) == []


async def test_a_step_that_is_refused_leaves_no_file(path: str, clock: Clock) -> None:
    engine = SQLite(path, clock=clock, max_bytes=1 << 20)
    store = Namespace(engine, "TEST")
    assert not await store.atomic().check("k", 7).put("k", bytes(500_000)).commit()
    with pytest.raises(StorageFull):
        await put(store, "k", bytes(2 << 20))
    used = (await engine.usage()).used
    engine.close()
    assert value_files(path) == []
    assert used < 1 << 18


async def fail_to_replace(folder: Path, clock: Clock, then: str) -> None:
    """Keep a large value, fail to replace it because the disk fails at the commit, sweep; then close, retry or die."""
    with recorded(folder) as recorder:
        engine = SQLite(str(folder / "kv.sqlite3"), clock=clock, max_bytes=GIB)
        store = Namespace(engine, "TEST")
        await put(store, "k", bytes(100_000))
        recorder.fail_syncs = 1
        with pytest.raises(StorageUnavailable):
            await put(store, "k", bytes(200_000))
        if then == "retry":
            await put(store, "k", bytes(200_000))
        await store.get("k")
        await engine.sweep()
        if then == "die":
            os._exit(0)
        size = sum(file.stat().st_size for file in value_files(f"{folder}/kv.sqlite3"))
        assert engine._files
        assert engine._files.size == size
        engine.close()


@pytest.mark.parametrize("then", ["close", "retry", "die"])
def test_a_step_whose_end_nobody_knows_is_settled_by_the_sweep(tmp_path: Path, clock: Clock, then: str) -> None:
    """Whatever the log says then: each entry has its file, each file its entry, and all are counted once."""
    child = os.fork() if then == "die" else 0
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    else:
        try:
            asyncio.run(fail_to_replace(tmp_path, clock, then))
        finally:
            if then == "die":
                os._exit(1)
    engine = SQLite(str(tmp_path / "kv.sqlite3"), clock=clock, max_bytes=GIB)
    entry = asyncio.run(Namespace(engine, "TEST").get("k"))
    files = value_files(f"{tmp_path}/kv.sqlite3")
    engine.close()
    assert entry is not None
    assert [file.stat().st_size for file in files] == [len(entry.value)]


async def test_values_on_their_way_take_no_room_from_small_steps(path: str, clock: Clock) -> None:
    engine = SQLite(path, clock=clock, max_bytes=1 << 20)
    store = Namespace(engine, "TEST")
    large = [asyncio.ensure_future(put(store, f"large{number}", bytes(8 << 20))) for number in range(4)]
    small = [asyncio.ensure_future(put(store, f"small{number}", bytes(2000))) for number in range(40)]
    refused = await asyncio.gather(*large, return_exceptions=True)
    await asyncio.gather(*small)
    engine.close()
    assert [type(each) for each in refused] == [StorageFull] * 4


async def test_a_new_folder_of_values_is_on_disk_before_anything_is_in_it(tmp_path: Path, clock: Clock) -> None:
    with recorded(tmp_path) as recorder:
        SQLite(str(tmp_path / "kv.sqlite3"), clock=clock, max_bytes=GIB).close()
    assert ("sync", ".") in {(event.kind, event.file) for event in recorder.events}


async def test_a_file_that_cannot_be_written_is_a_refusal(path: str, store: Namespace) -> None:
    shutil.rmtree(f"{path}.files")
    with pytest.raises(StorageUnavailable):
        await put(store, "k", bytes(LARGE))
    assert await store.get("k") is None


async def test_who_stops_waiting_does_not_stop_a_commit(path: str, clock: Clock) -> None:
    engine = SQLite(path, clock=clock, max_bytes=GIB)
    waiting = asyncio.ensure_future(put(Namespace(engine, "TEST"), "k", bytes(LARGE)))
    await asyncio.sleep(0)  # it has begun
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    engine.close()
    engine = SQLite(path, clock=clock, max_bytes=GIB)
    entry = await Namespace(engine, "TEST").get("k")
    engine.close()
    assert entry is not None
    assert entry.value == bytes(LARGE)


async def test_what_was_read_is_not_read_again_before_it_changes(engine: SQLite, store: Namespace) -> None:
    await put(store, "k", b"1")
    assert (await store.get("k")) == (await store.get("k"))
    engine._writer.connection.execute("UPDATE contents SET value = '2'")  # behind its back
    entry = await store.get("k")
    assert entry is not None
    assert entry.value == b"1"
    assert not await store.atomic().check("k", 99).delete("k").commit()
    entry = await store.get("k")
    assert entry is not None
    assert entry.value != b"1"


async def test_a_store_of_the_first_version_is_taken_over(path: str, clock: Clock) -> None:
    """It kept large values beside the small ones, and no checksum."""
    connection = apsw.Connection(path)
    connection.execute(sqlite_file._SCHEMA)
    connection.pragma("application_id", sqlite_file.APPLICATION_ID)
    connection.pragma("user_version", 1)
    connection.execute("INSERT INTO contents (version, value) VALUES (7, ?)", (bytes(100_000),))
    connection.execute("INSERT INTO entries VALUES ('TEST', 'k', 7, '{}', NULL)")
    connection.close()
    engine = SQLite(path, clock=clock, max_bytes=GIB)
    store = Namespace(engine, "TEST")
    entry = await store.get("k")
    await put(store, "k", bytes(200_000))
    engine.close()
    assert entry is not None
    assert (entry.version, entry.value) == (7, bytes(100_000))
    assert [file.stat().st_size for file in value_files(path)] == [200_000]


async def test_listing_reads_no_value(engine: SQLite, store: Namespace) -> None:
    await put(store, "k", bytes(1_000_000))
    plan = " ".join(
        str(row) for row in engine._writer.connection.execute("EXPLAIN QUERY PLAN SELECT metadata FROM entries")
    )
    assert "contents" not in plan


async def test_a_closed_store_says_so(path: str, clock: Clock) -> None:
    engine = SQLite(path, clock=clock, max_bytes=GIB)
    engine.close()
    with pytest.raises(StorageUnavailable):
        await Namespace(engine, "TEST").atomic().put("k", b"").commit()


def test_a_damaged_file_is_refused_and_left_alone(path: str, clock: Clock) -> None:
    Path(path).write_bytes(b"SQLite format 3\0" + bytes(5000))
    before = Path(path).read_bytes()
    with pytest.raises(CannotStart, match="cannot be opened"):
        SQLite(path, clock=clock, max_bytes=GIB)
    assert Path(path).read_bytes() == before


async def test_somebody_elses_database_is_refused(path: str, clock: Clock) -> None:
    with apsw.Connection(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(CannotStart, match="not a store of HD Image Cache"):
        SQLite(path, clock=clock, max_bytes=GIB)


async def test_a_store_of_a_newer_version_is_refused(path: str, clock: Clock) -> None:
    SQLite(path, clock=clock, max_bytes=GIB).close()
    connection = apsw.Connection(path)
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(CannotStart, match="newer version"):
        SQLite(path, clock=clock, max_bytes=GIB)


async def test_the_engine_is_chosen_by_url(clock: Clock) -> None:
    with pytest.raises(CannotStart, match="no engine for carrier-pigeon://"):
        open_engine("carrier-pigeon://home", clock=clock, max_bytes=GIB)


async def test_namespaces_with_one_url_share_one_engine(tmp_path: Path, clock: Clock) -> None:
    one, other = (f"sqlite:///{tmp_path / name}" for name in ("one", "other"))
    for urls, count in (((one, one), 1), ((one, other), 2)):
        stores = open_stores(urls, clock=clock, max_bytes=GIB)
        assert len(stores.engines) == count
        assert await stores.sweep() == 0
        stores.close()
