"""Accounts: who exists, what they proved, which tokens still count. Everything about a person is one record."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import msgspec

from server.errors import EmailTaken, InvalidCredentials, InvalidEmail, StorageBusy, UnknownUser, WrongPassword
from server.kv.base import Entry, Namespace
from server.limits import COMMIT_ATTEMPTS, MAX_EMAIL, RETRY_SOON
from server.passwords import Passwords, refuse_common
from server.times import iso

_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL: Final = re.compile(rf"{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}")


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is stored."""

    id: str
    username: str
    email: str  # normalised
    password: str  # argon2id, PHC format
    created_at: str
    token_version: int = 0
    revoked: dict[str, int] = {}  # token id -> when it would have ended anyway, seconds since 1970

    def public(self) -> dict[str, Any]:
        """Return what its owner may see."""
        return {"id": self.id, "username": self.username, "email": self.email, "createdAt": self.created_at}


def normalised(email: str) -> str:
    """Return the one spelling of an address that is kept and compared; raises InvalidEmail."""
    address = unicodedata.normalize("NFKC", email).casefold().strip()
    if len(address) > MAX_EMAIL or not _EMAIL.fullmatch(address):
        raise InvalidEmail(field="email")
    return address


class Accounts:
    """The accounts in namespace USERS: `user/<id>`, and `email/<address>` which leads to the id."""

    def __init__(self, store: Namespace, passwords: Passwords, clock: Callable[[], float]) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock

    async def register(self, username: str, email: str, password: str) -> User:
        """Create an account; raises InvalidEmail, CommonPassword, EmailTaken."""
        address = normalised(email)
        refuse_common("password", password)
        if await self._store.metadata(f"email/{address}"):
            raise EmailTaken
        hashed = await self._passwords.hash(password)
        user = User(id=uuid4().hex, username=username, email=address, password=hashed, created_at=iso(self._clock()))
        step = self._store.atomic().check(f"email/{address}", None).put(f"email/{address}", user.id.encode())
        if not await step.put(f"user/{user.id}", msgspec.json.encode(user)).commit():
            raise EmailTaken
        return user

    async def login(self, email: str, password: str) -> User:
        """Return who this is; raises InvalidCredentials, after the same time for unknown address and wrong password."""
        user = await self._by_email(email)
        if not await self._passwords.verify(user.password if user else None, password) or user is None:
            raise InvalidCredentials
        if self._passwords.is_outdated(user.password):
            hashed = await self._passwords.hash(password)
            user = await self._replace_password(user, hashed, raised_by=0)
        return user

    async def find(self, user_id: str) -> User:
        """Return the account; raises UnknownUser."""
        return _decoded(await self._store.get(f"user/{user_id}"))

    async def revoke(self, user_id: str, token_id: str, ends: int) -> None:
        """End one token, which would have ended by itself at `ends` (seconds since 1970)."""
        now = self._clock()

        def change(user: User) -> User:
            kept = {jti: end for jti, end in user.revoked.items() if end > now}
            return msgspec.structs.replace(user, revoked={**kept, token_id: ends})

        await self._update(user_id, change)

    async def revoke_all(self, user_id: str) -> None:
        """End every token issued so far."""
        await self._update(
            user_id, lambda user: msgspec.structs.replace(user, token_version=user.token_version + 1, revoked={})
        )

    async def change_password(self, user: User, current: str, new: str) -> User:
        """Set a new password and end every token issued so far; raises WrongPassword, CommonPassword."""
        refuse_common("newPassword", new)
        await self.prove(user, current)
        return await self._replace_password(user, await self._passwords.hash(new), raised_by=1)

    async def prove(self, user: User, password: str) -> None:
        """Raise WrongPassword unless it is theirs."""
        if not await self._passwords.verify(user.password, password):
            raise WrongPassword

    async def delete(self, user: User) -> None:
        """Remove the account; its tokens end, its address is free."""
        key = f"user/{user.id}"
        for _ in range(COMMIT_ATTEMPTS):
            if (entry := await self._store.get(key)) is None:
                raise UnknownUser
            step = self._store.atomic().check(key, entry.version).delete(key)
            if await step.delete(f"email/{user.email}").commit():
                return
        raise StorageBusy(retry_after=RETRY_SOON)

    async def _by_email(self, email: str) -> User | None:
        try:
            pointer = await self._store.get(f"email/{normalised(email)}")
            return await self.find(pointer.value.decode()) if pointer else None
        except (InvalidEmail, UnknownUser):
            return None

    async def _replace_password(self, proven: User, hashed: str, raised_by: int) -> User:
        """Store a hash, unless the password that was proven has been changed meanwhile."""

        def change(user: User) -> User:
            if user.password != proven.password:
                raise WrongPassword
            return msgspec.structs.replace(user, password=hashed, token_version=user.token_version + raised_by)

        return await self._update(proven.id, change)

    async def _update(self, user_id: str, change: Callable[[User], User]) -> User:
        key = f"user/{user_id}"
        for _ in range(COMMIT_ATTEMPTS):
            entry = await self._store.get(key)
            user = change(_decoded(entry))
            step = self._store.atomic().check(key, entry.version if entry else None)
            if await step.put(key, msgspec.json.encode(user)).commit():
                return user
        raise StorageBusy(retry_after=RETRY_SOON)


def _decoded(entry: Entry | None) -> User:
    if entry is None:
        raise UnknownUser
    return msgspec.json.decode(entry.value, type=User)
