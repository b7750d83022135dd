"""`window.hdImageManager` and `window.authManager`: the page's actions for plain JavaScript.

`page.js` has put functions there that queue calls until Python is live; `connect` takes over and runs what waits. Each
call returns a real Promise, and a failure rejects with an Error that carries `code`.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import js
from pyodide.ffi import JsProxy, create_once_callable, create_proxy, to_js

from frontend.database import DiskFull
from frontend.errors import ClientError

_tasks: set[asyncio.Task[None]] = set()
Action = Callable[..., Awaitable[Any]]


def connect(name: str, actions: dict[str, Action], facts: dict[str, Callable[[], Any]]) -> None:
    """Put actions (each returns a Promise) and facts (answered at once) behind `window[name]`."""
    calls = {key: _promised(action) for key, action in actions.items()}
    calls |= {key: _at_once(fact) for key, fact in facts.items()}
    js.hdPage.connect(name, to_js(calls, dict_converter=js.Object.fromEntries))


def _at_once(fact: Callable[[], Any]) -> Any:
    return create_proxy(lambda *_arguments: _to_js(fact()))  # page lifetime


def _promised(action: Action) -> Any:
    def call(*arguments: Any) -> Any:
        def executor(resolve: Any, reject: Any) -> None:
            async def run() -> None:
                try:
                    resolve(_to_js(await action(*arguments)))
                except Exception as error:  # noqa: BLE001 - whatever it is, the caller's Promise must settle
                    reject(_error(error))

            task = asyncio.ensure_future(run())
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)

        return js.Promise.new(create_once_callable(executor))

    return create_proxy(call)  # page lifetime


def _to_js(value: Any) -> Any:
    return to_js(value, dict_converter=js.Object.fromEntries)


def _error(error: Exception) -> Any:
    known = {ClientError: getattr(error, "code", ""), DiskFull: "disk_full", ValueError: "bad_input"}
    code = next((code for kind, code in known.items() if isinstance(error, kind)), "internal")
    if code == "internal":
        js.console.error("".join(traceback.format_exception(error)))
    problem = js.Error.new(str(error) or code)
    problem.code = code
    for name, value in getattr(error, "facts", {}).items():
        setattr(problem, name, _to_js(value))
    return problem


async def to_blob(data: Any) -> Any:
    """Return the bytes that a caller gave, as a Blob: base64 text, a data: URL, a Blob, or a buffer.

    Raises ValueError for anything else.
    """
    if isinstance(data, str):
        try:
            return js.Blob.new(
                js.Array.of(js.hdPage.decode(data.partition(",")[2] if data.startswith("data:") else data))
            )
        except Exception as error:
            raise ValueError("data is not base64") from error
    if isinstance(data, JsProxy) and data.constructor.name in ("Blob", "File"):
        return data
    if isinstance(data, JsProxy) and (data.constructor.name == "ArrayBuffer" or js.ArrayBuffer.isView(data)):
        return js.Blob.new(js.Array.of(data))
    raise ValueError("data must be base64 text, a Blob or an ArrayBuffer")


async def to_base64(blob: Any) -> str:
    """Return a Blob's bytes as base64 text, encoded by the platform."""
    return str(await js.hdPage.encode(blob))


def members(value: Any, *names: str) -> dict[str, Any]:
    """Return the named members of a JavaScript object that are there; undefined and null are not."""
    found = {name: getattr(value, name, None) for name in names}
    return {name: member for name, member in found.items() if member or member in (0, "")}
