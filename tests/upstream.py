"""An upstream of our own: the providers' APIs on loopback, as documented (`upstream.md`), with faults on order.

Runs in a thread of this process, so that synchronous and asynchronous tests, and a server in a child, use it alike:

with Upstream() as upstream:
    upstream.order("busy", "error")  # the next two requests fail; the third is good
    httpx2.get(f"{upstream.pollinations}/image/a lake", headers=upstream.bearer)
    assert [request.path for request in upstream.asked] == ["/pollinations/image/a lake"]
    upstream.order("slow")           # waits until upstream.release(), or until the client has gone
    upstream.wait_for("disconnects", 1)

`python -m tests.upstream` runs it for trying by hand, and prints the settings that lead to it.
"""

import asyncio
import json
import re
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

from starlette.types import Message, Receive, Scope, Send

from tests.serving import WAIT, Serving
from tests.upstream_answers import Reply, failure, good

KEY = "sk-upstream-only-the-server-knows"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; `path` unquoted, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        return dict(json.loads(self.body))


@dataclass
class Upstream:
    """All providers on one port, each under a path of its own; what a test may change are attributes."""

    padding: int = 0  # bytes added to each PNG
    text: str | None = None  # what the chat answers; None: the person's text, finely improved
    revised_prompt: str | None = None  # told by those OpenAI models that answer with a URL
    seed: int | None = None  # likewise
    image_url: str | None = None  # where these models say the image is; None: here
    redirect_to: str = "https://10.0.0.1/image.png"
    asked: list[Asked] = field(default_factory=list)
    disconnects: int = 0  # clients that left before their answer was complete
    answered: int = 0  # requests that are over, one way or another
    url: str = ""
    _ordered: list[tuple[str, str]] = field(default_factory=list)

    @property
    def images(self) -> list[Asked]:
        """The requests for an image, without lists of models and the like."""
        return [
            one
            for one in self.asked
            if re.match(r"/free/prompt/|/pollinations/image/(?!models$)|/v1/images/", one.path)
        ]

    @property
    def pollinations(self) -> str:
        """POLLINATIONS_GEN_API_BASE, and POLLINATIONS_TEXT_API_BASE with a key."""
        return f"{self.url}/pollinations"

    @property
    def free(self) -> str:
        """POLLINATIONS_IMAGE_API_BASE: the older generation, without a key."""
        return f"{self.url}/free"

    @property
    def openai(self) -> str:
        """OPENAI_IMAGE_API_BASE, AUDIO_API_BASE, DEEPSEEK_API_URL."""
        return f"{self.url}/v1"

    @property
    def bearer(self) -> dict[str, str]:
        """What a client with the right key sends."""
        return {"Authorization": f"Bearer {KEY}"}

    def order(self, *faults: str, on: str = "") -> None:
        """Let the next requests fail, one each, those first whose path has `on` in it; lists of models only by `on`.

        The names are the rows of `upstream.md`.
        """
        self._ordered += [(fault, on) for fault in faults]

    def release(self) -> None:
        """Let everything that is slow or stalled go on, from now on."""
        self._serving.loop.call_soon_threadsafe(self._gate.set)

    def reset(self) -> None:
        """Forget what was asked and ordered, for the next test."""
        self.padding, self.text, self.revised_prompt, self.seed, self.image_url = 0, None, None, None, None
        self.redirect_to, self.disconnects, self.answered = Upstream.redirect_to, 0, 0
        self.asked.clear()
        self._ordered.clear()
        self._serving.loop.call_soon_threadsafe(self._gate.clear)

    def wait_for(self, counter: str, number: int) -> None:
        """Block until `asked`, `disconnects` or `answered` has come to the number; AssertionError after 10 s."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._count(counter) >= number, WAIT), (counter, self._count(counter))

    async def reached(self, counter: str, number: int) -> None:
        """Wait as `wait_for` does, without blocking the event loop."""
        await asyncio.to_thread(self.wait_for, counter, number)

    def __enter__(self) -> Self:
        self._changed = threading.Condition()
        self._gate = asyncio.Event()
        self._serving = Serving(self._app, interface="asgi3")
        self.url = self._serving.__enter__().url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._serving.__exit__(kind, error, trace)

    def _count(self, counter: str) -> int:
        value = getattr(self, counter)
        return value if isinstance(value, int) else len(value)

    def _tell(self, counter: str) -> None:
        with self._changed:
            if counter != "asked":
                setattr(self, counter, getattr(self, counter) + 1)
            self._changed.notify_all()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = await _read(scope, receive)
        fault = self._fault_for(asked.path)
        self.asked.append(asked)
        self._tell("asked")
        answering = asyncio.create_task(self._answer(asked, fault, receive, send))
        leaving = asyncio.create_task(_left(receive))
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
            self._tell("disconnects")
        leaving.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)
        self._tell("answered")
        if not answering.cancelled():
            answering.result()

    def _fault_for(self, path: str) -> str:
        for ordered in self._ordered:
            if ordered[1] in path and (ordered[1] or not path.endswith("models")):
                self._ordered.remove(ordered)
                return ordered[0]
        return ""

    async def _answer(self, asked: Asked, fault: str, receive: Receive, send: Send) -> None:
        if fault == "dropped":
            receive.__self__.transport.abort()  # type: ignore[attr-defined] # uvicorn's cycle; ASGI cannot reset
            return
        if fault == "slow":
            await self._gate.wait()
        reply = failure(fault, asked.path) or good(self, asked, fault)
        await send(_head(reply, fault))
        half = len(reply.body) // 2
        if fault == "endless":
            while True:
                await send(_body(reply.body * (65536 // len(reply.body) + 1), more=True))
                await asyncio.sleep(0)
        if fault in ("cut", "stalled"):
            await send(_body(reply.body[:half], more=True))
        if fault == "cut":
            return  # without its end: uvicorn closes the connection
        if fault == "stalled":
            await self._gate.wait()
        await send(_body(reply.body[half:] if fault == "stalled" else reply.body, more=False))


def _head(reply: Reply, fault: str) -> Message:
    headers = {"content-type": reply.content_type, **reply.headers}
    if fault not in ("endless", "stalled"):
        headers["content-length"] = str(len(reply.body))
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": reply.status, "headers": encoded}


def _body(data: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _read(scope: Scope, receive: Receive) -> Asked:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    return Asked(scope["method"], unquote(scope["raw_path"].decode()), query, headers, body)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


if __name__ == "__main__":
    with Upstream() as running:
        for name, value in {
            "POLLINATIONS_GEN_API_BASE": running.pollinations,
            "POLLINATIONS_API_TOKEN": KEY,
            "POLLINATIONS_IMAGE_API_BASE": running.free,
            "OPENAI_IMAGE_API_BASE": running.openai,
            "OPENAI_IMAGE_API_KEY": KEY,
            "DEEPSEEK_API_URL": running.openai,
            "DEEPSEEK_API_KEY": KEY,
        }.items():
            print(f"{name}={value}")  # noqa: T201 - for the hand that tries
        threading.Event().wait()
