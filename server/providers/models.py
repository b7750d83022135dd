"""The models of each provider: read from its own list, kept for a while, and still told when it does not answer."""

import asyncio
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from server.errors import Refusal
from server.limits import MODELS_FRESH, MODELS_RETRY, MODELS_TIMEOUT
from server.logs import log
from server.providers.provider import Model, Provider
from server.providers.upstream import Upstream


@dataclass
class _Known:
    """What is known of one provider; `until`: seconds on the monotonic clock before it is asked again."""

    models: list[Model] | None = None
    until: float = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Models:
    """The lists of all providers."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._known: defaultdict[str, _Known] = defaultdict(_Known)

    async def of(self, provider: Provider) -> dict[str, Any]:
        """Return `models`, `source` and `default`; never fails, and is never slow twice in a row."""
        known = self._known[provider.id]
        async with known.turn:  # one asks, the others wait for its answer
            if time.monotonic() >= known.until:
                known.models, fresh = await self._ask(provider, known.models)
                known.until = time.monotonic() + fresh
        default = provider.default_model
        if known.models is None:
            models, source = [Model(default, default)] if default else [], "fallback"
        else:
            models, source = known.models, "provider"
        return {"models": models, "source": source, "default": default or (models[0].id if models else None)}

    async def _ask(self, provider: Provider, last: list[Model] | None) -> tuple[list[Model] | None, float]:
        """Return the list, and for how many seconds it will do."""
        if provider.models:
            return [Model(name, name) for name in provider.models], MODELS_FRESH
        try:
            told = json.loads(await self._upstream.json(replace(provider.list_call(), timeout=MODELS_TIMEOUT)))
            return provider.read_models(told), MODELS_FRESH
        except (Refusal, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("models_unknown", provider=provider.id, code=getattr(error, "code", "unreadable"))
            return last, MODELS_RETRY
