"""The providers that the operator has set up, in the order in which the page shows them."""

from urllib.parse import urlsplit

from server.providers.openai import OpenAI
from server.providers.pollinations import Pollinations
from server.providers.provider import Provider
from server.providers.upstream import Endpoint
from server.settings import Settings, words

POLLINATIONS = "https://gen.pollinations.ai"
OPENAI = "https://api.openai.com/v1"


def configured(settings: Settings) -> list[Provider]:
    """Return them; none is on by itself."""
    found: list[Provider] = []
    model = settings.pollinations_image_model or None
    if pollen := pollinations_endpoint(settings):
        found.append(Pollinations(id="pollinations", name="Pollinations", endpoint=pollen, default_model=model))
    if settings.openai_image_api_base or settings.openai_image_api_key:
        found.append(_openai(settings))
    if settings.pollinations_image_api_base:
        endpoint = Endpoint(settings.pollinations_image_api_base, setting="POLLINATIONS_API_TOKEN")
        free = Pollinations(
            id="pollinations-free",
            name="Pollinations (no key)",
            endpoint=endpoint,
            default_model=model,
            route="prompt",
            list_route="models",
        )
        found.append(free)
    return found


def pollinations_endpoint(settings: Settings) -> Endpoint | None:
    """Return Pollinations, where there is a token or an address for it."""
    base, token = settings.pollinations_gen_api_base, settings.pollinations_api_token
    return Endpoint(base or POLLINATIONS, token, "POLLINATIONS_API_TOKEN") if base or token else None


def _openai(settings: Settings) -> OpenAI:
    base = settings.openai_image_api_base or OPENAI
    supports, models = words(settings.openai_image_supports), tuple(words(settings.openai_image_models))
    return OpenAI(
        id="openai",
        name="OpenAI" if urlsplit(base).hostname == urlsplit(OPENAI).hostname else "OpenAI-compatible",
        endpoint=Endpoint(base, settings.openai_image_api_key, "OPENAI_IMAGE_API_KEY"),
        default_model=models[0] if models else None,
        seed="seed" in supports,
        negative="negative" in supports,
        sizes=tuple(words(settings.openai_image_sizes)) or None,
        formats=("png", "jpeg", "webp") if "formats" in supports else (),
        models=models,
        size_name="image_size" if "image_size" in supports else "size",
    )
