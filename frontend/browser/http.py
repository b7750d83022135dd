"""HTTP by XMLHttpRequest: it reports the progress of an upload, and bytes stay Blobs in both directions."""

import asyncio
import json
from typing import Any

import js
from pyodide.ffi import JsException

from frontend.api import Answer, Call
from frontend.browser.ffi import Once, listen, obj
from frontend.errors import Offline


async def send(call: Call) -> Answer:
    """Carry a call to the server and return its answer, whatever the status; raises Offline when none came."""
    request = js.XMLHttpRequest.new()
    request.open(call.method, call.path)
    request.timeout = int(call.timeout * 1000)
    request.responseType = "blob" if call.blob or call.parts else "text"
    for name, value in call.headers.items():
        request.setRequestHeader(name, value)
    ends = [listen(request.upload, "progress", _progress(call))] if call.progress else []
    answered = Once(request, load=lambda _event: None, error=_offline, timeout=_offline, abort=_offline)
    request.send(*_body(request, call))
    try:
        await answered.wait()
    except asyncio.CancelledError:
        request.abort()
        raise
    finally:
        for end in ends:
            end()
    headers = _headers(request)
    whole = request.status != 200 or not call.parts  # noqa: PLR2004 - a refusal is JSON, whatever was asked for
    return Answer(request.status, headers, request.response if whole else await _parts(request.response, headers))


async def _parts(body: Any, headers: dict[str, str]) -> dict[str, Any]:
    """Return the parts of a form, each a string or a Blob, taken apart by the browser."""
    typed = obj({"headers": obj({"Content-Type": headers.get("content-type", "")})})
    try:
        form = await js.Response.new(body, typed).formData()
    except JsException:
        return {}
    parts = {name: form.get(name) for name in form.keys()}  # noqa: SIM118 - a FormData, not a dict
    return {
        name: part if isinstance(part, str) or name == "image" else await part.text() for name, part in parts.items()
    }


def _body(request: Any, call: Call) -> list[Any]:
    if call.json is not None:
        request.setRequestHeader("Content-Type", "application/json")
        return [json.dumps(call.json)]
    if call.form is None:
        return []
    form = js.FormData.new()
    for name, value in call.form.items():
        form.append(name, value)
    return [form]


def _progress(call: Call) -> Any:
    def report(event: Any) -> None:
        if call.progress and event.lengthComputable:
            call.progress(event.loaded / event.total)

    return report


def _headers(request: Any) -> dict[str, str]:
    lines = request.getAllResponseHeaders().strip().splitlines()
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _offline(_event: Any) -> None:
    raise Offline("no answer of the server")
