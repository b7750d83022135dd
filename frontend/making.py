"""Making images: what the form asks for, one after another, each saved by itself as soon as it exists."""

import asyncio
from typing import TYPE_CHECKING, Any

from frontend.errors import ClientError
from frontend.models import Image, ImageRequest
from frontend.providers import PAINTER

if TYPE_CHECKING:
    from frontend.app import App

SEEDS = 2**31  # a seed is below this: what the generators behind the page accept


def new_seed() -> int:
    """Return a seed by chance."""
    from random import randrange  # noqa: PLC0415 - no start waits for it

    return randrange(SEEDS)  # noqa: S311 - variety, not secrecy


class Making:
    """The generation that runs, if one does."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None
        self._count = 0  # images that were asked for
        self._left: list[ImageRequest] = []  # of them, those that are not made
        if remote := app.generators.get("remote"):
            remote.on_attempt = lambda number, of, seconds: self._attempt(number, of, seconds)

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
        seed = new_seed() if form.seed is None else form.seed
        requests = [form.request((seed + number) % SEEDS) for number in range(form.count)]
        original = self._app.prompting.original(form.prompt)
        await self._make_all([request.having(original_prompt=original) for request in requests])

    def take(self, way: str) -> None:
        """Go on after a failure: `again` with the identical request, with the `painter`, or after `sign_in`."""
        if way == "sign_in":
            self._app.background(self._app.accounts.sign_in())
            return
        if way == "painter":
            self._app.choosing.pick(PAINTER.id)
            self._left = [request.having(model=PAINTER.id, format="") for request in self._left]
        if self._task is None or self._task.done():
            self._task = self._app.background(self._make_all(self._left, self._count))

    async def make_smaller(self, image_id: str) -> None:
        """Make an image that is too large again, in a smaller format of its provider and with nothing else changed."""
        image = await self._app.manager.get(image_id)
        request = image.request().having(format=self._app.choosing.smaller_format(image))
        self._app.views.viewer.close(image_id)
        if self._task is None or self._task.done():
            self._task = self._app.background(self._make_all([request]))

    async def _make_all(self, requests: list[ImageRequest], count: int = 0) -> None:
        """Make images; those of `count` that are not among them are there already."""
        studio = self._app.views.studio
        self._left, self._count = requests, count or len(requests)
        studio.start(anew=len(requests) == self._count)
        try:
            while self._left:
                studio.progress(self._count - len(self._left), self._count)
                made = await self._make(self._left[0])
                if len(self._left) == self._count:
                    studio.made(made.seed)
                self._left = self._left[1:]
        except asyncio.CancelledError:
            self._app.views.status.say(self._app.translate("studio.cancelled"))
        except ClientError as error:
            self._app.choosing.trouble(error, self._left[0].model)
        finally:
            studio.stop()

    async def _make(self, asked: ImageRequest) -> ImageRequest:
        request: ImageRequest
        request, blob = await self._app.choosing.generator(asked.model).generate(asked)
        self._app.views.status.saving(self._app.translate("status.saving"))
        if not self._app.images:
            self._app.background(self._app.events.persist())
        image = await self._save(request, blob)
        if image.state == "failed":
            self._app.views.status.say(self._app.translate("status.parked"))
        elif self._app.session.account is None:
            self._app.views.status.say(self._app.translate("status.kept_here"))
        return request

    async def _save(self, request: ImageRequest, blob: Any) -> Image:
        studio = self._app.views.studio
        try:
            image, _ = await self._app.save(
                request, blob, most=self._app.config["maxImageBytes"], on_disk=lambda image: studio.result(image, blob)
            )
        except ClientError as error:
            if error.code == "damaged_image":
                studio.clear_result()
            raise
        return image

    def _attempt(self, number: int, of: int, seconds: int) -> None:
        done = self._count - len(self._left)
        self._app.views.studio.progress(done, self._count, attempt=(number, of), seconds=seconds)

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
