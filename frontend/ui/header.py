"""The bar: who is in, and the language."""

from collections.abc import Callable
from typing import Any

from frontend.browser.ffi import listen
from frontend.i18n import Translator
from frontend.models import Account
from frontend.ui.elements import element, on_click


class Header:
    """Sign in, sign up, sign out, account, language."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self.on_sign_in: Callable[[], Any] = _ignore
        self.on_sign_up: Callable[[], Any] = _ignore
        self.on_sign_out: Callable[[], Any] = _ignore
        self.on_account: Callable[[], Any] = _ignore
        self.on_language: Callable[[str], Any] = lambda _language: None
        on_click("login-button", lambda: self.on_sign_in())
        on_click("again-button", lambda: self.on_sign_in())
        on_click("register-button", lambda: self.on_sign_up())
        on_click("logout-button", lambda: self.on_sign_out())
        on_click("user-name", lambda: self.on_account())
        listen(element("lang-select"), "change", lambda event: self.on_language(event.target.value))

    def language(self, language: str) -> None:
        """Show which language is on."""
        element("lang-select").value = language

    def show(self, account: Account | None, *, ended: bool) -> None:
        """Show who is signed in, and whether the session has ended."""
        name = account.username if account else ""
        element("user-name").textContent = name
        element("user-name").setAttribute("aria-label", self._translate("account.open", name=name))
        for name, shown in {
            "user-name": account,
            "logout-button": account,
            "login-button": not account or ended,
            "register-button": not account,
            "ended": account and ended,
        }.items():
            element(name).hidden = not shown


def _ignore() -> None:
    pass
