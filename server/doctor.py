"""`python -m server doctor`: asks each provider for what it is there for, so that key and model are known to work.

It costs what a small image, a short prompt and one spoken word cost.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from server import chat, speech
from server.errors import Refusal
from server.messages import sentence
from server.providers import configured
from server.providers.models import Models
from server.providers.provider import Provider
from server.providers.upstream import Upstream
from server.schemas import Generate, Speak
from server.settings import Settings

_SIZE = 512  # pixels; the first of a provider's sizes where it has some


async def examine(settings: Settings, tell: Callable[[str], None]) -> bool:
    """Tell one line for each provider; return whether all of them work."""
    upstream = Upstream(settings.generation_timeout, loopback=settings.allow_loopback_images)
    talker, speaker = chat.configured(settings, upstream), speech.configured(settings, upstream)
    asked: list[tuple[str, Awaitable[str]]] = [
        (provider.id, _paint(upstream, provider)) for provider in configured(settings)
    ]
    asked += [("prompt tools", _improve(talker))] if talker else []
    asked += [("speech", _speak(speaker))] if speaker else []
    if not asked:
        tell("none  no provider is set up; the page paints by itself")
    try:
        return all([await _told(name, answer, tell) for name, answer in asked])
    finally:
        await upstream.close()


async def _told(name: str, answer: Awaitable[str], tell: Callable[[str], None]) -> bool:
    began = time.monotonic()
    try:
        found = await answer
    except Refusal as error:
        tell(f"FAIL  {name}: {sentence(error.code, 'en', **error.facts)} ({error.code})")
        return False
    tell(f"ok    {name}: {found}, {time.monotonic() - began:.1f} s")
    return True


async def _paint(upstream: Upstream, provider: Provider) -> str:
    model = (await Models(upstream).of(provider))["default"] or ""
    width, height = map(int, provider.sizes[0].split("x")) if provider.sizes else (_SIZE, _SIZE)
    wanted = Generate(provider.id, "a white circle", model=model, width=width, height=height)
    async with provider.paint(upstream, provider.parameters(wanted)) as painted:
        size = sum([len(chunk) async for chunk in painted.chunks])
    return f"{model or 'its own model'} made {painted.content_type}, {size:,} bytes"


async def _improve(talker: chat.Chat) -> str:
    _, model = await talker.apply("translate", "湖")
    return f"{model or 'its own model'} answered"


async def _speak(speaker: speech.Speech) -> str:
    async with speaker.speak(Speak("ok")) as sound:
        size = sum([len(chunk) async for chunk in sound.chunks])
    return f"{speaker.model or 'its own model'} said something, {sound.content_type}, {size:,} bytes"


def main(settings: Settings) -> int:
    """Print the lines; return the exit code: 1 when something does not work."""
    return 0 if asyncio.run(examine(settings, print)) else 1
