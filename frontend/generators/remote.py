"""Any provider behind the server. It tries again what may succeed, with the identical request: that is billed once."""

from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any

from frontend.api import Api
from frontend.errors import ClientError
from frontend.models import ImageRequest
from frontend.outbox import delay

ATTEMPTS = 4
DEADLINE = 300.0  # seconds for all of them together
AGAIN = {"offline", "busy", "overloaded", "provider_busy", "provider_failed", "provider_timeout"}


class Remote:
    """Makes images by `POST /api/generate`. Cancelling it ends the request, for the provider too."""

    def __init__(
        self,
        api: Api,
        steady: Callable[[], float],
        wait: Callable[[float], Awaitable[Any]],
        jitter: Callable[[], float],
    ) -> None:
        """Take a clock that only runs forward, what waits for some seconds, and chance from 0 to 1."""
        self._api = api
        self._steady = steady
        self._wait = wait
        self._jitter = jitter
        self.on_attempt: Callable[[int, int, int], Any] = lambda _number, _of, _seconds: None  # seconds until it begins

    async def generate(self, request: ImageRequest) -> tuple[ImageRequest, Any]:
        """Return what was really asked for, and the provider's bytes as a Blob; raises ClientError."""
        provider, _, model = request.model.partition("/")
        wanted = {
            "provider": provider,
            "model": model,
            "prompt": request.prompt,
            "negative": request.negative,
            "width": request.width,
            "height": request.height,
            "seed": request.seed,
        } | ({"format": request.format} if request.format else {})
        sent, blob = await self._until_it_comes(wanted)
        named = {"model": f"{sent.get('provider', provider)}/{sent.get('model') or model}"}
        texts = {name: sent.get(name) or "" for name in ("negative", "format", "revised_prompt")}
        facts = {name: sent.get(name, wanted[name]) for name in ("prompt", "width", "height", "seed")}
        return request.having(**named, **texts, **facts), blob

    async def _until_it_comes(self, wanted: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        ends = self._steady() + DEADLINE
        number = 1
        while True:
            try:
                return await self._api.generate(wanted, ends - self._steady())
            except ClientError as error:
                pause = delay(number, error.retry_after, self._jitter())
                if error.code not in AGAIN or number == ATTEMPTS or self._steady() + pause >= ends:
                    raise
            number += 1
            for left in range(ceil(pause), 0, -1):
                self.on_attempt(number, ATTEMPTS, left)
                await self._wait(min(1.0, pause - left + 1))
            self.on_attempt(number, ATTEMPTS, 0)
