"""What was saved a moment ago and is not sent yet.

Its upload goes first: the bytes are handed on without being read back, and showing, decoding and counting stand behind
it, though never for long. A fast upload's card appears once, as saved; a slow one's waits as pending.
"""

import asyncio
from contextlib import suppress
from typing import Any

from frontend.models import Image

BEFORE_SHOWING = 0.05  # seconds that showing an image waits for the answer to its upload: nobody notices
BEFORE_OTHER_WORK = 0.25  # seconds that thumbnails and counting wait for it


class Fresh:
    """Images by id, from the moment they are written here to the answer to their first upload."""

    def __init__(self) -> None:
        self._images: dict[str, tuple[Image, Any]] = {}
        self._answered = asyncio.Event()
        self._answered.set()

    def put(self, image: Image, blob: Any) -> None:
        """Hand an image on."""
        self._images[image.id] = image, blob
        self._answered.clear()

    def get(self, image_id: str) -> tuple[Image, Any] | None:
        """Return an image and its bytes, None for one that has to be read."""
        return self._images.get(image_id)

    def ids(self) -> list[str]:
        """Return the ids of all of them."""
        return list(self._images)

    def drop(self, *image_ids: str) -> None:
        """Forget images: their upload came to an end, cannot begin now, or is not wanted any more."""
        for image_id in image_ids:
            self._images.pop(image_id, None)
        if not self._images:
            self._answered.set()

    async def before_showing(self) -> None:
        """Wait until nothing fresh is being sent, but not longer than anybody notices."""
        await self._at_most(BEFORE_SHOWING)

    async def before_other_work(self) -> None:
        """Wait until nothing fresh is being sent, or that takes its time."""
        await self._at_most(BEFORE_OTHER_WORK)

    async def _at_most(self, seconds: float) -> None:
        if not self._answered.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), seconds)
