"""The service worker, seen from the page: a new version is offered, never forced. `boot.js` has registered it."""

from collections.abc import Callable
from typing import Any

import js

from frontend.browser.ffi import listen


class Updates:
    """New versions of the page."""

    def __init__(self) -> None:
        self._registration: Any = None

    async def watch(self, on_update: Callable[[], Any]) -> None:
        """Call when a new version is there, whole, and waits to be taken. Without service workers that is never."""
        registering = js.hdPage.worker
        self._registration = await registering if registering else None
        if not self._registration:
            return
        container = js.navigator.serviceWorker

        def found(_event: Any) -> None:
            worker = self._registration.installing
            listen(worker, "statechange", lambda _event: on_update() if self._waits(container) else None)

        listen(self._registration, "updatefound", found)
        if self._waits(container):
            on_update()

    def take(self) -> None:
        """Go on with the new version: the page is loaded again as soon as it is in charge."""
        listen(js.navigator.serviceWorker, "controllerchange", lambda _event: js.location.reload())
        self._registration.waiting.postMessage("take over")

    def language_changed(self) -> None:
        """Have the page kept for the next start in the language that was just chosen."""
        container = getattr(js.navigator, "serviceWorker", None)
        if container and container.controller:
            container.controller.postMessage("language")

    def _waits(self, container: Any) -> bool:
        return bool(self._registration.waiting and container.controller)
