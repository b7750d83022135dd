"""Crossing between Python and JavaScript: the few lines that everything else in this folder stands on."""

import asyncio
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import create_proxy, to_js


def obj(mapping: dict[str, Any]) -> Any:
    """Return a JavaScript object; JavaScript values inside stay the references they are."""
    return to_js(mapping, dict_converter=js.Object.fromEntries)


def listen(target: Any, event: str, handler: Callable[[Any], Any]) -> Callable[[], None]:
    """Call the handler on each event; return what ends that."""
    proxy = create_proxy(handler)
    target.addEventListener(event, proxy)

    def end() -> None:
        target.removeEventListener(event, proxy)
        proxy.destroy()

    return end


class Once:
    """A future that is settled by the first of some JavaScript events, and lets go of all of them then."""

    def __init__(self, target: Any, **handlers: Callable[[Any], Any]) -> None:
        """Take handlers by event name: each returns the result, or raises the error."""
        self._future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._ends = [listen(target, event, self._settle(handler)) for event, handler in handlers.items()]

    def _settle(self, handler: Callable[[Any], Any]) -> Callable[[Any], None]:
        def settle(event: Any) -> None:
            if self._future.done():
                return
            try:
                self._future.set_result(handler(event))
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who waits
                self._future.set_exception(error)

        return settle

    async def wait(self) -> Any:
        """Return the result of the handler that was called."""
        try:
            return await self._future
        finally:
            for end in self._ends:
                end()
