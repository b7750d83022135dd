"""What happens on each action of the person. Its views announce and show; what is decided is decided here."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frontend.accounts import Accounts
from frontend.api import Api
from frontend.choosing import Choosing
from frontend.clock import Clock
from frontend.database import Closed, DiskFull
from frontend.errors import ClientError, Offline
from frontend.expiry import Expiry
from frontend.hd_image_manager import Files, HDImageManager, newest_first
from frontend.i18n import Translator
from frontend.making import Making
from frontend.models import Account, Image, ImageRequest, iso
from frontend.outbox import Report
from frontend.session import Preferences, Session

if TYPE_CHECKING:
    from frontend.prompting import Prompting
    from frontend.speaking import Speaking

DEFAULTS = {"maxCount": 3, "maxImageBytes": 2 * 1024 * 1024, "ttlSeconds": 86_400}  # until the server was heard once


class App:
    """The page. Built by `main`, which hands it every part; runs under CPython with fakes."""

    def __init__(
        self,
        *,
        api: Api,
        session: Session,
        clock: Clock,
        files: Files,
        preferences: Preferences,
        translate: Translator,
        generators: dict[str, Any],
        views: Any,
        events: Any,
        updates: Any,
        open_space: Callable[[Account | None], Awaitable[HDImageManager]],
        erase_space: Callable[[Account], Awaitable[None]],
    ) -> None:
        self.api = api
        self.session = session
        self.clock = clock
        self.files = files
        self.preferences = preferences
        self.translate = translate
        self.generators = generators
        self.views = views
        self.events = events
        self.updates = updates
        self.config: dict[str, Any] = DEFAULTS | (preferences.get("config") or {})
        self.manager: HDImageManager  # opened by start
        self.images: list[Image] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: Callable[[], None] = lambda: None
        self.choosing = Choosing(self)
        self.making = Making(self)
        self.expiry = Expiry(self)
        self.accounts = Accounts(self, open_space, erase_space)

    # Start

    async def start(self) -> None:
        """Show what this browser holds, attach every handler, then ask the server."""
        self._attach()
        await self.accounts.enter()
        if not self.events.secure and not self.preferences.get("told_http"):
            self.preferences.put("told_http", value=True)
            self.views.status.warn(self.translate("status.http"))
        self.background(self.meet_server())
        self.background(self.updates.watch(self.views.status.update))

    async def meet_server(self) -> None:
        """Learn limits and who is signed in; then bring both sides together."""
        await self.session.settle()
        try:
            config = await self.api.config()
        except ClientError:
            await self.sync(now=True)
            self.views.status.offline(on=True)  # also where nothing waits to be sent
            return
        before = self.session.account
        self.session.restore(config.pop("user", None))
        self.config |= config
        self.preferences.put("config", self.config)
        self.background(self.choosing.load())
        if self.session.account != before:
            await self.accounts.enter()
        await self.sync(now=True, refresh=True)
        await self.accounts.take_along()

    def offer(self) -> None:
        """Bring the form to what the server has on."""
        self.choosing.show()
        if any((self.config.get("tools") or {}).values()):
            self.prompting.show()
        if self.config.get("speech"):
            self.speaking.show()

    @cached_property
    def prompting(self) -> "Prompting":
        """The prompt tools; no start waits for what the server may not have."""
        from frontend.prompting import Prompting  # noqa: PLC0415

        return Prompting(self)

    @cached_property
    def speaking(self) -> "Speaking":
        """Reading aloud, likewise."""
        from frontend.speaking import Speaking  # noqa: PLC0415

        return Speaking(self)

    def _attach(self) -> None:
        views, background = self.views, self.background
        views.studio.on_generate = self.making.start
        views.studio.on_cancel = self.making.cancel
        views.studio.on_way = self.making.take
        views.gallery.on_action = lambda action, image_id: background(self.act(action, image_id))
        views.viewer.on_action = lambda action, image_id: background(self.act(action, image_id))
        views.header.on_sign_in = lambda: background(self.accounts.sign_in())
        views.header.on_sign_up = lambda: background(self.accounts.sign_up())
        views.header.on_sign_out = lambda: background(self.accounts.sign_out())
        views.header.on_account = lambda: background(self.accounts.show_account())
        views.header.on_language = self.choose_language
        views.status.on_update = self.updates.take
        views.status.on_rescue = lambda: background(self.expiry.rescue())
        views.studio.on_view = lambda image_id: background(self.view(image_id))
        views.gallery.thumbnail = lambda image_id: self.manager.thumbnail(image_id)
        views.gallery.on_when_full = lambda choice: self.preferences.put("when_full", choice)
        self.events.on_wake(lambda: background(self.meet_server()))
        self.events.on_other_tab(lambda: background(self.accounts.other_tab_changed()))
        self.events.on_leave(self.would_lose)
        self.events.every_second(self.expiry.tick)

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something to its end; what goes wrong is told to the person."""
        task = asyncio.ensure_future(self._told(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _told(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except ClientError as error:
            self.views.status.error(self.sentence(error))
        except DiskFull:
            self.views.status.error(self.translate("error.disk_full"))
        except Closed:
            pass  # somebody signed out while this went on; what it was about is no longer here
        except Exception as error:  # noqa: BLE001 - a mistake of ours: told to the person, detailed for the developer
            self.views.status.error(self.translate("error.internal"))
            self.events.report(error)

    def sentence(self, error: ClientError, **facts: Any) -> str:
        """Return what to tell a person about an error."""
        again = self.translate.duration(error.retry_after)
        return self.translate.refusal({"again": again} | error.reason() | facts)

    # The gallery

    async def act(self, action: str, image_id: str) -> None:
        """Do what a card's, or the viewer's, button says."""
        actions: dict[str, Callable[[str], Awaitable[None]]] = {
            "view": self.view,
            "download": self.download,
            "delete": self.delete,
            "reuse": self.reuse,
            "smaller": self.making.make_smaller,
            "retry": self.retry,
            "replace": self.replace,
            "keep": self.keep,
        }
        if act := actions.get(action):
            await act(image_id)

    async def view(self, image_id: str) -> None:
        """Open the viewer."""
        image = await self.manager.get(image_id)
        self.views.viewer.show(image, await self.manager.blob(image_id), [i.id for i in self.images])

    async def download(self, image_id: str) -> None:
        """Hand over the exact bytes."""
        self.views.status.say(self.translate("status.downloading"))
        await self.manager.download(image_id)
        self.views.status.say(self.translate("status.downloaded"))

    async def delete(self, image_id: str, *, asked: bool = False) -> None:
        """Delete after asking."""
        image = await self.manager.get(image_id)
        if not asked and not await self.views.dialogs.confirm(
            self.translate("delete.question"), self.translate("action.delete"), detail=image.prompt
        ):
            return
        await self.manager.delete(image_id)
        self.views.viewer.close(image_id)
        await self.changed()
        await self.sync()
        self.views.status.say(self.translate("status.deleted"))

    async def reuse(self, image_id: str) -> None:
        """Put an image's prompt and settings back into the form."""
        image = await self.manager.get(image_id)
        self.views.viewer.close(image_id)
        self.prompting.remember(image.original_prompt, image.prompt)
        if not self.choosing.pick(image.model):
            self.views.status.say(self.translate("studio.model_off", model=self.translate.generator(image.model)))
        self.views.studio.fill(image.request())

    async def retry(self, image_id: str) -> None:
        """Send a refused image again."""
        await self.manager.send_again(image_id)
        await self.changed()
        await self.sync()

    async def replace(self, image_id: str) -> None:
        """Save an image in place of one that the person gives up, in one step."""
        saved = sorted((i for i in self.images if i.state == "saved"), key=lambda image: image.created_at)
        chosen = await self.views.dialogs.choose(self.translate("replace.question"), saved, self.manager.thumbnail)
        if chosen:
            await self.manager.send_again(image_id, replace=chosen)
            await self.changed()
            await self.sync(refresh=True)

    async def keep(self, image_id: str) -> None:
        """Keep it in this browser only."""
        await self.manager.keep_here(image_id)
        await self.changed()

    async def save(
        self,
        request: ImageRequest,
        blob: Any,
        *,
        most: int | None = None,
        on_disk: Callable[[Image], None] = lambda _image: None,
    ) -> tuple[Image, asyncio.Task[None] | None]:
        """Save an image; once it is on disk here it is sent and shown. Returns it, and the sending that goes on."""
        sending: asyncio.Task[None] | None = None

        def begun(image: Image, written: asyncio.Task[None]) -> None:
            nonlocal sending
            sending = self.background(self.sync(behind=written))
            self.background(self._show_behind(written, lambda: on_disk(image)))

        try:
            image = await self.manager.save(request, blob, most=most, begun=begun)
        except ClientError:
            if sending:  # take back what the server may have
                self.background(self.sync())
            raise
        return image, sending

    async def _show_behind(self, written: asyncio.Task[None], on_disk: Callable[[], None]) -> None:
        await asyncio.wait([written])
        if written.cancelled() or written.exception():
            return  # told by who waits for it
        on_disk()
        await self.manager.outbox.fresh.before_showing()
        await self.changed()

    def saved(self, image: Image) -> None:
        """Show at once what the server has answered; the store is told behind that."""
        others = [other for other in self.images if other.id != image.id]
        self.images = newest_first([image, *others])
        self.views.gallery.show(self.images, self.clock.now())

    async def changed(self) -> None:
        """Show what has changed, here and in the other tabs."""
        self.events.tell_other_tabs()
        await self.show()

    async def show(self) -> None:
        """Bring every view to what the store holds."""
        self.images = await self.manager.list()
        self.views.gallery.show(self.images, self.clock.now())
        await self.manager.outbox.fresh.before_other_work()
        self.views.gallery.numbers(self.numbers(), self.session.account is not None, await self.events.usage())
        self.views.studio.slots(self.slots_left() if self.session.account else None)
        self.views.header.show(self.session.account, ended=self.session.ended)
        self.offer()

    def slots_left(self) -> int:
        """Return how many more images the account takes, those on their way counted."""
        return max(0, int(self.config["maxCount"]) - sum(image.state in ("saved", "pending") for image in self.images))

    def numbers(self) -> dict[str, Any]:
        """Return the statistics that the original has, computed here: an open tab asks the server for nothing."""
        saved = [image for image in self.images if image.state == "saved"]
        full = len(saved) >= self.config["maxCount"]
        opens = min((image.expires_at for image in saved if image.expires_at), default=None)
        return {
            "totalImages": len(saved),
            "maxImages": self.config["maxCount"],
            "remainingImages": max(0, self.config["maxCount"] - len(saved)),
            "totalSize": sum(image.size for image in saved),
            "maxSize": self.config["maxImageBytes"],
            "next_slot_at": iso(opens) if full else None,
        }

    # Towards the server

    async def sync(self, *, now: bool = False, refresh: bool = False, behind: asyncio.Task[None] | None = None) -> None:
        """Send what waits, or is being written `behind` this; then take over the server's list where it may differ."""
        if self.session.account is None:
            await self.show()
            return
        manager = self.manager
        report = await manager.outbox.drain(now=now, behind=behind)
        self.session.ended |= report.sign_in
        self.views.status.offline(on=report.waiting)
        if (refresh or report.sent) and not (report.waiting or self.session.ended):
            await self._refresh(manager)
        await self.changed()
        self._tell(report)
        await self._schedule()

    def _tell(self, report: Report) -> None:
        if report.parked:
            self.views.status.say(self.translate("status.parked"))
        elif report.saved:
            self.views.status.say(self.translate("status.saved"))
        elif report.waiting or report.sign_in:
            self.views.status.say(self.translate("status.waits"))

    async def _refresh(self, manager: HDImageManager) -> None:
        try:
            await manager.refresh()
        except Offline:
            self.views.status.offline(on=True)

    async def _schedule(self) -> None:
        self._timer()
        due = await self.manager.outbox.next_wake()
        if due is not None and not self.session.ended:
            wait = max(0.2, due - self.clock.now())
            self._timer = self.events.later(wait, lambda: self.background(self.sync()))

    def stop_waiting(self) -> None:
        """Forget the time set for the next attempt."""
        self._timer()

    def would_lose(self) -> bool:
        """Tell whether something would wait for the next visit, or be lost for want of a disk."""
        states = {image.state for image in self.images}
        waits = self.session.account is not None and "pending" in states
        return waits or (not self.manager.database.durable and bool(states - {"saved"}))

    def choose_language(self, language: str) -> None:
        """Speak another language, at once and from now on."""
        self.translate.choose(language)
        self.preferences.put("language", language)
        self.views.speak(self.translate)
        self.updates.language_changed()
        self.background(self.show())
