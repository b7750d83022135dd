"""Images, prompts and speech from providers: checked here, made there, passed on as they come."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from secrets import token_hex
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server import answers, chat, speech
from server.auth import Auth
from server.bodies import read_form
from server.errors import InvalidField, Overloaded, Unauthorized
from server.formats import EXTENSIONS
from server.limits import MAX_METADATA, MAX_PIXELS, RETRY_SOON
from server.logs import log
from server.providers import configured
from server.providers.errors import ToolOff, UnknownProvider
from server.providers.models import Models
from server.providers.provider import Painted, Provider
from server.providers.upstream import Endpoint, Upstream
from server.rates import Rates, address
from server.relay import Relay, Relayed, unless_gone
from server.schemas import Generate, PromptOnly, Speak
from server.settings import Settings

Source = Callable[[], AbstractAsyncContextManager[Relayed]]
_LINE: Final = "\r\n"


class GenerationRoutes:
    """`/api/generate`, `/api/providers`, `/api/prompts`, `/api/audio`."""

    def __init__(self, settings: Settings, auth: Auth, rates: Rates) -> None:
        self._upstream = Upstream(settings.generation_timeout, loopback=settings.allow_loopback_images)
        self._models = Models(self._upstream)
        self._providers = {provider.id: provider for provider in configured(settings)}
        self._chat = chat.configured(settings, self._upstream)
        self._speech = speech.configured(settings, self._upstream)
        self._auth = auth
        self._rates = rates
        self._is_open = settings.generation_access == "anyone"
        self._free = settings.max_generations

    def public(self) -> dict[str, Any]:
        """Return what `/api/config` tells."""
        return {
            "providers": [provider.public() for provider in self._providers.values()],
            "generation": {"access": "anyone" if self._is_open else "signed_in"},
            "tools": dict.fromkeys(chat.INSTRUCTIONS, self._chat is not None),
            "speech": self._speech and self._speech.public(),
        }

    def announce(self) -> None:
        """Log what is on, without a secret."""
        for provider in self._providers.values():
            _log("generator", provider.endpoint, provider.default_model, id=provider.id)
        if self._chat:
            _log("prompt_tools", self._chat.endpoint, self._chat.model)
        if self._speech:
            _log("speech", self._speech.endpoint, self._speech.model)

    async def close(self) -> None:
        """End every connection to a provider."""
        await self._upstream.close()

    async def models(self, request: Request) -> Response:
        """List a provider's image models; its last known ones, or its default, while it does not answer."""
        self._rates.read(address(request))
        provider = self._provider(request.path_params["id"])
        return answers.success(await unless_gone(request.receive, self._models.of(provider)))

    async def generate(self, request: Request) -> Response:
        """Make an image: a form with part `parameters`, what was really sent, and part `image`, the exact bytes."""
        user = await self._user(request)
        wanted = await read_form(request, Generate, MAX_METADATA)
        provider = self._provider(wanted.provider)
        _refuse_size(provider, wanted)
        parameters = provider.parameters(wanted)

        @asynccontextmanager
        async def painted() -> AsyncIterator[Relayed]:
            with self._admitted("image", user, request):
                async with provider.paint(self._upstream, parameters) as painted:
                    log.info("painting", provider=provider.id, model=parameters.model)
                    yield _as_form(painted)

        return Relay(painted)

    async def optimize(self, request: Request) -> Response:
        """Improve a prompt, in its own language."""
        return await self._prompt(request, "optimize")

    async def translate(self, request: Request) -> Response:
        """Translate a prompt into English."""
        return await self._prompt(request, "translate")

    async def speak(self, request: Request) -> Response:
        """Read a text aloud: the sound, as it comes."""
        user = await self._user(request)
        if self._speech is None:
            raise ToolOff(setting=speech.SETTING)
        wanted, speaker = await read_form(request, Speak, MAX_METADATA), self._speech
        speaker.refuse_too_long(wanted.text)

        @asynccontextmanager
        async def spoken() -> AsyncIterator[Relayed]:
            with self._admitted("speech", user, request):
                async with speaker.speak(wanted) as sound:
                    yield sound

        return Relay(spoken)

    async def _prompt(self, request: Request, tool: str) -> Response:
        user = await self._user(request)
        if self._chat is None:
            raise ToolOff(setting=chat.SETTING)
        form = await read_form(request, PromptOnly, MAX_METADATA)
        with self._admitted("prompt", user, request):
            prompt, model = await unless_gone(request.receive, self._chat.apply(tool, form.prompt))
        changed = prompt != form.prompt.strip()
        return answers.success({"prompt": prompt, "original": form.prompt, "changed": changed, "model": model})

    async def _user(self, request: Request) -> str | None:
        """Return whose account it is for; None where anyone may, and nobody is signed in."""
        self._auth.refuse_cross_site(request)
        try:
            return (await self._auth.session(request)).user.id
        except Unauthorized:
            if not self._is_open:
                raise
            return None

    def _provider(self, provider_id: str) -> Provider:
        if provider_id not in self._providers:
            raise UnknownProvider(provider=provider_id[:100])
        return self._providers[provider_id]

    @contextmanager
    def _admitted(self, what: str, user: str | None, request: Request) -> Iterator[None]:
        """Hold one of the requests to providers; raises Overloaded, AllowanceSpent."""
        if not self._free:
            raise Overloaded(retry_after=RETRY_SOON)
        with self._rates.generation(what, user, request):
            self._free -= 1
            try:
                yield
            finally:
                self._free += 1


def _log(event: str, endpoint: Endpoint, model: str | None, **facts: str) -> None:
    log.info(event, base=endpoint.base, has_key=bool(endpoint.key), model=model or "as listed", **facts)


def _refuse_size(provider: Provider, wanted: Generate) -> None:
    size = f"{wanted.width}x{wanted.height}"
    if provider.sizes and size not in provider.sizes:
        raise InvalidField(field="width", expected=f"one of {', '.join(provider.sizes)}")
    if wanted.width * wanted.height > MAX_PIXELS:
        raise InvalidField(field="width", expected=f"at most {MAX_PIXELS} pixels")


def _as_form(painted: Painted) -> Relayed:
    boundary = token_hex(16)
    disposition = "Content-Disposition: form-data; name="
    name = f"image.{EXTENSIONS[painted.content_type]}"
    before = _LINE.join(
        [
            *(f"--{boundary}", f'{disposition}"parameters"', "Content-Type: application/json", ""),
            msgspec.json.encode(painted.parameters).decode(),
            *(
                f"--{boundary}",
                f'{disposition}"image"; filename="{name}"',
                f"Content-Type: {painted.content_type}",
                "",
                "",
            ),
        ]
    )

    async def chunks() -> AsyncIterator[bytes]:
        yield before.encode()
        async for chunk in painted.chunks:
            yield chunk
        yield f"{_LINE}--{boundary}--{_LINE}".encode()

    return Relayed(f"multipart/form-data; boundary={boundary}", chunks())
