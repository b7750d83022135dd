"""A disk that writes down what is written and synced, and can fail; and what a power cut leaves of it.

SQLite's files are watched by a file system of SQLite's own, the large values beside them through their module's `os`.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from server.kv import files

SECTOR = 512
VALUES = "kv.sqlite3.files"  # the folder of large values; as a file: the names in it


@dataclass(frozen=True)
class Event:
    """Something that happened to a file; or, without a file, something that was acknowledged."""

    kind: str  # write, truncate, sync, create, delete, ack
    file: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Recorder:
    """What happens in one folder from now on; `fail_syncs` of the next syncs fail as a broken disk's do."""

    folder: Path
    events: list[Event] = field(default_factory=list)
    fail_syncs: int = 0

    def note(self, kind: str, path: str | Path, offset: int = 0, data: bytes = b"") -> None:
        if self.folder in (Path(path), Path(path).parent, Path(path).parent.parent):
            self.events.append(Event(kind, str(Path(path).relative_to(self.folder)), offset, data))

    def sync(self, path: str) -> None:
        if self.fail_syncs and Path(path).parent == self.folder:
            self.fail_syncs -= 1
            raise apsw.IOError("the disk is broken")
        self.note("sync", path)


@contextmanager
def recorded(folder: Path) -> Iterator[Recorder]:
    """Make every SQLite file that is opened meanwhile tell the recorder."""
    recorder, before = Recorder(folder), apsw.vfs_names()[0]
    vfs = _Recording(recorder)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "os", _RecordingOs(recorder))
            yield recorder
    finally:
        apsw.set_default_vfs(before)
        vfs.unregister()


class _Recording(apsw.VFS):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__("recording", "unix", makedefault=True)
        self._recorder = recorder

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _RecordingFile(self._recorder, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._recorder.note("delete", filename)
        super().xDelete(filename, syncdir)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, recorder: Recorder, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._recorder = recorder
        self._path = str(name.filename() if isinstance(name, apsw.URIFilename) else name or "")

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._recorder.note("write", self._path, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._recorder.note("truncate", self._path, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._recorder.sync(self._path)
        super().xSync(flags)


class _RecordingOs:
    """`os`, as `server.kv.files` uses it."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._paths: dict[int, Path] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def open(self, path: str | Path, flags: int, mode: int = 0o777) -> int:
        descriptor = os.open(path, flags, mode)
        self._paths[descriptor] = Path(path)
        if flags & os.O_CREAT:
            self._recorder.note("create", path)
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        half = max(1, len(data) // 2)  # less than asked for, as a disk may
        self._recorder.note("write", self._paths[descriptor], os.lseek(descriptor, 0, os.SEEK_CUR), bytes(data[:half]))
        return os.write(descriptor, data[:half])

    def fsync(self, descriptor: int) -> None:
        self._recorder.note("sync", self._paths[descriptor])
        os.fsync(descriptor)

    def unlink(self, path: Path) -> None:
        self._recorder.note("delete", path)
        path.unlink()


class Disk:
    """What is on the platters, and what was handed in but not yet synced. Names are synced with their folder."""

    def __init__(self, folder: Path) -> None:
        self._synced = {path.name: bytearray(path.read_bytes()) for path in folder.iterdir() if _lasts(path)}
        self._names = set(self._synced)
        self._pending: dict[str, list[Event]] = {}

    def play(self, event: Event) -> None:
        if not _lasts(Path(event.file)):
            return
        if event.kind == "sync":
            for pending in self._pending.pop(event.file, []):
                _apply(self._synced, self._names, pending)
        elif event.kind != "ack":
            is_name = event.file.startswith(VALUES) and event.kind != "write"
            self._pending.setdefault(VALUES if is_name else event.file, []).append(event)

    def cut_power(self, folder: Path, chance: random.Random) -> None:
        """Write what is left: all that was synced, and of the rest any part, also single sectors."""
        left, names = {name: bytearray(data) for name, data in self._synced.items()}, set(self._names)
        for pending in self._pending.values():
            share = chance.choice((0, 0.5, 1))
            for event in pending:
                if chance.random() < share:
                    _apply(left, names, _torn(event, chance) if chance.random() < 0.2 else event)
        (folder / VALUES).mkdir(parents=True)
        for name in names:
            (folder / name).write_bytes(left.get(name, b""))


def _lasts(path: Path) -> bool:
    return not path.is_dir() and not path.name.endswith(("-shm", ".lock"))


def _torn(event: Event, chance: random.Random) -> Event:
    first = chance.randrange(0, len(event.data) // SECTOR + 1) * SECTOR
    return Event(event.kind, event.file, event.offset, event.data[:first]) if event.kind == "write" else event


def _apply(files: dict[str, bytearray], names: set[str], event: Event) -> None:
    if event.kind == "delete":
        files.pop(event.file, None)
        names.discard(event.file)
        return
    if not event.file.startswith(VALUES) or event.kind == "create":
        names.add(event.file)  # SQLite syncs the folder of its own files where that matters
    data = files.setdefault(event.file, bytearray())
    if event.kind == "truncate":
        del data[event.offset :]
        return
    data.extend(bytes(max(0, event.offset - len(data))))
    data[event.offset : event.offset + len(event.data)] = event.data
