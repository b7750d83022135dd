"""What the page needs before sign-in, and what operators ask."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from server import answers, limits
from server.auth import Auth
from server.errors import NotReady, Refusal, StorageFull
from server.kv import Stores
from server.settings import Settings
from server.times import iso

PROBE = "health/probe"


class StatusRoutes:
    """`/api/config`, `/health`, and files that robots and browsers ask for."""

    def __init__(self, settings: Settings, stores: Stores, auth: Auth, clock: Callable[[], float]) -> None:
        self._stores = stores
        self._auth = auth
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
            "providers": [],
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

    async def robots(self, _: Request) -> Response:
        """Keep robots out."""
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    async def favicon(self, _: Request) -> Response:
        """Spare browsers a 404; the page names its own icon."""
        return Response(status_code=204)
