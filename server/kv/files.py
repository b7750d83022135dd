"""Large values, each in a file of its own beside the SQLite file that names it: written once, sent as it is.

A file is on disk before the entry that names it is committed, and removed after the entry is gone. What a kill in
between leaves behind is removed at the next start.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from secrets import token_hex
from threading import Lock


class Files:
    """A folder of values; called from any thread. `size` is the bytes in it, also those not committed yet."""

    def __init__(self, folder: str) -> None:
        """Make the folder where it is missing; raises OSError."""
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._names = os.open(folder, os.O_RDONLY)  # the folder itself: a file's name is synced apart from its bytes
        self._counting = Lock()
        self.size = 0

    def keep(self, known: Mapping[str, int]) -> None:
        """Remove every file that is not known, by name; the others have these sizes. Before the first `write`."""
        for file in self._folder.iterdir():
            if file.name not in known:
                file.unlink()
        self.size = sum(known.values())

    def write(self, value: bytes) -> str:
        """Put a value on disk and return the name of its file; raises OSError, and then there is none."""
        name = token_hex(16)
        self._count(len(value))
        try:
            descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _write(descriptor, value)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.fsync(self._names)
        except OSError:
            self.remove([(name, len(value))])
            raise
        return name

    def open(self, name: str) -> FileIO:
        """Open a file for reading; raises OSError."""
        return FileIO(self._folder / name)

    def remove(self, files: Iterable[tuple[str, int]]) -> None:
        """Remove files, each a name and a size; one that is gone already is no error."""
        for name, size in files:
            with suppress(OSError):  # what cannot be removed now is removed at the next start
                os.unlink(self._folder / name)  # noqa: PTH108 - the tests' disk watches what goes through `os` here
            self._count(-size)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._names)

    def _count(self, change: int) -> None:
        with self._counting:
            self.size += change


def _write(descriptor: int, value: bytes) -> None:
    rest = memoryview(value)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
