"""Making images: what the form asks for, one after another, each saved by itself as soon as it exists."""

import asyncio
import random
from typing import TYPE_CHECKING

from frontend.models import ImageRequest

if TYPE_CHECKING:
    from frontend.app import App

SEEDS = 2**31  # a seed is below this: what the generators behind the page accept


class Making:
    """The generation that runs, if one does."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless images are being made already."""
        if self._task is None or self._task.done():
            self._task = self._app.background(self.generate())

    async def generate(self) -> None:
        """Make the images the form asks for; each is saved by itself as soon as it exists."""
        form = self._app.views.studio.read()
        if not form.prompt:
            self._app.views.studio.complain(self._app.translate("studio.prompt_missing"))
            return
        if not await self._fits(form.count):
            return
        seed = random.randrange(SEEDS) if form.seed is None else form.seed  # noqa: S311 - variety, not secrecy
        self._app.views.studio.start()
        try:
            for number in range(form.count):
                self._app.views.studio.progress(number, form.count)
                request = form.request((seed + number) % SEEDS)
                await self._make(request)
            self._app.views.studio.made(seed)
        except asyncio.CancelledError:
            self._app.views.status.say(self._app.translate("studio.cancelled"))
        finally:
            self._app.views.studio.stop()

    async def _make(self, request: ImageRequest) -> None:
        generator, _, _ = request.model.partition("/")
        blob = await self._app.generators[generator].generate(request)
        self._app.views.status.saving(self._app.translate("status.saving"))
        if not self._app.images:
            self._app.background(self._app.events.persist())
        image = await self._app.manager.save(request, blob)
        self._app.views.studio.result(image, blob)
        self._app.background(self._app.sync())
        await self._app.changed()
        if self._app.session.account is None:
            self._app.views.status.say(self._app.translate("status.kept_here"))

    async def _fits(self, count: int) -> bool:
        left = self._app.slots_left()
        if self._app.session.account is None or count <= left:
            return True
        question = self._app.translate("studio.exceeds" if left else "studio.exceeds_none", count=count, left=left)
        return bool(await self._app.views.dialogs.confirm(question, self._app.translate("studio.generate_anyway")))

    def cancel(self) -> None:
        """Stop the generation that runs; what is finished stays."""
        if self._task:
            self._task.cancel()
