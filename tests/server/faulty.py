"""An engine whose n-th call fails, before it took effect or after."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

from server.errors import StorageUnavailable
from server.kv.base import Engine, Entry, Key, Opened, Operation, Page, Usage

T = TypeVar("T")
When = Literal["before", "after"]


class Faulty(Engine):
    def __init__(self, engine: Engine, nth: int, when: When) -> None:
        self.inner, self._nth, self._when = engine, nth, when
        self.calls = 0

    @property
    def has_failed(self) -> bool:
        return self.calls >= self._nth

    async def get(self, namespace: str, key: str) -> Entry | None:
        return await self._call(lambda: self.inner.get(namespace, key))

    async def open(self, namespace: str, key: str) -> Opened | None:
        return await self._call(lambda: self.inner.open(namespace, key))

    async def metadata(self, namespace: str, key: str) -> Key | None:
        return await self._call(lambda: self.inner.metadata(namespace, key))

    async def list(self, namespace: str, prefix: str, limit: int, after: str) -> Page:
        return await self._call(lambda: self.inner.list(namespace, prefix, limit, after))

    async def commit(self, namespace: str, operations: Sequence[Operation]) -> bool:
        return await self._call(lambda: self.inner.commit(namespace, operations))

    async def usage(self) -> Usage:
        return await self._call(self.inner.usage)

    async def sweep(self) -> int:
        return await self._call(self.inner.sweep)

    def close(self) -> None:
        self.inner.close()

    async def _call(self, work: Callable[[], Awaitable[T]]) -> T:
        self.calls += 1
        fails = self.calls == self._nth
        if fails and self._when == "before":
            raise StorageUnavailable(reason="test", retry_after=2)
        result = await work()
        if fails:
            raise StorageUnavailable(reason="test", retry_after=2)
        return result
