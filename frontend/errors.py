"""What can go wrong between the page and the server, keyed on the server's stable `code`.

ClientError
├── Offline             no answer of ours: unreachable, cut, or a page of HTML where JSON was due
├── Busy                the server asks to come back later: 408, 425, 429 rate_limited, 5xx
├── Unauthorized        401: sign in (again)
├── NotFound            404
├── AlreadyDeleted      410: saved once and deleted since
├── QuotaExceeded       429 quota_exceeded: the account is full; nothing was evicted
├── StorageFull         507: the whole store is full
└── Refused             any other 4xx: the request itself is wrong, repeating it does not help
"""

from typing import Any


class ClientError(Exception):
    """Never raised itself. `code` is stable, the text is for people, `facts` are the rest of the answer."""

    code = "error"

    def __init__(
        self, message: str = "", *, code: str = "", facts: dict[str, Any] | None = None, retry_after: float = 0
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.facts = facts or {}
        self.retry_after = retry_after  # seconds, 0 when the server did not say

    def reason(self) -> dict[str, Any]:
        """Return what is kept with a refused image."""
        return self.facts | {"code": self.code, "error": str(self)}


class Offline(ClientError):
    """The server could not be reached, or something else answered in its place."""

    code = "offline"


class Busy(ClientError):
    """Come back later; `retry_after` says when, if the server said so."""

    code = "busy"


class Unauthorized(ClientError):
    """Nobody is signed in, or the token has ended."""

    code = "unauthorized"


class NotFound(ClientError):
    """There is no such image in this account."""

    code = "not_found"


class AlreadyDeleted(ClientError):
    """It was saved once and has been deleted since."""

    code = "already_deleted"


class QuotaExceeded(ClientError):
    """The account holds all the images it may; `facts` name them and `next_slot_at`."""

    code = "quota_exceeded"


class StorageFull(ClientError):
    """The whole store is full."""

    code = "storage_full"


class Refused(ClientError):
    """The request is wrong in itself."""

    code = "refused"


_BY_STATUS = {401: Unauthorized, 404: NotFound, 410: AlreadyDeleted, 507: StorageFull}
_LATER = {408, 425, 429}


def from_answer(status: int, body: dict[str, Any], retry_after: float = 0) -> ClientError:
    """Return the error for a refusal of the server."""
    code = str(body.get("code", ""))
    if code == "quota_exceeded":
        kind: type[ClientError] = QuotaExceeded
    elif code == "invalid_credentials":
        kind = Refused
    elif status in _LATER or (status >= 500 and status != 507):  # noqa: PLR2004 - 5xx is the server's own trouble
        kind = Busy
    else:
        kind = _BY_STATUS.get(status, Refused)
    facts = {key: value for key, value in body.items() if key not in {"success", "error", "code"}}
    later = retry_after or float(facts.get("retry_after") or 0)
    return kind(str(body.get("error", "")), code=code, facts=facts, retry_after=later)
