"""Reading aloud: a text for any server with OpenAI's `/v1/audio/speech`, and the sound it sends, streamed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from server.limits import MAX_PROVIDER_IMAGE
from server.providers import pollinations_endpoint
from server.providers.errors import NoAudio, TextTooLong
from server.providers.upstream import Call, Endpoint, Upstream, begun, capped, content_type
from server.relay import Relayed
from server.schemas import Speak
from server.settings import Settings, words

SETTING: Final = "AUDIO_API_BASE"  # that turns it on
_TYPES: Final = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class Speech:
    """One speech model."""

    def __init__(self, upstream: Upstream, endpoint: Endpoint, settings: Settings) -> None:
        self.endpoint = endpoint
        self.model = settings.default_audio_model
        self._upstream = upstream
        self._voice = settings.default_audio_voice
        self._voices = list(dict.fromkeys([self._voice, *words(settings.audio_voices)]))
        self._max_chars = settings.audio_max_chars

    def public(self) -> dict[str, Any]:
        """Return what the page may know."""
        facts = {"voices": self._voices, "default_voice": self._voice, "formats": list(_TYPES)}
        return {**facts, "maxChars": self._max_chars, "minSpeed": 0.25, "maxSpeed": 4}

    def refuse_too_long(self, text: str) -> None:
        """Raise TextTooLong."""
        if len(text) > self._max_chars:
            raise TextTooLong(max_chars=self._max_chars, length=len(text))

    @asynccontextmanager
    async def speak(self, wanted: Speak) -> AsyncIterator[Relayed]:
        """Yield the sound when it begins to come; raises ProviderProblem, NoAudio among them."""
        given = {"model": self.model, "speed": wanted.speed, "response_format": wanted.format}
        body: dict[str, Any] = {"input": wanted.text, "voice": wanted.voice or self._voice}
        body |= {name: value for name, value in given.items() if value}
        call = Call(self.endpoint, self.endpoint.openai("audio/speech"), NoAudio, body=body)
        async with self._upstream.ask(call) as answer:
            claimed = content_type(answer)
            wrong = NoAudio(content_type=claimed)
            chunks = capped(answer.aiter_bytes(), MAX_PROVIDER_IMAGE, lambda: wrong)
            head, whole = await begun(chunks, 1)
            if not head or not re.fullmatch(r"audio/[\w.+-]+|application/octet-stream", claimed):
                raise wrong
            yield Relayed(claimed if claimed.startswith("audio/") else _TYPES[wanted.format or "mp3"], whole)


def configured(settings: Settings, upstream: Upstream) -> Speech | None:
    """Return the speech that the operator has set up, else that of Pollinations."""
    if settings.audio_api_base:
        return Speech(upstream, Endpoint(settings.audio_api_base, settings.audio_api_key, "AUDIO_API_KEY"), settings)
    pollen = pollinations_endpoint(settings)
    return Speech(upstream, pollen, settings) if pollen else None
