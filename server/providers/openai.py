"""Any server with OpenAI's `POST /v1/images/generations`, whether it answers with base64 or with a URL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from server.errors import InvalidBase64
from server.limits import MAX_PROVIDER_IMAGE, MAX_PROVIDER_JSON, MAX_SEED
from server.providers.errors import NoImage
from server.providers.provider import Painted, Parameters, Provider, examined
from server.providers.upstream import Call, Upstream, acceptable
from server.uploads import decode_base64


class _Image(msgspec.Struct):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Images(msgspec.Struct):
    data: list[_Image] = []
    output_format: str | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class OpenAI(Provider):
    """`size_name`: how the server calls the size."""

    kind: ClassVar[str] = "openai"
    size_name: str = "size"

    @asynccontextmanager
    async def paint(self, upstream: Upstream, parameters: Parameters) -> AsyncIterator[Painted]:
        """Read the answer, then give the image in it, or stream the one it points to."""
        given: dict[str, Any] = {
            "model": parameters.model,
            "prompt": parameters.prompt,
            self.size_name: f"{parameters.width}x{parameters.height}",
            "negative_prompt": parameters.negative,
            "output_format": parameters.format,
            "seed": parameters.seed,
        }
        body = {name: value for name, value in given.items() if value not in ("", None)}
        call = Call(self.endpoint, self.endpoint.openai("images/generations"), NoImage, body=body)
        told = await upstream.json(call, MAX_PROVIDER_JSON)
        try:
            images = await asyncio.to_thread(msgspec.json.decode, told, type=_Images)
            image = images.data[0]
        except (msgspec.DecodeError, IndexError, UnicodeDecodeError):
            raise NoImage(content_type="application/json") from None
        told = b""  # some MiB that are no longer needed
        parameters = msgspec.structs.replace(
            parameters,
            revised_prompt=acceptable(image.revised_prompt or "") or None,
            format=images.output_format if images.output_format in self.formats else parameters.format,
            seed=_usable(images.seed, parameters.seed) if self.seed else None,
        )
        if image.b64_json:
            yield Painted(*await examined(_decoded(image.b64_json), "application/json"), parameters)
            return
        async with upstream.images.fetch(image.url or "") as (claimed, chunks):
            yield Painted(*await examined(chunks, claimed), parameters)

    def list_call(self) -> Call:
        """Ask for all models."""
        return Call(self.endpoint, self.endpoint.openai("models"), NoImage)


def _usable(told: int | None, sent: int | None) -> int | None:
    """Return the seed that was used: the one told, where it can be asked for again."""
    return told if told is not None and 0 <= told <= MAX_SEED else sent


async def _decoded(text: str) -> AsyncIterator[bytes]:
    try:
        yield await asyncio.to_thread(decode_base64, text[: MAX_PROVIDER_IMAGE * 2])
    except InvalidBase64:
        raise NoImage(content_type="application/json") from None
