"""A copy of a store taken beside the running server: the SQLite file as it was at one moment, and its large values.

A value is linked where the copy is on the same disk, which takes no time and no room, and copied elsewhere.
"""

import os
import shutil
from pathlib import Path
from typing import Final

import apsw

from server.errors import CannotStart
from server.kv.sqlite_file import NAMED, cannot_open

_ATTEMPTS: Final = 5


def copy(path: str, folder: Path) -> int:
    """Copy the store at a path into a folder; return how many large values it has. Raises CannotStart."""
    target = folder / Path(path).name
    values = Path(f"{target}.files")
    try:
        values.mkdir(mode=0o700)  # refuses a folder that has a copy already
        for _ in range(_ATTEMPTS):
            _collect(f"{path}.files", values)  # before the moment: what is deleted shortly after it ...
            named = _snapshot(path, target)
            _collect(f"{path}.files", values)  # ... and after it: what came shortly before
            present = {file.name for file in values.iterdir()}
            if named <= present:
                for name in present - named:
                    (values / name).unlink()
                return len(named)
            target.unlink()
    except (OSError, apsw.Error) as error:
        raise cannot_open(path, str(error), "a copy goes into a new folder, on a disk with room") from None
    raise CannotStart(f"the store {path} changes faster than it can be copied; try again")


def _snapshot(path: str, target: Path) -> set[str]:
    """Copy the SQLite file; return the names of the large values it knows."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
    connection.execute("VACUUM INTO ?", (str(target),))
    connection.close()
    taken = apsw.Connection(str(target))
    names = {str(name) for name, _ in taken.execute(NAMED)}
    taken.close()
    return names


def _collect(source: str, target: Path) -> None:
    for entry in os.scandir(source):
        file = target / entry.name
        if file.exists():
            continue
        try:
            file.hardlink_to(entry.path)
        except FileNotFoundError:
            continue  # deleted meanwhile
        except OSError:
            _copy(entry.path, file)


def _copy(source: str, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
