"""What happens on each action of the person. Its views announce and show; what is decided is decided here."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from frontend.api import Api
from frontend.clock import Clock
from frontend.database import Closed, DiskFull
from frontend.errors import ClientError, Offline
from frontend.hd_image_manager import Files, HDImageManager
from frontend.i18n import Translator
from frontend.models import Account, Image, ImageRequest, iso
from frontend.outbox import Report
from frontend.session import Preferences, Session

DEFAULTS = {"maxCount": 3, "maxImageBytes": 2 * 1024 * 1024, "ttlSeconds": 86_400}  # until the server was heard once
SEEDS = 2**31  # a seed is below this: what the generators behind the page accept
SOON = (600, 3600)  # seconds left at which a person is warned, the most urgent first


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
        self._open_space = open_space
        self._erase_space = erase_space
        self.config: dict[str, Any] = DEFAULTS | (preferences.get("config") or {})
        self.manager: HDImageManager  # opened by start
        self.images: list[Image] = []
        self._work: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: Callable[[], None] = lambda: None
        self._warned: set[tuple[str, int]] = set()
        self._expiring: list[str] = []

    # Start

    async def start(self) -> None:
        """Show what this browser holds, attach every handler, then ask the server."""
        self._attach()
        await self._enter()
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
            self.views.status.offline(on=True)
            await self.sync(now=True)
            return
        before = self.session.account
        self.session.restore(config.pop("user", None))
        self.config |= config
        self.preferences.put("config", self.config)
        if self.session.account != before:
            await self._enter()
        await self.sync(now=True, refresh=True)
        await self._take_along()

    def _attach(self) -> None:
        views, background = self.views, self.background
        views.studio.on_generate = lambda: self._generate_in_background()
        views.studio.on_cancel = self.cancel
        views.gallery.on_action = lambda action, image_id: background(self.act(action, image_id))
        views.viewer.on_action = lambda action, image_id: background(self.act(action, image_id))
        views.header.on_sign_in = lambda: background(self.sign_in())
        views.header.on_sign_up = lambda: background(self.sign_up())
        views.header.on_sign_out = lambda: background(self.sign_out())
        views.header.on_account = lambda: background(self.show_account())
        views.header.on_language = self.choose_language
        views.status.on_update = self.updates.take
        views.status.on_rescue = lambda: background(self.rescue())
        views.studio.on_view = lambda image_id: background(self.view(image_id))
        views.gallery.thumbnail = lambda image_id: self.manager.thumbnail(image_id)
        views.gallery.on_when_full = lambda choice: self.preferences.put("when_full", choice)
        self.events.on_wake(lambda: background(self.meet_server()))
        self.events.on_other_tab(lambda: background(self.other_tab_changed()))
        self.events.on_leave(self.would_lose)
        self.events.every_second(self.tick)

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

    def sentence(self, error: ClientError) -> str:
        """Return what to tell a person about an error."""
        return self.translate.refusal(error.reason())

    # Making images

    def _generate_in_background(self) -> None:
        if self._work is None or self._work.done():
            self._work = self.background(self.generate())

    async def generate(self) -> None:
        """Make the images the form asks for; each is saved by itself as soon as it exists."""
        form = self.views.studio.read()
        if not form.prompt:
            self.views.studio.complain(self.translate("studio.prompt_missing"))
            return
        if not await self._fits(form.count):
            return
        seed = random.randrange(SEEDS) if form.seed is None else form.seed  # noqa: S311 - variety, not secrecy
        self.views.studio.start()
        try:
            for number in range(form.count):
                self.views.studio.progress(number, form.count)
                request = form.request((seed + number) % SEEDS)
                await self._make(request)
            self.views.studio.made(seed)
        except asyncio.CancelledError:
            self.views.status.say(self.translate("studio.cancelled"))
        finally:
            self.views.studio.stop()

    async def _make(self, request: ImageRequest) -> None:
        generator, _, _ = request.model.partition("/")
        blob = await self.generators[generator].generate(request)
        self.views.status.saving(self.translate("status.saving"))
        if not self.images:
            self.background(self.events.persist())
        image = await self.manager.save(request, blob)
        self.views.studio.result(image, blob)
        await self.changed()
        self.background(self.sync())
        if self.session.account is None:
            self.views.status.say(self.translate("status.kept_here"))

    async def _fits(self, count: int) -> bool:
        left = self.slots_left()
        if self.session.account is None or count <= left:
            return True
        question = self.translate("studio.exceeds" if left else "studio.exceeds_none", count=count, left=left)
        return bool(await self.views.dialogs.confirm(question, self.translate("studio.generate_anyway")))

    def cancel(self) -> None:
        """Stop the generation that runs; what is finished stays."""
        if self._work:
            self._work.cancel()

    # The gallery

    async def act(self, action: str, image_id: str) -> None:
        """Do what a card's, or the viewer's, button says."""
        actions: dict[str, Callable[[str], Awaitable[None]]] = {
            "view": self.view,
            "download": self.download,
            "delete": self.delete,
            "reuse": self.reuse,
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
        self.views.studio.fill(image)

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

    async def changed(self) -> None:
        """Show what has changed, here and in the other tabs."""
        self.events.tell_other_tabs()
        await self.show()

    async def show(self) -> None:
        """Bring every view to what the store holds."""
        self.images = await self.manager.list()
        self.views.gallery.show(self.images, self.clock.now())
        self.views.gallery.numbers(self.numbers(), self.session.account is not None, await self.events.usage())
        self.views.studio.slots(self.slots_left() if self.session.account else None)
        self.views.header.show(self.session.account, ended=self.session.ended)

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

    def tick(self) -> None:
        """Once a second while somebody looks: the times left, and what has run out."""
        now = self.clock.now()
        self.views.gallery.tick(now)
        if any(image.expired(now) for image in self.images):
            self.background(self._expire())
        left = {image.id: image.expires_at - now for image in self.images if image.expires_at}
        soon = {image_id: seconds for image_id, seconds in left.items() if seconds <= SOON[-1]}
        self._expiring = list(soon)
        first = max(1, math.ceil(min(soon.values(), default=0) / 60))
        self.views.status.expiring(len(soon), first)
        reached = {(image_id, limit) for image_id, seconds in soon.items() for limit in SOON if seconds <= limit}
        if reached - self._warned:
            self.views.status.say(self.translate("status.expires_soon", minutes=first))
        self._warned |= reached

    async def rescue(self) -> None:
        """Hand over everything that expires soon."""
        await self.manager.download_all(self._expiring)
        self.views.status.say(self.translate("status.downloaded"))

    async def _expire(self) -> None:
        now = self.clock.now()
        for image in self.images:
            if image.expired(now):
                self.views.viewer.close(image.id)
        await self.manager.drop_expired()
        await self.changed()

    # Towards the server

    async def sync(self, *, now: bool = False, refresh: bool = False) -> None:
        """Send what waits, then take over the server's list where that may have changed."""
        if self.session.account is None:
            await self.show()
            return
        manager = self.manager
        report = await manager.outbox.drain(now=now)
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

    def would_lose(self) -> bool:
        """Tell whether something would wait for the next visit, or be lost for want of a disk."""
        states = {image.state for image in self.images}
        waits = self.session.account is not None and "pending" in states
        return waits or (not self.manager.database.durable and bool(states - {"saved"}))

    # Accounts

    async def _enter(self) -> None:
        """Open the store of whoever is here; images made while signed out come along."""
        before = getattr(self, "manager", None)
        self.manager = await self._open_space(self.session.account)
        outbox = self.manager.outbox
        outbox.on_change = self.changed
        outbox.on_progress = self.views.gallery.progress
        outbox.when_full = lambda: self.preferences.get("when_full") or "ask"
        if before:
            before.database.close()
        if not self.manager.database.durable:
            self.views.status.not_durable()
        await self.show()

    async def _take_along(self) -> None:
        """Bring the images made while signed out into the account, after asking where they do not all fit."""
        if self.session.account is None:
            return
        guest = await self._open_space(None)
        count, left = len(await guest.list()), self.slots_left()
        question = self.translate("signin.exceeds", count=count, left=left)
        if count and (count <= left or await self.views.dialogs.confirm(question, self.translate("signin.take_along"))):
            await self.manager.adopt(guest.database)
            await self.changed()
            await self.sync()
        guest.database.close()

    async def other_tab_changed(self) -> None:
        """Follow another tab: what it saved, and who it signed in or out."""
        if self.session.reload():
            self.views.viewer.close()
            await self._enter()
            self.events.announce_auth(self.session.account)
        else:
            await self.show()

    async def sign_in(self) -> None:
        """Ask for address and password until they are right or the person gives up."""
        await self._ask(self.views.dialogs.login, self.session.sign_in, "status.signed_in")

    async def sign_up(self) -> None:
        """Ask for what an account needs, and make it."""
        await self._ask(self.views.dialogs.register, self.session.sign_up, "status.signed_up")

    async def _ask(self, dialog: Any, enter: Callable[..., Awaitable[Account]], done: str) -> None:
        error, field = "", ""
        before = self.session.account
        while (credentials := await dialog(error, field)) is not None:
            try:
                account = await enter(*credentials)
            except ClientError as refusal:
                error, field = self.sentence(refusal), str(refusal.facts.get("field", ""))
                continue
            dialog.close()
            self.views.status.say(self.translate(done, name=account.username))
            await self.entered(before)
            return

    async def entered(self, before: Account | None = None) -> None:
        """Go on as whoever just signed in; `before` is whose session had ended, if it was somebody's."""
        other = before if before and self.session.account and before.id != self.session.account.id else None
        unsent = await self.manager.outbox.unsent() if other else []
        await self._enter()
        if other and not unsent:
            await self._erase_space(other)
        self.events.announce_auth(self.session.account)
        self.events.tell_other_tabs()
        await self.sync(now=True, refresh=True)
        await self._take_along()

    async def sign_out(self, *, everywhere: bool = False) -> None:
        """Sign out and wipe this account's images from this browser; asks when some were never sent."""
        account = self.session.account
        if account is None:
            return
        unsent = len(await self.manager.outbox.unsent())
        question = self.translate("signout.unsent", count=unsent)
        if unsent and not await self.views.dialogs.confirm(question, self.translate("signout.anyway")):
            return
        await self.session.sign_out(everywhere=everywhere)
        await self.left(account)

    async def left(self, account: Account) -> None:
        """Go on as nobody; nothing of the account stays in this browser."""
        self._timer()
        self.views.viewer.close()
        self.views.studio.clear_result()
        await self._enter()
        self.events.tell_other_tabs()
        await self._erase_space(account)
        self.events.announce_auth(None)
        self.views.status.say(self.translate("status.signed_out"))

    async def show_account(self) -> None:
        """Show the account's own page: change the password, sign out everywhere, delete it all."""
        account = self.session.account
        error = ""
        while account and (choice := await self.views.dialogs.account(account, error)) is not None:
            try:
                if choice["do"] == "password":
                    await self.api.change_password(choice["current"], choice["new"])
                    self.views.status.say(self.translate("status.password_changed"))
                elif choice["do"] == "everywhere":
                    await self.sign_out(everywhere=True)
                elif choice["do"] == "delete":
                    await self.session.delete_account(choice["current"])
                    await self.left(account)
            except ClientError as refusal:
                error = self.sentence(refusal)
                continue
            self.views.dialogs.account.close()
            return

    def choose_language(self, language: str) -> None:
        """Speak another language, at once and from now on."""
        self.translate.choose(language)
        self.preferences.put("language", language)
        self.views.speak(self.translate)
        self.updates.language_changed()
        self.background(self.show())
