"""One tab at a time, by Web Locks: the browser frees a lock when its tab closes, however that happens."""

from collections.abc import Awaitable, Callable
from typing import Any

import js
from pyodide.ffi import create_proxy


async def exclusive(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run the work while no other tab runs work of that name; wait for the turn.

    Over plain http there are no Web Locks: two tabs may then send the same entry, and its key makes that harmless.
    """
    locks = getattr(js.navigator, "locks", None)
    if not locks:
        await work()
        return
    failure: list[Exception] = []

    async def held(_lock: Any) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - carried across JavaScript as the object it is
            failure.append(error)

    proxy = create_proxy(held)
    try:
        await locks.request(name, proxy)
    finally:
        proxy.destroy()
    if failure:
        raise failure[0]
