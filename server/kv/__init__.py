"""Key-value storage: the promise in `base.py`, one file per engine, chosen by URL and imported only then."""

from collections.abc import Callable
from pathlib import Path

from server.errors import CannotStart
from server.kv.base import Engine, Namespace

__all__ = ["Stores", "back_up", "open_engine", "open_stores"]


class Stores:
    """The two namespaces, and the engines behind them: one, when both have the same URL."""

    def __init__(self, users: Engine, images: Engine) -> None:
        self.engines = list(dict.fromkeys([users, images]))
        self.users = Namespace(users, "USERS")
        self.images = Namespace(images, "IMAGES_CACHE")

    async def sweep(self) -> int:
        """Erase what has expired and return its room; returns the number of entries erased."""
        return sum([await engine.sweep() for engine in self.engines])

    def close(self) -> None:
        """Finish what was handed in, then let go of the stores."""
        for engine in self.engines:
            engine.close()


def open_stores(urls: tuple[str, str], *, clock: Callable[[], float], max_bytes: int, min_free: int = 0) -> Stores:
    """Open the stores of USERS and IMAGES_CACHE; raises CannotStart."""
    engines = {
        url: open_engine(url, clock=clock, max_bytes=max_bytes, min_free=min_free) for url in dict.fromkeys(urls)
    }
    return Stores(engines[urls[0]], engines[urls[1]])


def open_engine(url: str, *, clock: Callable[[], float], max_bytes: int, min_free: int = 0) -> Engine:
    """Open one store by its URL: `sqlite://` in memory, `sqlite:///relative`, `sqlite:////absolute`.

    `max_bytes` is what it may hold, `min_free` what it leaves free on its disk; 0 leaves that to the engine.
    """
    path = _sqlite_path(url)
    from server.kv.sqlite import SQLite  # noqa: PLC0415 - an engine is imported only when it is used

    return SQLite(path, clock=clock, max_bytes=max_bytes, min_free=min_free)


def back_up(url: str, folder: Path) -> int:
    """Copy a store, also while a server uses it; return how many large values it has. Raises CannotStart."""
    from server.kv import backup  # noqa: PLC0415 - as above

    if not (path := _sqlite_path(url)):
        raise CannotStart("a store in memory cannot be backed up")
    return backup.copy(path, folder)


def _sqlite_path(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if scheme != "sqlite" or not separator:
        raise CannotStart(f"KV_URL has no engine for {scheme}://; known is sqlite:///<file>")
    return rest.removeprefix("/")
