"""What a provider of images is: where it is, what it can do, and how it is asked. Its kinds are files beside this."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec

from server import formats
from server.limits import MAX_PROVIDER_IMAGE
from server.providers.errors import NoImage, ProviderImageTooLarge
from server.providers.upstream import Call, Endpoint, Upstream, begun, capped
from server.schemas import Generate

_ENOUGH: Final = 32  # bytes, to know an image by


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What was really sent, and what came back beside the image."""

    provider: str
    model: str
    prompt: str
    negative: str
    width: int  # pixels
    height: int  # pixels
    seed: int | None
    format: str | None
    revised_prompt: str | None = None


class Model(msgspec.Struct, frozen=True):
    """A model that makes images."""

    id: str
    name: str


@dataclass(frozen=True)
class Painted:
    """An image on its way: its real type, its bytes, and how it was made."""

    content_type: str
    chunks: AsyncIterator[bytes]
    parameters: Parameters


@dataclass(frozen=True, kw_only=True)
class Provider(ABC):
    """One that is on. `sizes`: None for any; `formats`: those that can be asked for."""

    kind: ClassVar[str]
    id: str
    name: str
    endpoint: Endpoint
    default_model: str | None
    seed: bool = True
    negative: bool = True
    sizes: tuple[str, ...] | None = None
    formats: tuple[str, ...] = ()
    models: tuple[str, ...] = ()  # instead of its own list

    def public(self) -> dict[str, Any]:
        """Return what the page may know: never the address, nor the key."""
        shown = ("id", "name", "default_model", "seed", "negative", "sizes", "formats")
        return {"kind": self.kind, **{name: getattr(self, name) for name in shown}}

    def parameters(self, wanted: Generate) -> Parameters:
        """Return what will be sent: nothing the provider cannot take."""
        return Parameters(
            provider=self.id,
            model=wanted.model or self.default_model or "",
            prompt=wanted.prompt,
            negative=wanted.negative if self.negative else "",
            width=wanted.width,
            height=wanted.height,
            seed=wanted.seed if self.seed else None,
            format=wanted.format if wanted.format in self.formats else None,
        )

    @abstractmethod
    def paint(self, upstream: Upstream, parameters: Parameters) -> AbstractAsyncContextManager[Painted]:
        """Ask for an image; yields it when its first bytes are here. Raises ProviderProblem."""

    @abstractmethod
    def list_call(self) -> Call:
        """Return the request for the provider's own list of models."""

    def read_models(self, told: Any) -> list[Model]:
        """Return the image models of its answer; raises ValueError, TypeError, KeyError for another one."""
        entries = told["data"] if isinstance(told, dict) else told
        return [Model(*_named(entry)) for entry in entries if _makes_images(entry)]


async def examined(chunks: AsyncIterator[bytes], claimed: str) -> tuple[str, AsyncIterator[bytes]]:
    """Return what kind of image it is, by its first bytes, and all of its bytes; raises NoImage."""
    within = capped(chunks, MAX_PROVIDER_IMAGE, lambda: ProviderImageTooLarge(max_size=MAX_PROVIDER_IMAGE))
    head, whole = await begun(within, _ENOUGH)
    kind = formats.content_type(head)
    if kind is None:
        raise NoImage(content_type=claimed)
    return kind, whole


def _named(entry: Any) -> tuple[str, str]:
    if isinstance(entry, str):
        return entry, entry
    name = str(entry.get("id") or entry["name"])
    return name, str(entry.get("title") or entry.get("name") or name)


def _makes_images(entry: Any) -> bool:
    """Whether the list does not tell otherwise."""
    if isinstance(entry, str):
        return True
    outputs = entry.get("output_modalities", (entry.get("architecture") or {}).get("output_modalities"))
    return outputs is None or "image" in outputs
