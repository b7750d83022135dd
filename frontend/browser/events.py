"""What happens in the browser around the page: time, network, other tabs, leaving."""

import traceback
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import create_once_callable, create_proxy

from frontend.browser.ffi import listen, obj

Handler = Callable[[], Any]


class Events:
    """The browser's signals, each handed to one plain function; and what it allows this page."""

    def __init__(self, channel: str) -> None:
        self._channel = js.BroadcastChannel.new(channel)

    @property
    def secure(self) -> bool:
        """Whether the browser gives this page everything: https, or this machine itself."""
        return bool(js.isSecureContext)

    async def persist(self) -> None:
        """Ask the browser not to throw this page's images away when space runs short."""
        if storage := getattr(js.navigator, "storage", None):
            await storage.persist()

    async def usage(self) -> int | None:
        """Return how many bytes this page keeps in the browser, None if it does not say."""
        storage = getattr(js.navigator, "storage", None)
        return int((await storage.estimate()).usage) if storage else None

    def on_wake(self, handler: Handler) -> None:
        """Call when there may be network again, or somebody looks again."""
        listen(js.window, "online", lambda _event: handler())
        listen(js.document, "visibilitychange", lambda _event: None if js.document.hidden else handler())

    def on_other_tab(self, handler: Handler) -> None:
        """Call when another tab of this browser changed something."""
        listen(self._channel, "message", lambda _event: handler())

    def tell_other_tabs(self) -> None:
        """Say that something changed."""
        self._channel.postMessage("changed")

    def on_leave(self, would_lose: Callable[[], bool]) -> None:
        """Let the browser ask before the page is left, only when something would be lost."""
        listen(js.window, "beforeunload", lambda event: event.preventDefault() if would_lose() else None)

    def every_second(self, handler: Handler) -> None:
        """Call once a second while the page is visible."""
        js.setInterval(create_proxy(lambda: None if js.document.hidden else handler()), 1000)  # page lifetime

    def later(self, seconds: float, handler: Handler) -> Handler:
        """Call once after some seconds; return what cancels it."""
        timer = js.setTimeout(create_once_callable(handler), int(seconds * 1000))
        return lambda: js.clearTimeout(timer)

    def report(self, error: Exception) -> None:
        """Tell the developer's console about a mistake in the page."""
        js.console.error("".join(traceback.format_exception(error)))

    def announce_auth(self, account: Any) -> None:
        """Fire `authChanged` on the window, for embedders."""
        detail = {"isAuthenticated": account is not None, "user": obj(account.to_dict()) if account else None}
        js.window.dispatchEvent(js.CustomEvent.new("authChanged", obj({"detail": obj(detail)})))
