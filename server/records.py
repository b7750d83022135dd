"""What is kept of an image beside its bytes."""

import hashlib
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from server.formats import Picture
from server.schemas import ImageDetails

_OPTIONAL = ("original_prompt", "revised_prompt", "requested_width", "requested_height", "requested_format")


def digest(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """An image on its way in: what was said of it, its bytes, and what the bytes say."""

    details: ImageDetails
    data: bytes
    picture: Picture
    sha256: str  # hexadecimal


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An image as the API shows it; times in ISO 8601, UTC."""

    id: str
    prompt: str
    created_at: str
    expires_at: str
    size: int  # bytes
    quality: str = "HD"
    sha256: str  # hexadecimal
    content_type: str
    width: int  # pixels
    height: int  # pixels
    seed: int | None
    model: str | None
    negative: str | None
    original_prompt: str | UnsetType = UNSET
    revised_prompt: str | UnsetType = UNSET
    requested_width: int | UnsetType = UNSET
    requested_height: int | UnsetType = UNSET
    requested_format: str | UnsetType = UNSET

    @classmethod
    def of(cls, draft: Draft, image_id: str, created_at: str, expires_at: str) -> "Record":
        """Describe a draft as it will be stored; what was not told of it stays absent."""
        told = {name: value for name in _OPTIONAL if (value := getattr(draft.details, name)) is not None}
        return cls(
            id=image_id,
            prompt=draft.details.prompt,
            created_at=created_at,
            expires_at=expires_at,
            size=len(draft.data),
            sha256=draft.sha256,
            content_type=draft.picture.content_type,
            width=draft.picture.width,
            height=draft.picture.height,
            seed=draft.details.seed,
            model=draft.details.model,
            negative=draft.details.negative,
            **told,
        )

    def matches(self, draft: Draft) -> bool:
        """Whether a retry means this image: same bytes, same prompt."""
        return (self.sha256, self.prompt) == (draft.sha256, draft.details.prompt)


class Index(msgspec.Struct, frozen=True):
    """A user's records, oldest first. Closed: the account is being deleted, nothing may be added."""

    images: tuple[Record, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """The record of a save; `replayed`: this key had been answered before, nothing was stored now."""

    record: Record
    replayed: bool
