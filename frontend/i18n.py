"""The page's sentences: one flat dictionary per language, the same keys in each (a test holds that)."""

from math import ceil
from typing import Any

LANGUAGES = ("zh", "en")


class Translator:
    """Finds the sentence for a key in the language that is on."""

    def __init__(self, sentences: dict[str, dict[str, str]], language: str) -> None:
        self._sentences = sentences
        self.language = language

    def __call__(self, key: str, **facts: Any) -> str:
        """Return the sentence with its facts filled in; an unknown key comes back as it is, so it is seen."""
        return self._sentences[self.language].get(key, key).format(**facts)

    def generator(self, model: str) -> str:
        """Return what people call a generator or model; one the page has no name for is called by its own."""
        return self._sentences[self.language].get(f"generator.{model}", model)

    def refusal(self, reason: dict[str, Any]) -> str:
        """Return why the server refused, in the language that is on where the page knows the code."""
        known = self._sentences[self.language].get(f"error.{reason['code']}")
        return known.format_map(_Facts(reason)) if known else str(reason.get("error") or reason["code"])

    def duration(self, seconds: float) -> str:
        """Return a time to wait in the largest unit that fits: `40 s`, `12 min`, `5 h`."""
        for unit, size in (("h", 3600), ("min", 60)):
            if seconds >= size:
                return self(f"time.{unit}", number=ceil(seconds / size))
        return self("time.s", number=ceil(seconds))

    def choose(self, language: str) -> None:
        """Switch to another language; an unknown one changes nothing."""
        if language in self._sentences:
            self.language = language


class _Facts(dict[str, Any]):
    """Facts of a refusal; one that is missing stays empty instead of hiding the sentence."""

    def __missing__(self, key: str) -> str:
        return ""


def megabytes(size: float) -> str:
    """Return a number of bytes in the unit a person reads: `1.42 MiB`, `312 KiB`."""
    if size < 1024 * 1024:
        return f"{max(size / 1024, 0.1):.0f} KiB" if size >= 1024 else f"{size:.0f} B"  # noqa: PLR2004
    return f"{size / 1024 / 1024:.2f} MiB"
