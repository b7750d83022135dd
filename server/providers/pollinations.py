"""Pollinations, both generations: `/image/{prompt}` with a bearer token, and the older `/prompt/{prompt}` without."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from server.limits import MAX_PROVIDER_IMAGE
from server.providers.errors import NoImage, ProviderImageTooLarge
from server.providers.provider import Painted, Parameters, Provider, examined
from server.providers.upstream import Call, Upstream, content_type


@dataclass(frozen=True, kw_only=True)
class Pollinations(Provider):
    """`route` and `list_route` are what differs between the two."""

    kind: ClassVar[str] = "pollinations"
    route: str = "image"
    list_route: str = "image/models"

    @asynccontextmanager
    async def paint(self, upstream: Upstream, parameters: Parameters) -> AsyncIterator[Painted]:
        """Stream the image from the one answer there is."""
        base = self.endpoint.base.rstrip("/")
        given = {
            "model": parameters.model,
            "width": str(parameters.width),
            "height": str(parameters.height),
            "seed": "" if parameters.seed is None else str(parameters.seed),
            "negative_prompt": parameters.negative,
        }
        params = {name: value for name, value in given.items() if value}
        call = Call(self.endpoint, f"{base}/{self.route}/{quote(parameters.prompt, safe='')}", NoImage, params)
        async with upstream.ask(call) as answer:
            stated = answer.headers.get("content-length", "")
            if stated.isdecimal() and int(stated[:20]) > MAX_PROVIDER_IMAGE:
                raise ProviderImageTooLarge(max_size=MAX_PROVIDER_IMAGE)
            kind, chunks = await examined(answer.aiter_bytes(), content_type(answer))
            yield Painted(kind, chunks, parameters)

    def list_call(self) -> Call:
        """Ask for the image models."""
        return Call(self.endpoint, f"{self.endpoint.base.rstrip('/')}/{self.list_route}", NoImage)
