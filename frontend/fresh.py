"""What was saved a moment ago and is not sent yet.

Its upload goes first: the bytes are handed on without being read back, and showing, decoding and counting stand behind
it, though never for long.
"""

import asyncio
from contextlib import suppress
from typing import Any

from frontend.models import Image

BEFORE_SHOWING = 0.05  # seconds that showing an image waits for its upload to begin
BEFORE_OTHER_WORK = 0.25  # seconds that thumbnails and counting wait for the answer to an upload


class Fresh:
    """Images by id, from the moment they are on disk here to the answer to their first upload."""

    def __init__(self) -> None:
        self._images: dict[str, tuple[Image, Any]] = {}
        self._begun, self._answered = asyncio.Event(), asyncio.Event()
        self._begun.set()
        self._answered.set()

    def put(self, image: Image, blob: Any) -> None:
        """Hand an image on."""
        self._images[image.id] = image, blob
        self._begun.clear()
        self._answered.clear()

    def get(self, image_id: str) -> tuple[Image, Any] | None:
        """Return an image and its bytes, None for one that has to be read."""
        return self._images.get(image_id)

    def begun(self) -> None:
        """Tell that an upload is on its way: nothing done here holds it up any more."""
        self._begun.set()

    def ids(self) -> list[str]:
        """Return the ids of all of them."""
        return list(self._images)

    def answered(self, *image_ids: str) -> None:
        """Forget images whose upload came to an end, or cannot begin now."""
        for image_id in image_ids:
            self._images.pop(image_id, None)
        if not self._images:
            self._begun.set()
            self._answered.set()

    async def before_showing(self) -> None:
        """Wait until an upload has begun, or none is to be expected soon."""
        await _at_most(BEFORE_SHOWING, self._begun)

    async def before_other_work(self) -> None:
        """Wait until no upload is to be expected to be done soon."""
        await _at_most(BEFORE_OTHER_WORK, self._answered)


async def _at_most(seconds: float, event: asyncio.Event) -> None:
    if not event.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)
