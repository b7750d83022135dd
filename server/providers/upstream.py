"""How providers are asked: one HTTP client for all of them, and each of their failures told as one of our refusals."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final

import httpx2

from server.errors import Refusal
from server.limits import MAX_PROMPT, MAX_PROVIDER_TEXT, MAX_REASON, MAX_RETRY_AFTER, PROVIDER_CONNECT, RETRY_SOON
from server.providers.addresses import Fetcher, translated
from server.providers.errors import (
    KeyRejected,
    NothingUseful,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    Unpaid,
    UnsafePrompt,
)

_OK: Final = 200
_UNSAFE: Final = {"safety_error", "content_policy_violation", "moderation_blocked", "content_filter"}
_UNPAID: Final = {"insufficient_quota", "billing_hard_limit_reached"}


@dataclass(frozen=True)
class Endpoint:
    """Where a provider is, and what opens it."""

    base: str
    key: str = field(repr=False, default="")
    setting: str = ""  # that should hold the key

    def openai(self, path: str) -> str:
        """Return the URL of one of OpenAI's routes, whether `base` ends before /v1, with it, or with the route."""
        base = self.base.rstrip("/")
        if base.endswith(f"/{path}"):
            return base
        root = base.removesuffix("/chat/completions")
        return f"{root}/{path}" if re.search(r"/v\d+$", root) or root != base else f"{root}/v1/{path}"


@dataclass(frozen=True)
class Call:
    """One request. `wrong` is what an answer without anything useful is refused with; `timeout` in seconds."""

    endpoint: Endpoint
    url: str
    wrong: type[NothingUseful]
    params: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    timeout: float | None = None


class Upstream:
    """The client; `timeout` in seconds for the head of an answer, and again for the rest of it.

    `images` fetches those that an answer only points to; `loopback`: from this machine too.
    """

    def __init__(self, timeout: float, *, loopback: bool = False) -> None:
        self.timeout = timeout
        self.images = Fetcher(timeout, loopback=loopback)

    @cached_property
    def _client(self) -> httpx2.AsyncClient:  # made when first needed: it reads all certificates
        timeout = httpx2.Timeout(self.timeout, connect=min(self.timeout, PROVIDER_CONNECT))
        headers = {"User-Agent": "hd-image-cache", "Accept-Encoding": "identity"}
        return httpx2.AsyncClient(timeout=timeout, headers=headers)

    async def close(self) -> None:
        """End every connection."""
        if "_client" in self.__dict__:
            await self._client.aclose()
        await self.images.close()

    @asynccontextmanager
    async def ask(self, call: Call) -> AsyncIterator[httpx2.Response]:
        """Yield an answer with status 200, unread. Leaving ends the request, if it is not over.

        Raises ProviderProblem, also for what breaks while the answer is being read.
        """
        seconds, loop = call.timeout or self.timeout, asyncio.get_running_loop()
        headers = {"Authorization": f"Bearer {call.endpoint.key}"} if call.endpoint.key else {}
        request = self._client.build_request(
            "GET" if call.body is None else "POST", call.url, params=call.params, json=call.body, headers=headers
        )
        with translated():
            async with asyncio.timeout(seconds) as deadline:
                answer = await self._client.send(request, stream=True)
                try:
                    if answer.status_code != _OK:
                        raise await _refusal(answer, call)
                    deadline.reschedule(loop.time() + seconds)
                    yield answer
                finally:
                    await answer.aclose()

    async def json(self, call: Call, limit: int = MAX_PROVIDER_TEXT) -> bytes:
        """Return the whole body of an answer; raises ProviderProblem, `call.wrong` for one above the limit."""
        async with self.ask(call) as answer:
            wrong = call.wrong(content_type=content_type(answer))
            return b"".join([chunk async for chunk in capped(answer.aiter_bytes(), limit, lambda: wrong)])


async def capped(chunks: AsyncIterator[bytes], limit: int, too_large: Callable[[], Refusal]) -> AsyncIterator[bytes]:
    """Pass on at most `limit` bytes; raises `too_large()`."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise too_large()
        yield chunk


async def begun(chunks: AsyncIterator[bytes], enough: int) -> tuple[bytes, AsyncIterator[bytes]]:
    """Wait for at least `enough` bytes, or the end; return them, and everything from the beginning on."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= enough:
            break

    async def whole() -> AsyncIterator[bytes]:
        yield head
        async for chunk in chunks:
            yield chunk

    return head, whole()


def acceptable(text: str) -> str:
    """Return a provider's text as a prompt may be: at most MAX_PROMPT characters, no controls but tab and line feed."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text.encode("utf-8", "ignore").decode())[:MAX_PROMPT]


def content_type(answer: httpx2.Response) -> str:
    """Return what the answer says it is, at most 100 characters."""
    return str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()[:100]


async def _refusal(answer: httpx2.Response, call: Call) -> Refusal:
    wrong = call.wrong(content_type=content_type(answer))
    body = b"".join([chunk async for chunk in capped(answer.aiter_bytes(), MAX_PROVIDER_TEXT, lambda: wrong)])
    codes, sentence = _told(body)
    reason = (sentence.replace(call.endpoint.key, "…") if call.endpoint.key else sentence)[:MAX_REASON]
    status = answer.status_code
    if codes & _UNSAFE:
        return UnsafePrompt(reason=reason)
    if codes & _UNPAID or status == 402:  # noqa: PLR2004 - Payment Required
        return Unpaid()
    if status in (401, 403):
        return KeyRejected(setting=call.endpoint.setting)
    if status in (408, 425, 429):
        return ProviderBusy(retry_after=_retry_after(answer.headers.get("retry-after", "")))
    if status >= 500:  # noqa: PLR2004
        return ProviderFailed(retry_after=_retry_after(answer.headers.get("retry-after", "")))
    return ProviderRefused(reason=reason) if status >= 400 else wrong  # noqa: PLR2004


def _told(body: bytes) -> tuple[set[str], str]:
    """Return the codes and the sentence of an error, in any of the shapes in use."""
    try:
        told = json.loads(body)
    except ValueError:
        return set(), ""
    told = told if isinstance(told, dict) else {}
    error = told.get("error", told.get("detail", told))
    facts = error if isinstance(error, dict) else {}
    sentence = error if isinstance(error, str) else facts.get("message", told.get("message", ""))
    return {str(facts.get(name)) for name in ("code", "type")}, str(sentence)


def _retry_after(text: str) -> int:
    """Return seconds, from seconds or a date."""
    try:
        seconds = float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError):
        seconds = RETRY_SOON
    return int(min(max(1, seconds), MAX_RETRY_AFTER))
