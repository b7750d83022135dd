"""The secret that signs tokens: given by the operator, or made once and kept. Weak ones stop the start."""

import os
import re
import secrets
from pathlib import Path
from typing import Final

from server.errors import CannotStart
from server.logs import log
from server.settings import Settings

MIN_BYTES: Final = 32  # as long as the hash, RFC 7518 3.2
MIN_DISTINCT: Final = 8  # characters; a random secret has far more
_KNOWN: Final = re.compile(r"(your|super).?(secret|jwt)|(change|replace).?(me|this|it)|placeholder", re.IGNORECASE)
_HOW: Final = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def load_secret(settings: Settings) -> bytes:
    """Return the signing secret, at least 32 bytes.

    Unset: on a loopback HOST one is made and kept in DATA_DIR (mode 0600), elsewhere CannotStart. Raises CannotStart
    for a short, repetitive or printed-somewhere secret; the text never contains it.
    """
    if settings.jwt_secret:
        return _checked(settings.jwt_secret, "JWT_SECRET")
    if not settings.is_loopback:
        raise CannotStart(f"JWT_SECRET not set: it is needed because HOST is not a loopback address; {_HOW}")
    path = Path(settings.data_dir) / "jwt_secret"
    if not path.exists():
        _make(path)
    return _checked(path.read_text("ascii").strip(), str(path))


def _checked(secret: str, name: str) -> bytes:
    value = secret.encode()
    if len(value) < MIN_BYTES:
        raise CannotStart(f"{name} is too short: {len(value)} bytes, at least {MIN_BYTES} are needed; {_HOW}")
    if _KNOWN.search(secret) or len(set(secret)) < MIN_DISTINCT:
        raise CannotStart(f"{name} is a placeholder that anybody can guess; {_HOW}")
    return value


def _make(path: Path) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(MIN_BYTES))
        file.flush()
        os.fsync(file.fileno())
    log.info("secret_made", file=str(path), why="JWT_SECRET not set")
