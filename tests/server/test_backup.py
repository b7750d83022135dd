"""Copying a store: what the whole command does under load is in test_crashes.py."""

from pathlib import Path

import apsw
import pytest

from server.errors import CannotStart
from server.kv import back_up, sqlite_file
from server.kv.backup import _collect
from server.kv.base import Namespace
from server.kv.sqlite import SQLite
from tests.server.conftest import Clock
from tests.server.kv_contract import put

GIB = 1 << 30


def test_a_value_that_was_copied_while_it_was_written_is_copied_again(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "value").write_bytes(b"all of it")
    (target / "value").write_bytes(b"all")
    _collect(source, target)
    assert (target / "value").read_bytes() == b"all of it"


@pytest.mark.anyio
async def test_the_copy_has_what_the_store_has_and_nothing_else(tmp_path: Path, clock: Clock) -> None:
    engine = SQLite(str(tmp_path / "kv.sqlite3"), clock=clock, max_bytes=GIB)
    await put(Namespace(engine, "TEST"), "k", bytes(100_000))
    (tmp_path / "kv.sqlite3.files" / "of-a-step-that-failed").write_bytes(b"x")
    (tmp_path / "copy").mkdir()
    assert back_up(f"sqlite:///{tmp_path}/kv.sqlite3", tmp_path / "copy") == 1
    engine.close()
    assert len(list((tmp_path / "copy" / "kv.sqlite3.files").iterdir())) == 1
    copy = SQLite(str(tmp_path / "copy" / "kv.sqlite3"), clock=clock, max_bytes=GIB)
    entry = await Namespace(copy, "TEST").get("k")
    copy.close()
    assert entry is not None
    assert entry.value == bytes(100_000)


def test_a_store_of_the_first_version_can_be_copied_before_it_is_taken_over(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "kv.sqlite3"))
    connection.execute(sqlite_file._SCHEMA)
    connection.pragma("user_version", 1)
    connection.close()
    (tmp_path / "copy").mkdir()
    assert back_up(f"sqlite:///{tmp_path}/kv.sqlite3", tmp_path / "copy") == 0


def test_a_store_in_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="in memory"):
        back_up("sqlite://", tmp_path)
