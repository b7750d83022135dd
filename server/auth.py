"""Who is asking: a Bearer token, or the page's cookie, which changes nothing unless our own page sent the request."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import bind_contextvars

from server.accounts import Accounts, User
from server.errors import CrossSite, InvalidToken, NoToken, Unauthorized
from server.rates import Rates, address
from server.tokens import Claims, Tokens

COOKIE: Final = "hd_session"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person, and the token that says so."""

    user: User
    claims: Claims


class Auth:
    """Finds the session of a request, and hands out the cookie."""

    def __init__(self, accounts: Accounts, tokens: Tokens, rates: Rates, origins: Collection[str] = ()) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._rates = rates
        self._origins = origins

    async def session(self, request: Request) -> Session:
        """Return who is signed in; raises NoToken, InvalidToken, UnknownUser, CrossSite, RateLimited."""
        claims = self._claims(request)
        user = await self._accounts.find(claims.sub)
        if claims.tv != user.token_version or claims.jti in user.revoked:
            raise InvalidToken
        bind_contextvars(user=user.id)
        return Session(user, claims)

    async def user(self, request: Request) -> User | None:
        """Return who is signed in, None for nobody."""
        try:
            return (await self.session(request)).user
        except Unauthorized:
            return None

    def refuse_cross_site(self, request: Request) -> None:
        """Raise CrossSite when a browser says that a site which is not allowed to made this request."""
        if _is_same_origin(request) is False and request.headers.get("origin") not in self._origins:
            raise CrossSite

    def grant(self, request: Request, response: Response, token: str) -> None:
        """Give our own page its cookie; pages of other origins keep the token themselves."""
        if _is_same_origin(request) is False:
            return
        secure = request.url.scheme == "https"
        response.set_cookie(
            cookie_name(request), token, max_age=self._tokens.ttl, secure=secure, httponly=True, samesite="strict"
        )

    def end(self, request: Request, response: Response) -> None:
        """Take the cookie back."""
        secure = request.url.scheme == "https"
        response.delete_cookie(cookie_name(request), secure=secure, httponly=True, samesite="strict")

    def _claims(self, request: Request) -> Claims:
        try:
            claims = self._tokens.read(_bearer(request) or _cookie(request))
        except Unauthorized:
            self._rates.read(address(request))
            raise
        self._rates.read(claims.sub)
        return claims


def cookie_name(request: Request) -> str:
    """Return the cookie's name; under https no other host can set it."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidToken
    return token.strip()


def _cookie(request: Request) -> str:
    token = request.cookies.get(cookie_name(request))
    if not token:
        raise NoToken
    if request.method not in _SAFE and not _is_same_origin(request):
        raise CrossSite
    return token


def _is_same_origin(request: Request) -> bool | None:
    """Whether our own page made the request; None when nothing says so."""
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    if origin := request.headers.get("origin"):
        return urlsplit(origin).netloc == request.headers.get("host")
    return None
