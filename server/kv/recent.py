"""What was read lately, for an engine that is the only one to write its store: small entries, and where large ones are.

Most requests read the same two: who asks, and what images they have.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from server.kv.base import Entry

REMEMBERED: Final = 2048  # entries
SMALL: Final = 16 * 1024  # bytes of the largest value that is remembered: 32 MiB at the very most
Name = tuple[str, str]  # namespace and key


@dataclass(frozen=True, slots=True)
class Found:
    """An entry; with a `file` its value is there, and not in it."""

    entry: Entry
    file: str | None
    size: int  # bytes of that file


class Recent:
    """Entries by name. What is being read while anything changes is not remembered, so nothing old is."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Name, Found] = OrderedDict()
        self._changing = Lock()
        self.changes = 0  # look at it before reading, and hand it to `remember`

    def get(self, name: Name) -> Found | None:
        """Return the entry, expired or not; None when it is not remembered."""
        with self._changing:
            if found := self._entries.get(name):
                self._entries.move_to_end(name)
            return found

    def remember(self, name: Name, found: Found, changes: int) -> None:
        """Keep an entry that was read, unless something has changed since there were so many `changes`."""
        with self._changing:
            if changes == self.changes and len(found.entry.value) <= SMALL:
                self._entries[name] = found
                if len(self._entries) > REMEMBERED:
                    self._entries.popitem(last=False)

    def forget(self, names: Iterable[Name] | None = None) -> None:
        """Let go of what may have changed; None: of everything."""
        with self._changing:
            self.changes += 1
            for name in list(self._entries) if names is None else names:
                self._entries.pop(name, None)
