"""Who is signed in. The token is in an HttpOnly cookie that Python never sees; here is only the account's name."""

from typing import Any, Protocol

from frontend.api import Api
from frontend.errors import ClientError, Unauthorized
from frontend.models import Account


class Preferences(Protocol):
    """Small things this browser remembers: strings by name."""

    def get(self, name: str) -> Any:
        """Return what was kept under a name, None if nothing was (or nothing can be kept)."""

    def put(self, name: str, value: Any) -> None:
        """Keep a value that JSON can say; None forgets it."""


class Session:
    """Sign up, in and out. The account is remembered, so that a start without network knows whose images to show."""

    def __init__(self, api: Api, preferences: Preferences) -> None:
        self._api = api
        self._preferences = preferences
        remembered = preferences.get("account")
        self.account = Account.from_dict(remembered) if remembered else None
        self.ended = False  # the account is known, but its token is over: sign in to go on

    def reload(self) -> bool:
        """Take over what another tab remembered; return whether somebody else is signed in now."""
        remembered = self._preferences.get("account")
        before, self.account = self.account, Account.from_dict(remembered) if remembered else None
        if self.account != before:
            self.ended = False
            self._api.forget()
        return self.account != before

    async def sign_up(self, username: str, email: str, password: str) -> Account:
        """Create an account and be signed in; raises ClientError."""
        return self._enter(await self._api.register(username, email, password))

    async def sign_in(self, email: str, password: str) -> Account:
        """Sign in; raises ClientError."""
        return self._enter(await self._api.login(email, password))

    async def sign_out(self, *, everywhere: bool = False) -> None:
        """End the session: here at once, for the server as soon as it can be told (see `settle`)."""
        self._leave()
        self._preferences.put("unsaid_logout", {"everywhere": everywhere})
        await self.settle()

    async def settle(self) -> None:
        """Tell the server of a sign-out that it could not be told of: its cookie must not sign the next person in."""
        if unsaid := self._preferences.get("unsaid_logout"):
            try:
                await self._api.logout(everywhere=unsaid["everywhere"])
            except Unauthorized:
                pass  # the session was over already
            except ClientError:
                return
            self._preferences.put("unsaid_logout", None)

    async def delete_account(self, password: str) -> None:
        """Delete the account and every image of it; raises ClientError and changes nothing when refused."""
        await self._api.delete_account(password)
        self._leave()

    async def validate(self) -> bool:
        """Ask the server whether the session still holds. Without an answer it is taken to."""
        try:
            self.restore(await self._api.validate())
        except Unauthorized:
            self.restore(None)
        except ClientError:
            pass
        return self.account is not None and not self.ended

    def restore(self, user: dict[str, Any] | None) -> None:
        """Take over what the server says of this browser's cookie; None is nobody."""
        if self._preferences.get("unsaid_logout"):
            return
        if user:
            self._enter(user)
        else:
            self.ended = self.account is not None

    def _enter(self, user: dict[str, Any]) -> Account:
        account = Account.from_dict(user)
        self.account, self.ended = account, False
        self._preferences.put("unsaid_logout", None)
        self._preferences.put("account", account.to_dict())
        return account

    def _leave(self) -> None:
        self.account, self.ended = None, False
        self._preferences.put("account", None)
        self._api.forget()
