"""Large values, each in a file of its own beside the SQLite file that names it: written once, sent as it is.

A file is on disk before the entry that names it is committed, and removed after the entry is gone. What a kill in
between leaves behind is removed at the next start.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import FileIO
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Final

from server.errors import StorageUnavailable
from server.limits import RETRY_SOON

_WRITERS: Final = 4  # threads; apart from those that read, which must not wait for a disk that syncs slowly


class Files:
    """A folder of values; called from any thread. `size` is the bytes of those that count."""

    def __init__(self, folder: str) -> None:
        """Make the folder where it is missing; raises OSError."""
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        _sync_names(self._folder.parent)
        self._names = os.open(folder, os.O_RDONLY)  # the folder itself: a file's name is synced apart from its bytes
        self._pool = ThreadPoolExecutor(_WRITERS, "kv-files")
        self._counted: dict[str, int] = {}
        self._counting = Lock()
        self.size = 0

    def keep(self, known: Mapping[str, int]) -> None:
        """Remove every file that is not known, by name; the others count with these sizes. Before the first `write`."""
        for file in self._folder.iterdir():
            if file.name not in known and file.is_file():
                file.unlink()
        self.count(known.items())

    def submit(self, work: Callable[[], None]) -> None:
        """Let a thread do something that writes; raises StorageUnavailable when the store is closed."""
        try:
            self._pool.submit(work)
        except RuntimeError:  # it was shut down
            raise StorageUnavailable(reason="closed", retry_after=RETRY_SOON) from None

    def write(self, value: bytes) -> str:
        """Put a value on disk and return the name of its file; raises OSError, and then there is none."""
        name = token_hex(16)
        try:
            descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _write(descriptor, value)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.fsync(self._names)
        except OSError:
            self.remove([name])
            raise
        return name

    def open(self, name: str) -> FileIO:
        """Open a file for reading; raises OSError."""
        return FileIO(f"{self._folder}/{name}")

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; one that is gone already is no error. What cannot be removed now is so at the next start."""
        for name in names:
            try:
                os.unlink(self._folder / name)  # noqa: PTH108 - the tests' disk watches what goes through `os` here
            except FileNotFoundError:
                pass
            except OSError:
                continue  # it still takes its room
            self.discount([name])

    def count(self, files: Iterable[tuple[str, int]]) -> None:
        """Let files, names and sizes, count."""
        with self._counting:
            self._counted.update(files)
            self.size = sum(self._counted.values())

    def discount(self, names: Iterable[str]) -> None:
        """Let files no longer count."""
        with self._counting:
            for name in names:
                self.size -= self._counted.pop(name, 0)

    def close(self) -> None:
        """Finish what was handed in, and let go of the folder; files can still be removed."""
        self._pool.shutdown()
        os.close(self._names)


def _sync_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems know no such thing
        os.fsync(descriptor)
    os.close(descriptor)


def _write(descriptor: int, value: bytes) -> None:
    rest = memoryview(value)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
