"""Questions to the person: each is a call that returns the answer, None for none. No dialog knows a URL or a token."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from frontend.browser.ffi import listen
from frontend.i18n import Translator
from frontend.models import Account, Image
from frontend.ui.elements import ObjectURLs, clone, element


class Dialog:
    """One `<dialog>` with one form. Calling `ask` opens it and waits for its submit, or its close."""

    def __init__(self, name: str, *, stays: bool = False) -> None:
        """Take the dialog's id; one that `stays` is closed by its owner, once the answer is accepted."""
        self._dialog = element(name)
        self._form = self._dialog.querySelector("form")
        self._stays = stays
        self._answer: asyncio.Future[Any] | None = None
        listen(self._form, "submit", self._submitted)
        listen(self._dialog, "close", lambda _event: self._settle(None))
        listen(self._dialog, "click", self._clicked)

    async def ask(self) -> Any:
        """Return the button that submitted the form, None when the dialog was closed instead."""
        self._settle(None)
        self._answer = asyncio.get_running_loop().create_future()
        if not self._dialog.open:
            self._dialog.showModal()
        return await self._answer

    def close(self) -> None:
        """Close it and empty its fields: no password stays in the page."""
        self._form.reset()
        if self._dialog.open:
            self._dialog.close()

    def complain(self, text: str, field: Any = None) -> None:
        """Show what is wrong, and where; empty takes it back."""
        complaint = self._dialog.querySelector(".complaint")
        complaint.textContent = text
        complaint.hidden = not text
        for control in self._form.querySelectorAll("input"):
            control.setAttribute("aria-invalid", "false")
        if text and field:
            field.setAttribute("aria-invalid", "true")
            field.focus()

    def _submitted(self, event: Any) -> None:
        event.preventDefault()
        self._settle(event.submitter or self._form)
        if not self._stays:
            self._dialog.close()

    def _clicked(self, event: Any) -> None:
        if event.target.closest("[data-close]") or event.target.isSameNode(self._dialog):
            self.close()

    def _settle(self, answer: Any) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)


class Login(Dialog):
    """`#loginModal`."""

    def __init__(self, translate: Translator) -> None:
        super().__init__("loginModal", stays=True)
        self._translate = translate

    async def __call__(self, error: str, field: str) -> tuple[str, str] | None:
        """Return address and password, None when the person gave up."""
        self.complain(error, element("loginEmail" if field == "email" else "loginPassword"))
        while await self.ask():
            email, password = element("loginEmail").value.strip(), element("loginPassword").value
            if email and password:
                return email, password
            missing = element("loginPassword" if email else "loginEmail")
            self.complain(self._translate("account.both_missing"), missing)
        return None


class Register(Dialog):
    """`#registerModal`."""

    _FIELDS = {"username": "registerUsername", "email": "registerEmail", "password": "registerPassword"}  # noqa: RUF012

    def __init__(self, translate: Translator) -> None:
        super().__init__("registerModal", stays=True)
        self._translate = translate

    async def __call__(self, error: str, field: str) -> tuple[str, str, str] | None:
        """Return name, address and password, None when the person gave up."""
        self.complain(error, element(self._FIELDS.get(field, "registerEmail")))
        while await self.ask():
            username, email, password = (element(name).value for name in self._FIELDS.values())
            wrong = self._wrong(username.strip(), email.strip(), password)
            if wrong is None:
                return username.strip(), email.strip(), password
            self.complain(self._translate(wrong[0]), element(wrong[1]))
        return None

    def _wrong(self, username: str, email: str, password: str) -> tuple[str, str] | None:
        if not username:
            return "account.name_missing", "registerUsername"
        if not email or element("registerEmail").validity.typeMismatch:
            return "account.email_wrong", "registerEmail"
        if len(password) < 8:  # noqa: PLR2004 - the server's rule, said before it has to
            return "account.password_short", "registerPassword"
        if password != element("registerConfirmPassword").value:
            return "account.password_differs", "registerConfirmPassword"
        return None


class AccountPage(Dialog):
    """`#accountModal`: password, sign out everywhere, delete."""

    def __init__(self, translate: Translator) -> None:
        super().__init__("accountModal", stays=True)
        self._translate = translate

    async def __call__(self, account: Account, error: str) -> dict[str, str] | None:
        """Return what to do (`password`, `everywhere`, `delete`) with the passwords typed, None for nothing."""
        element("account-email").textContent = account.email
        self.complain(error, element("accountPassword"))
        while button := await self.ask():
            current, new = element("accountPassword").value, element("accountNewPassword").value
            if button.value != "everywhere" and not current:
                self.complain(self._translate("account.current_missing"), element("accountPassword"))
            elif button.value == "password" and len(new) < 8:  # noqa: PLR2004 - as above
                self.complain(self._translate("account.password_short"), element("accountNewPassword"))
            else:
                return {"do": str(button.value), "current": current, "new": new}
        return None


class Dialogs:
    """Every question the page asks."""

    def __init__(self, translate: Translator) -> None:
        self.login = Login(translate)
        self.register = Register(translate)
        self.account = AccountPage(translate)
        self._confirm = Dialog("confirmModal")
        self._choose = Dialog("chooseModal")

    async def confirm(self, question: str, yes: str, *, detail: str = "") -> bool:
        """Ask a question whose answer may be no."""
        element("confirm-question").textContent = question
        element("confirm-detail").textContent = detail
        element("confirm-button").textContent = yes
        return await self._confirm.ask() is not None

    async def choose(
        self, question: str, images: list[Image], thumbnail: Callable[[str], Awaitable[Any]]
    ) -> str | None:
        """Ask which of some images; return its id, None for none."""
        element("choose-question").textContent = question
        urls = ObjectURLs()
        choices = []
        for image in images:
            choice = clone("choice-template")
            choice.value = image.id
            choice.querySelector("span").textContent = image.prompt
            choice.querySelector("img").src = urls.put(image.id, await thumbnail(image.id))
            choices.append(choice)
        element("choices").replaceChildren(*choices)
        button = await self._choose.ask()
        urls.drop_all()
        return str(button.value) if button else None
