"""Every refusal the server can give: each class knows its status and code, each instance carries its facts.

Refusal
├── Unauthorized        NoToken · InvalidToken · UnknownUser · InvalidCredentials
├── InvalidInput        MissingField · InvalidField (InvalidEmail · InvalidPassword · InvalidBase64) · CommonPassword
│                       DamagedImage · BadDimensions · DigestMismatch · KeyReused
├── BadJson · BadMultipart · CrossSite · WrongPassword · NotFound · RouteNotFound · MethodNotAllowed
├── EmailTaken · AlreadyDeleted · BodyTooLarge · ImageTooLarge · UnsupportedMediaType · NotAnImage · BadRange
├── QuotaExceeded · RateLimited · TooManyAttempts
├── Unavailable         StorageUnavailable (ValueDamaged) · StorageBusy · StoredImageDamaged · Overloaded · NotReady
└── StorageFull · Internal

What can go wrong with providers is in `providers/errors.py`. The sentences are in `messages.py`, keyed by the code.
"""

from typing import ClassVar


class CannotStart(Exception):  # noqa: N818 - it is a sentence for the operator
    """The server cannot start; the text says what is wrong and how to mend it."""


class Refusal(Exception):  # noqa: N818 - it is an answer, not an accident
    """A request was refused. Never raised itself."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init_subclass__(cls, status: int | None = None, code: str | None = None) -> None:
        cls.status = status or cls.status
        cls.code = code or cls.code

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code, facts)
        self.facts = facts


class Unauthorized(Refusal, status=401):
    """Nobody is signed in. Never raised itself."""


class NoToken(Unauthorized, code="no_authorization_token"):
    """The request carries no token."""


class InvalidToken(Unauthorized, code="jwt_invalid_or_expired"):
    """The token is not one of ours, is over, or was revoked."""


class UnknownUser(Unauthorized, code="user_not_found"):
    """The token is ours; its account is gone."""


class InvalidCredentials(Unauthorized, code="invalid_credentials"):
    """Unknown address or wrong password; which of them is not said."""


class InvalidInput(Refusal, status=422):
    """Well-formed, but not acceptable. Never raised itself."""


class MissingField(InvalidInput, code="missing_field"):
    """Facts: `field`."""


class InvalidField(InvalidInput, code="invalid_field"):
    """Facts: `field`, `expected`."""


class InvalidEmail(InvalidField, code="invalid_email"):
    """Not an address we can keep. Facts: `field`."""


class InvalidPassword(InvalidField, code="invalid_password"):
    """Too short or too long. Facts: `field`, `min_length`, `max_length` in characters."""


class CommonPassword(InvalidInput, code="common_password"):
    """One of those that are tried first. Facts: `field`."""


class InvalidBase64(InvalidField, code="invalid_base64"):
    """Not standard, padded base64. Facts: `field`."""


class DamagedImage(InvalidInput, code="damaged_image"):
    """It begins like an image, but its structure is broken. Facts: `content_type`, `reason`."""


class BadDimensions(InvalidInput, code="bad_dimensions"):
    """Facts: `width`, `height`, `max_side` in pixels, `max_pixels`."""


class DigestMismatch(InvalidInput, code="digest_mismatch"):
    """The bytes are not those the client announced. Facts: `sha256` of what arrived."""


class KeyReused(InvalidInput, code="idempotency_key_reused"):
    """The Idempotency-Key already stands for another image. Facts: `id`."""


class BadJson(Refusal, status=400, code="bad_json"):
    """The body is not one strict JSON object. Facts: `reason`."""


class BadMultipart(Refusal, status=400, code="bad_multipart"):
    """The form cannot be read. Facts: `reason`."""


class CrossSite(Refusal, status=403, code="cross_site"):
    """A request with the cookie, or a sign-in, that does not come from our own page."""


class WrongPassword(Refusal, status=403, code="wrong_password"):
    """A signed-in person's current password is wrong; the session stays."""


class NotFound(Refusal, status=404, code="not_found"):
    """No such image for this user: unknown, foreign, deleted or expired."""


class RouteNotFound(Refusal, status=404, code="route_not_found"):
    """No such address."""


class MethodNotAllowed(Refusal, status=405, code="method_not_allowed"):
    """The address exists, the method does not."""


class EmailTaken(Refusal, status=409, code="email_taken"):
    """An account with this address exists."""


class AlreadyDeleted(Refusal, status=410, code="already_deleted"):
    """A retry of a save whose image was deleted since; it is not brought back. Facts: `id`."""


class BodyTooLarge(Refusal, status=413, code="body_too_large"):
    """Facts: `max_size` in bytes."""


class ImageTooLarge(Refusal, status=413, code="image_too_large"):
    """Facts: `size` (at least), `max_size`, both in bytes."""


class UnsupportedMediaType(Refusal, status=415, code="unsupported_media_type"):
    """Facts: `accepted`."""


class NotAnImage(Refusal, status=415, code="not_an_image"):
    """Not one of the accepted formats. Facts: `formats`."""


class BadRange(Refusal, status=416, code="range_not_satisfiable"):
    """The range lies outside the image. Facts: `size` in bytes."""


class QuotaExceeded(Refusal, status=429, code="quota_exceeded"):
    """Facts: `maxCount`, `count`, `images` that could be given up, `next_slot_at`, `retry_after` in seconds."""


class RateLimited(Refusal, status=429, code="rate_limited"):
    """Too many requests of a kind from one account or address. Facts: `retry_after` in seconds."""


class TooManyAttempts(Refusal, status=429, code="too_many_attempts"):
    """Too many wrong passwords for one account from one address, or from one address. Facts: `retry_after`."""


class Internal(Refusal, status=500, code="internal"):
    """The last resort; details are in the log only."""


class Unavailable(Refusal, status=503):
    """Try again later. Facts: `retry_after` in seconds. Never raised itself."""


class StorageUnavailable(Unavailable, code="storage_unavailable"):
    """The store failed. Facts: `reason`."""


class ValueDamaged(StorageUnavailable):
    """The store has an entry and not its value."""


class StorageBusy(Unavailable, code="storage_busy"):
    """Somebody else holds the store, or won every race."""


class StoredImageDamaged(Unavailable, code="stored_image_damaged"):
    """The stored bytes are not those that were saved. Facts: `id`."""


class Overloaded(Unavailable, code="overloaded"):
    """Too many passwords are waiting to be checked, too much is being uploaded, or too many images are being made."""


class NotReady(Unavailable, code="not_ready"):
    """The store cannot be read and written. Facts: `reason`."""


class StorageFull(Refusal, status=507, code="storage_full"):
    """The store holds all it may; nothing was stored and nothing evicted."""
