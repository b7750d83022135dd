"""Ways to make images and what each can do: the page shows its options by this, never by a name."""

from collections.abc import Sequence
from math import gcd
from typing import Any, NamedTuple, Self

RATIOS = {"1:1": (1024, 1024), "16:9": (1280, 720), "9:16": (720, 1280), "4:3": (1152, 864), "3:4": (864, 1152)}
FORMATS = {"webp": "WebP", "jpeg": "JPEG", "png": "PNG"}  # and their names, the smallest files first

Size = tuple[int, int]  # pixels


class Provider(NamedTuple):
    """One way to make images, as `/api/config` describes it."""

    id: str
    name: str = ""
    default_model: str | None = None
    seed: bool = True
    negative: bool = True
    sizes: Sequence[str] | None = None  # such as 1024x1024; None: any
    formats: Sequence[str] = ()  # that can be asked for

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """Return the provider with these members; unknown ones are ignored."""
        return cls(**{name: facts[name] for name in cls._fields if name in facts})

    def ratios(self) -> dict[str, Size]:
        """Return the sizes to offer, each by its ratio, or by itself where two have the same."""
        if self.sizes is None:
            return RATIOS
        named = {size: ratio for ratio, size in RATIOS.items()}
        offered: dict[str, Size] = {}
        for text in self.sizes:
            width, height = (int(side) for side in text.split("x"))
            shared = gcd(width, height)
            ratio = named.get((width, height)) or f"{width // shared}:{height // shared}"
            offered[text if ratio in offered else ratio] = (width, height)
        return offered

    def smaller_format(self, content_type: str) -> str:
        """Return the format to ask for where an image of that type is too large, empty if none is smaller."""
        kinds, kind = list(FORMATS), content_type.removeprefix("image/")
        smaller = kinds[: kinds.index(kind)] if kind in kinds else []
        return next((each for each in smaller if each in self.formats), "")


PAINTER = Provider("landscape")  # embedded in the page: no server, no key, no network


def provider_of(model: str) -> str:
    """Return the provider's id in `<provider>/<model>`."""
    return model.partition("/")[0]


def values(provider: Provider, models: list[dict[str, Any]]) -> dict[str, str]:
    """Return what the picker offers of a provider: the name of each `<provider>/<model>`, its own choice first."""
    default = provider.default_model or ""
    names = {str(model["id"]): str(model.get("name") or model["id"]) for model in models}
    ids = [default, *(model for model in names if model != default)] if default or not names else list(names)
    return {f"{provider.id}/{model}": names.get(model) or model or provider.name for model in ids}
