"""What the page talks about: a request for an image, an image, an outbox entry, an account.

Frozen, and each knows its way to and from the plain dictionaries that IndexedDB and the server speak. Times are Unix
seconds on the server's clock.
"""

from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

State = Literal["pending", "saved", "local", "failed"]


def seconds(moment: Any) -> float | None:
    """Return Unix seconds for an ISO 8601 time of the server, None for none."""
    return datetime.fromisoformat(moment).timestamp() if moment else None


def iso(moment: float | None) -> str | None:
    """Return Unix seconds as ISO 8601 in UTC, None for none."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass that becomes a plain dictionary and back; unknown members are ignored."""

    def to_dict(self) -> dict[str, Any]:
        """Return the members as a plain dictionary."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Build from a dictionary that may hold more members than these."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})

    def having(self, **changes: Any) -> Self:
        """Return a copy with some members changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class ImageRequest(Record):
    """What a generator is asked for, and, as it comes back from there, what it really did.

    The seed is chosen before the first attempt.
    """

    prompt: str
    negative: str
    width: int  # pixels
    height: int  # pixels
    seed: int | None  # 0 to 2^31 - 1; None came back: the generator takes no seed
    model: str  # the painter's name, or `<provider>/<model>`
    format: str = ""  # png, jpeg, webp; empty: as the generator makes it
    original_prompt: str = ""  # typed before a prompt tool made `prompt` of it
    revised_prompt: str = ""  # what the provider says it made of `prompt`


@dataclass(frozen=True, slots=True)
class Image(Record):
    """One image of the gallery. Its id is made here and is the server's id too, so a repeated save cannot double it."""

    id: str
    prompt: str
    created_at: float
    negative: str = ""
    width: int = 0  # pixels, of the bytes
    height: int = 0
    seed: int | None = None
    model: str = ""
    size: int = 0  # bytes
    content_type: str = ""
    sha256: str = ""  # of the exact bytes, hexadecimal
    expires_at: float | None = None  # None until the server has it: what never reached the server does not expire
    state: State = "pending"
    reason: dict[str, Any] | None = None  # why it is local or failed: code, error (the server's sentence), facts
    original_prompt: str = ""  # the next five as in the ImageRequest; what is unknown stays empty
    revised_prompt: str = ""
    requested_width: int = 0
    requested_height: int = 0
    requested_format: str = ""

    def saved(self, answer: dict[str, Any]) -> Self:
        """Return this image as the server describes it: what the bytes are, is the server's to say."""
        known = {name: answer[name] for name in _FROM_SERVER if answer.get(name) is not None}
        created, expires = seconds(answer.get("created_at")), seconds(answer.get("expires_at"))
        return self.having(
            **known, created_at=created or self.created_at, expires_at=expires, state="saved", reason=None
        )

    def expired(self, now: float) -> bool:
        """Tell whether the server has let go of it."""
        return self.expires_at is not None and self.expires_at <= now

    def request(self) -> ImageRequest:
        """Return the request that made it, as far as it is known."""
        size = (self.requested_width or self.width, self.requested_height or self.height)
        texts = (self.model, self.requested_format, self.original_prompt)
        return ImageRequest(self.prompt, self.negative, *size, self.seed, *texts)

    def to_api(self) -> dict[str, Any]:
        """Return the record as `window.hdImageManager` hands it out: the server's names, times in ISO 8601."""
        facts = self.to_dict() | {"created_at": iso(self.created_at), "expires_at": iso(self.expires_at)}
        return facts | {"quality": "HD"}


_REQUEST = ("original_prompt", "revised_prompt", "requested_width", "requested_height", "requested_format")
GIVEN = ("prompt", "negative", "width", "height", "seed", "model", "sha256", *_REQUEST)  # what a save tells of an image
_FROM_SERVER = (*GIVEN, "size", "content_type")


@dataclass(frozen=True, slots=True)
class OutboxEntry(Record):
    """One change the server has not confirmed. The id of a save is its Idempotency-Key and the image's id."""

    id: str
    kind: Literal["save", "delete"]
    image_id: str
    order: float  # entries of an account are sent in this order
    replace: str | None = None  # the image to give up in the same step
    attempts: int = 0
    next_attempt_at: float = 0.0
    parked: bool = False  # refused: waits for the person, or for next_attempt_at where that is above 0
    acknowledged: bool = False  # the server said saved; the entry goes when its list shows the image


@dataclass(frozen=True, slots=True)
class Account(Record):
    """Who is signed in."""

    id: str
    username: str
    email: str
    createdAt: str = ""  # noqa: N815 - the original's name on the wire
