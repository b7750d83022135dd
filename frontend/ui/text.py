"""The page's fixed sentences, put in place for a language."""

from typing import Any

import js

from frontend.browser.ffi import obj
from frontend.i18n import Translator

_ATTRIBUTES = ("placeholder", "aria-label", "content")


def speak(translate: Translator) -> None:
    """Say everything that stands in the page in the language that is on, in open templates and dialogs too."""
    js.document.documentElement.lang = "zh-CN" if translate.language == "zh" else "en"
    roots = [js.document, *[template.content for template in js.document.querySelectorAll("template")]]
    for root in roots:
        _speak(root, translate)
    js.document.title = translate("page.title")


def _speak(root: Any, translate: Translator) -> None:
    for node in root.querySelectorAll("[data-i18n]"):
        node.textContent = translate(node.dataset.i18n)
    for name in _ATTRIBUTES:
        for node in root.querySelectorAll(f"[data-i18n-{name}]"):
            node.setAttribute(name, translate(node.getAttribute(f"data-i18n-{name}")))


def moment(iso_or_seconds: Any, language: str) -> str:
    """Return a time in the person's zone and language, the day only when it is not today."""
    date = js.Date.new(iso_or_seconds * 1000 if isinstance(iso_or_seconds, (int, float)) else iso_or_seconds)
    time = date.toLocaleTimeString(language, obj({"hour": "2-digit", "minute": "2-digit"}))
    if date.toDateString() == js.Date.new().toDateString():
        return str(time)
    day = date.toLocaleDateString(language, obj({"month": "short", "day": "numeric"}))
    return f"{day} {time}"
