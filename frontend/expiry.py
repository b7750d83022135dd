"""One honest clock, seen by the person: what expires soon is said and can be rescued, what has expired is gone."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frontend.app import App

SOON = (600, 3600)  # seconds left at which a person is warned, the most urgent first


class Expiry:
    """Looks at the times left, once a second."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._warned: set[tuple[str, int]] = set()
        self._expiring: list[str] = []

    def tick(self) -> None:
        """Once a second while somebody looks: the times left, and what has run out."""
        now = self._app.clock.now()
        self._app.views.gallery.tick(now)
        if any(image.expired(now) for image in self._app.images):
            self._app.background(self._expire())
        left = {image.id: image.expires_at - now for image in self._app.images if image.expires_at}
        soon = {image_id: seconds for image_id, seconds in left.items() if seconds <= SOON[-1]}
        self._expiring = list(soon)
        first = max(1, math.ceil(min(soon.values(), default=0) / 60))
        self._app.views.status.expiring(len(soon), first)
        reached = {(image_id, limit) for image_id, seconds in soon.items() for limit in SOON if seconds <= limit}
        if reached - self._warned:
            self._app.views.status.say(self._app.translate("status.expires_soon", minutes=first))
        self._warned |= reached

    async def rescue(self) -> None:
        """Hand over everything that expires soon."""
        await self._app.manager.download_all(self._expiring)
        self._app.views.status.say(self._app.translate("status.downloaded"))

    async def _expire(self) -> None:
        now = self._app.clock.now()
        for image in self._app.images:
            if image.expired(now):
                self._app.views.viewer.close(image.id)
        await self._app.manager.drop_expired()
        await self._app.changed()
