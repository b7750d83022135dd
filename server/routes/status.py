"""What the page needs before sign-in, and what operators ask."""

import ipaddress
from collections.abc import Callable
from hmac import compare_digest
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from server import answers, limits
from server.auth import Auth
from server.errors import NoToken, NotReady, Refusal, StorageFull
from server.kv import Stores
from server.metrics import CONTENT_TYPE, Metrics
from server.settings import Settings
from server.times import iso

PROBE = "health/probe"


class StatusRoutes:
    """`/api/config`, `/health`, and files that robots and browsers ask for."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        auth: Auth,
        metrics: Metrics,
        clock: Callable[[], float],
        generation: dict[str, Any],
    ) -> None:
        self._stores = stores
        self._auth = auth
        self._metrics = metrics
        self._metrics_token = settings.metrics_token
        self._clock = clock
        self._max_image_size = settings.max_image_size
        self._config: dict[str, Any] = {
            "maxCount": settings.max_images_per_day,
            "maxImageBytes": settings.max_image_size,
            "ttlSeconds": settings.image_ttl,
            "tokenTtlSeconds": settings.token_ttl,
            "formats": list(limits.IMAGE_FORMATS),
            "minSide": 1,
            "maxSide": limits.MAX_SIDE,
            "maxPixels": limits.MAX_PIXELS,
            "maxPromptChars": limits.MAX_PROMPT,
            "minPasswordChars": limits.MIN_PASSWORD,
            "maxPasswordChars": limits.MAX_PASSWORD,
            "maxUsernameChars": limits.MAX_USERNAME,
            "onFull": "refuse",
            **generation,
        }

    async def config(self, request: Request) -> Response:
        """Tell the limits, the time by the one clock that counts, and who is signed in: null for nobody.

        So a page starts with one request, and one that nobody has signed in to starts without a refusal.
        """
        user = await self._auth.user(request)
        facts = {"server_time": iso(self._clock()), "user": user and user.public()}
        return answers.success({**self._config, **facts})

    async def health(self, _: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Say that the store can be written and read, and has room for an image; 503 with the reason otherwise."""
        try:
            for namespace in (self._stores.users, self._stores.images):
                await namespace.atomic().put(PROBE, b"", expiration=self._clock() + limits.SWEEP_INTERVAL).commit()
                await namespace.metadata(PROBE)
            if any([(await engine.usage()).free < self._max_image_size for engine in self._stores.engines]):
                raise StorageFull
        except Refusal as error:
            raise NotReady(reason=error.code, retry_after=limits.RETRY_SOON) from error
        return JSONResponse({"status": "ok"})

    async def metrics(self, request: Request) -> Response:
        """Give the numbers to this machine itself, or to who has METRICS_TOKEN."""
        if not (self._is_watcher(request) or _is_local(request)):
            raise NoToken
        self._metrics.stored.set(sum([(await engine.usage()).used for engine in self._stores.engines]))
        return Response(self._metrics.text(), media_type=CONTENT_TYPE)

    def _is_watcher(self, request: Request) -> bool:
        given, token = request.headers.get("authorization", ""), self._metrics_token
        return bool(token) and compare_digest(given.encode(), f"Bearer {token}".encode())

    async def robots(self, _: Request) -> Response:
        """Keep robots out."""
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    async def favicon(self, _: Request) -> Response:
        """Spare browsers a 404; the page names its own icon."""
        return Response(status_code=204)


def _is_local(request: Request) -> bool:
    """Whether the request comes from this machine and no proxy passed it on."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
