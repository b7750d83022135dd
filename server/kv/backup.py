"""A copy of a store taken beside the running server: the SQLite file as it was at one moment, and its large values.

A value is linked where the copy is on the same disk, which takes no time and no room, and copied elsewhere.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from server.errors import CannotStart
from server.kv.sqlite_file import BUSY_TIMEOUT, FILES_SINCE, NAMED, cannot_open

_ATTEMPTS: Final = 5


def copy(path: str, folder: Path) -> int:
    """Copy the store at a path into a folder; return how many large values it has. Raises CannotStart."""
    target = folder / Path(path).name
    values = Path(f"{target}.files")
    if target.exists() or values.exists():
        raise CannotStart(f"{target} is there already: a backup goes into a new folder, each store under its own name")
    try:
        values.mkdir(mode=0o700)
        for _ in range(_ATTEMPTS):
            _collect(Path(f"{path}.files"), values)  # before the moment: what is deleted shortly after it ...
            named = _snapshot(path, target)
            _collect(Path(f"{path}.files"), values)  # ... and after it: what came, or was finished, shortly before
            present = {file.name: file.stat().st_size for file in values.iterdir()}
            if named.items() <= present.items():
                for name in present.keys() - named.keys():
                    (values / name).unlink()
                _sync([*values.iterdir(), target, values, folder])
                return len(named)
            target.unlink()
    except (OSError, apsw.Error) as error:
        raise cannot_open(path, str(error), "a copy goes into a new folder, on a disk with room") from None
    raise CannotStart(f"the store {path} changes faster than it can be copied; try again")


def _snapshot(path: str, target: Path) -> dict[str, int]:
    """Copy the SQLite file; return the large values it knows, with their sizes."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_TIMEOUT)
    connection.execute("VACUUM INTO ?", (str(target),))
    connection.close()
    taken = apsw.Connection(str(target))
    knows_files = taken.pragma("user_version") >= FILES_SINCE
    names = {str(name): int(size) for name, size in taken.execute(NAMED)} if knows_files else {}
    taken.close()
    return names


def _collect(source: Path, target: Path) -> None:
    """Link or copy what is not there yet, or was not whole."""
    for file in source.iterdir() if source.exists() else ():
        mine = target / file.name
        with suppress(FileNotFoundError):  # deleted meanwhile
            if mine.exists() and mine.stat().st_size == file.stat().st_size:
                continue
            try:
                mine.hardlink_to(file)
            except FileNotFoundError:
                raise
            except OSError:  # another disk, or there already
                shutil.copyfile(file, mine)


def _sync(paths: list[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
