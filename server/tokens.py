"""Session tokens: JWT, HS256 and nothing else, short-lived, each with an id by which it can be revoked."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from secrets import token_urlsafe
from typing import Final

import jwt
import msgspec
from jwt.types import Options

from server.errors import InvalidToken
from server.limits import MAX_TOKEN
from server.logs import log

ALGORITHM: Final = "HS256"
ISSUER: Final = "hd-image-cache"
AUDIENCE: Final = "hd-image-cache"
LEEWAY: Final = 30  # seconds that clocks may differ
REMEMBERED: Final = 1000  # tokens: looking at one anew takes a tenth of a request
_OPTIONS: Final[Options] = {
    "require": ["iss", "aud", "sub", "iat", "exp", "jti", "tv"],
    "verify_exp": False,  # our clock decides, below
    "verify_iat": False,
    "verify_nbf": False,
}


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says; times in seconds since 1970."""

    iss: str
    aud: str
    sub: str  # the user's id
    iat: int
    exp: int
    jti: str
    tv: int  # the user's token version: raised, it ends all older tokens
    nbf: int = 0


class Tokens:
    """Issues and reads tokens; `ttl` in seconds."""

    def __init__(self, secret: bytes, ttl: int, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock
        self.ttl = ttl
        self._verified = lru_cache(REMEMBERED)(self._verify)
        self._header = {"alg": ALGORITHM, "typ": "JWT", "kid": hashlib.sha256(secret).hexdigest()[:8]}

    def issue(self, user_id: str, version: int) -> str:
        """Return a new token for the user at this token version."""
        now = int(self._clock())
        claims = Claims(ISSUER, AUDIENCE, user_id, now, now + self.ttl, token_urlsafe(16), version)
        return jwt.encode(msgspec.to_builtins(claims), self._secret, ALGORITHM, headers=self._header)

    def read(self, token: str) -> Claims:
        """Return the claims of a token that is ours and in force; raises InvalidToken for every other."""
        claims, now = self._verified(token), self._clock()
        if not (max(claims.iat, claims.nbf) - LEEWAY <= now < claims.exp <= claims.iat + self.ttl):
            raise InvalidToken
        return claims

    def _verify(self, token: str) -> Claims:
        """Return the claims of a token that is ours, in force or not: that never changes, so it is remembered."""
        try:
            self._check_header(token)
            payload = jwt.decode(token, self._secret, [ALGORITHM], options=_OPTIONS, audience=AUDIENCE, issuer=ISSUER)
            return msgspec.convert(payload, Claims)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:  # msgspec's and Unicode's errors are ValueErrors
            log.info("bad_token", reason=type(error).__name__)
            raise InvalidToken from None

    def _check_header(self, token: str) -> None:
        """Refuse what our tokens never carry (jku, jwk, crit, b64 …) before anything looks at it."""
        if len(token) > MAX_TOKEN:
            raise InvalidToken
        for name, value in jwt.get_unverified_header(token).items():
            if self._header.get(name) != value:
                raise InvalidToken
