"""How often an account or an address may ask: counted in memory by `limits`, over a sliding window.

An account is known by its user's id or its e-mail address; an address is one IPv4 address, or an IPv6 /64, which is
what one customer gets. Only wrong passwords count against sign-in, for the account *and* the address together, so an
attacker does not lock out the owner, who comes from another address.
"""

import ipaddress
import math
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

from limits import RateLimitItem, parse, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from server.accounts import normalised
from server.errors import InvalidCredentials, InvalidEmail, RateLimited, Refusal, TooManyAttempts, WrongPassword
from server.limits import ATTEMPTS_PER_ADDRESS
from server.logs import log
from server.providers.errors import AllowanceSpent
from server.settings import Settings

TIDY_INTERVAL: Final = 60  # seconds
_KEY: Final = secrets.token_bytes(16)


class Counts(MemoryStorage):
    """The library's counts without its timer: that starts a thread, which looks at all of them, every 10 ms."""

    def __init__(self) -> None:
        super().__init__()
        self._tidied = 0.0  # seconds since 1970

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, for `expiry` seconds; from one thread."""
        count, now = self.get(key) + amount, time.time()
        self.storage[key] = count
        self.expirations.setdefault(key, now + expiry)
        if not 0 <= now - self._tidied <= TIDY_INTERVAL:  # also when the clock was set back
            self._tidied = now
            for old in [key for key, end in self.expirations.items() if end <= now]:
                self.clear(old)
        return count


class Rates:
    """The limits that operators set."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(Counts())
        self._failures = parse(settings.limit_login_failures)
        self._failures_per_address = type(self._failures)(
            self._failures.amount * ATTEMPTS_PER_ADDRESS, self._failures.multiples, "addresses"
        )
        self._registrations = parse(settings.limit_registrations)
        self._saves = parse(settings.limit_saves)
        self._reads = parse(settings.limit_reads)
        self._trying: Counter[tuple[RateLimitItem, str]] = Counter()  # what is under way at this moment
        self._generations = parse_many(settings.limit_generations)
        self._generations_anyone = parse_many(settings.limit_generations_anyone)

    def registration(self, request: Request) -> None:
        """Count a new account, or the attempt; raises RateLimited."""
        self._count(self._registrations, f"register {address(request)}")

    def save(self, user_id: str) -> None:
        """Count a save, kept or refused; raises RateLimited."""
        self._count(self._saves, f"save {user_id}")

    def read(self, who: str) -> None:
        """Count any request of a user's id or an address; raises RateLimited."""
        self._count(self._reads, f"read {who}")

    @contextmanager
    def attempt(self, request: Request, email: str) -> Iterator[None]:
        """Let a password be tried; raises TooManyAttempts. Those being tried at this moment count as wrong ones."""
        account = masked(email)
        limits = [(self._failures, f"{account} {address(request)}"), (self._failures_per_address, address(request))]
        for item, key in limits:
            if not self._limiter.test(item, key, cost=self._trying[item, key] + 1):
                raise TooManyAttempts(retry_after=self._wait(item, key))
        self._trying.update(limits)
        try:
            yield
        except (InvalidCredentials, WrongPassword):
            for item, key in limits:
                self._limiter.hit(item, key)
            log.warning("wrong_password", account=account)
            raise
        finally:
            self._trying -= Counter(limits)  # drops what is back at zero

    @contextmanager
    def generation(self, what: str, user_id: str | None, request: Request) -> Iterator[None]:
        """Let something be generated, for an account or else an address; raises AllowanceSpent.

        A refusal costs nothing. Who goes away before the end has used it up: the provider may have made it by then.
        """
        items = self._generations if user_id else self._generations_anyone
        limits = [(item, f"{what} {user_id or address(request)}") for item in items]
        for item, key in limits:
            if not self._limiter.test(item, key, cost=self._trying[item, key] + 1):
                limit = f"{item.amount}/{item.multiples if item.multiples > 1 else ''}{item.GRANULARITY.name}"
                raise AllowanceSpent(limit=limit, retry_after=self._wait(item, key))
        self._trying.update(limits)
        failed = False
        try:
            yield
        except Refusal:
            failed = True
            raise
        finally:
            self._trying -= Counter(limits)
            for item, key in [] if failed else limits:
                self._limiter.hit(item, key)

    def _count(self, item: RateLimitItem, key: str) -> None:
        if not self._limiter.hit(item, key):
            raise RateLimited(retry_after=self._wait(item, key))

    def _wait(self, item: RateLimitItem, key: str) -> int:
        """Return seconds."""
        return max(1, math.ceil(self._limiter.get_window_stats(item, key).reset_time - time.time()))


def address(request: Request) -> str:
    """Return who sent the request, as far as limits go: an IPv4 address or an IPv6 /64."""
    host = request.client.host if request.client else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]  # a trusted proxy wrote it
    if isinstance(found, ipaddress.IPv4Address):
        return host
    return str(found.ipv4_mapped or ipaddress.ip_network((found.packed, 64), strict=False))


def masked(email: str) -> str:
    """Return what stands for an account in memory and in the log; only this process can make it."""
    try:
        return blake2b(normalised(email).encode(), key=_KEY, digest_size=8).hexdigest()
    except InvalidEmail:
        return "nobody"
