"""Who is here, and whose images: signing up, in and out, and what another tab did."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from frontend.errors import ClientError
from frontend.hd_image_manager import HDImageManager
from frontend.models import Account

if TYPE_CHECKING:
    from frontend.app import App


class Accounts:
    """Opens the store of whoever is signed in, and closes and wipes it when they leave."""

    def __init__(
        self,
        app: "App",
        open_space: Callable[[Account | None], Awaitable[HDImageManager]],
        erase_space: Callable[[Account], Awaitable[None]],
    ) -> None:
        self._app = app
        self._open_space = open_space
        self._erase_space = erase_space

    async def enter(self) -> None:
        """Open the store of whoever is here; images made while signed out come along."""
        before = getattr(self._app, "manager", None)
        self._app.manager = await self._open_space(self._app.session.account)
        outbox = self._app.manager.outbox
        outbox.on_change = self._app.changed
        outbox.on_saved = self._app.saved
        outbox.on_progress = self._app.views.gallery.progress
        outbox.when_full = lambda: self._app.preferences.get("when_full") or "ask"
        if before:
            before.outbox.on_saved = lambda _image: None  # it is nobody's any more who is here
            before.database.close()
        if not self._app.manager.database.durable:
            self._app.views.status.not_durable()
        await self._app.show()

    async def take_along(self) -> None:
        """Bring the images made while signed out into the account, after asking where they do not all fit."""
        if self._app.session.account is None:
            return
        guest = await self._open_space(None)
        count, left = len(await guest.list()), self._app.slots_left()
        question = self._app.translate("signin.exceeds", count=count, left=left)
        if count and (
            count <= left or await self._app.views.dialogs.confirm(question, self._app.translate("signin.take_along"))
        ):
            await self._app.manager.adopt(guest.database)
            await self._app.changed()
            await self._app.sync()
        guest.database.close()

    async def other_tab_changed(self) -> None:
        """Follow another tab: what it saved, and who it signed in or out."""
        if self._app.session.reload():
            self._app.views.viewer.close()
            await self.enter()
            self._app.events.announce_auth(self._app.session.account)
        else:
            await self._app.show()

    async def sign_in(self) -> None:
        """Ask for address and password until they are right or the person gives up."""
        await self._ask(self._app.views.dialogs.login, self._app.session.sign_in, "status.signed_in")

    async def sign_up(self) -> None:
        """Ask for what an account needs, and make it."""
        await self._ask(self._app.views.dialogs.register, self._app.session.sign_up, "status.signed_up")

    async def _ask(self, dialog: Any, enter: Callable[..., Awaitable[Account]], done: str) -> None:
        error, field = "", ""
        before = self._app.session.account
        while (credentials := await dialog(error, field)) is not None:
            try:
                account = await enter(*credentials)
            except ClientError as refusal:
                error, field = self._app.sentence(refusal), str(refusal.facts.get("field", ""))
                continue
            dialog.close()
            self._app.views.status.say(self._app.translate(done, name=account.username))
            await self.entered(before)
            return

    async def entered(self, before: Account | None = None) -> None:
        """Go on as whoever just signed in; `before` is whose session had ended, if it was somebody's."""
        other = before if before and self._app.session.account and before.id != self._app.session.account.id else None
        unsent = await self._app.manager.outbox.unsent() if other else []
        await self.enter()
        if other and not unsent:
            await self._erase_space(other)
        self._app.events.announce_auth(self._app.session.account)
        self._app.events.tell_other_tabs()
        await self._app.sync(now=True, refresh=True)
        await self.take_along()

    async def sign_out(self, *, everywhere: bool = False) -> None:
        """Sign out and wipe this account's images from this browser; asks when some were never sent."""
        account = self._app.session.account
        if account is None:
            return
        unsent = len(await self._app.manager.outbox.unsent())
        question = self._app.translate("signout.unsent", count=unsent)
        if unsent and not await self._app.views.dialogs.confirm(question, self._app.translate("signout.anyway")):
            return
        await self._app.session.sign_out(everywhere=everywhere)
        await self.left(account)

    async def left(self, account: Account) -> None:
        """Go on as nobody; nothing of the account stays in this browser."""
        self._app.stop_waiting()
        self._app.views.viewer.close()
        self._app.views.studio.clear_result()
        await self.enter()
        self._app.events.tell_other_tabs()
        await self._erase_space(account)
        self._app.events.announce_auth(None)
        self._app.views.status.say(self._app.translate("status.signed_out"))

    async def show_account(self) -> None:
        """Show the account's own page: change the password, sign out everywhere, delete it all."""
        account = self._app.session.account
        error = ""
        while account and (choice := await self._app.views.dialogs.account(account, error)) is not None:
            try:
                if choice["do"] == "password":
                    await self._app.api.change_password(choice["current"], choice["new"])
                    self._app.views.status.say(self._app.translate("status.password_changed"))
                elif choice["do"] == "everywhere":
                    await self.sign_out(everywhere=True)
                elif choice["do"] == "delete":
                    await self._app.session.delete_account(choice["current"])
                    await self.left(account)
            except ClientError as refusal:
                error = self._app.sentence(refusal)
                continue
            self._app.views.dialogs.account.close()
            return
