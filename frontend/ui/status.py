"""What is going on: one polite line, one for errors, and the banners."""

from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import create_once_callable

from frontend.i18n import Translator
from frontend.ui.elements import element, on_click

_SHOWN = 5000  # milliseconds a line stays
_ERROR_SHOWN = 12_000  # milliseconds an error stays


class Status:
    """`#saving-status` (role=status) and `#error-message` (role=alert)."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self._timers: dict[str, Any] = {}
        self.on_rescue: Callable[[], Any] = lambda: None
        self.on_update: Callable[[], Any] = lambda: None
        on_click("rescue-button", lambda: self.on_rescue())
        on_click("update-button", lambda: self.on_update())

    def say(self, text: str) -> None:
        """Tell something that went well, for a few seconds."""
        self._show("saving-status", text, _SHOWN)

    def saving(self, text: str) -> None:
        """Tell that something is under way, until something else is told."""
        self._show("saving-status", text, 0)

    def error(self, text: str) -> None:
        """Tell what went wrong."""
        self._show("saving-status", "", 0)
        self._show("error-message", text, _ERROR_SHOWN)

    def warn(self, text: str) -> None:
        """Tell something that stays true until the page is left; empty takes it back."""
        element("warning").textContent = text
        element("warning").hidden = not text

    def not_durable(self) -> None:
        """Say that this browser keeps nothing."""
        self.warn(self._translate("status.not_durable"))

    def expiring(self, count: int, minutes: int) -> None:
        """Say how many images expire soon, and when the first does; nothing for none."""
        text = self._translate("status.expiring", count=count, minutes=minutes) if count else ""
        element("expiring").hidden = not text
        element("expiring").firstElementChild.textContent = text

    def update(self) -> None:
        """Offer the new version."""
        element("update").hidden = False

    def superseded(self) -> None:
        """Say that this tab must be loaded again: a newer version of the page needs the store."""
        self.warn(self._translate("status.superseded"))

    def offline(self, *, on: bool) -> None:
        """Show whether the server can be reached."""
        element("offline").hidden = not on

    def _show(self, name: str, text: str, milliseconds: int) -> None:
        element(name).textContent = text
        js.clearTimeout(self._timers.get(name, 0))
        if text and milliseconds:
            clear = create_once_callable(lambda: self._show(name, "", 0))
            self._timers[name] = js.setTimeout(clear, milliseconds)
