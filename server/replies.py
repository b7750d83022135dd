"""What the server answers, for the description of the API."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from server.providers.provider import Model
from server.records import Record


class Person(Struct):
    """Who is signed in."""

    id: str
    username: str
    email: str
    createdAt: str  # noqa: N815 - as the original's


class Done(Struct):
    """It is done; the sentence is in the caller's language."""

    success: bool
    message: str


class SignedIn(Done):
    """A session began."""

    token: str
    user: Person


class Who(Struct):
    """The session's person."""

    success: bool
    user: Person


class Listing(Struct):
    """The live images, newest last."""

    success: bool
    images: list[Record]
    count: int
    maxCount: int  # noqa: N815 - as the original's


class Models(Struct):
    """The image models of a provider. Fallback: its list is not to be had."""

    success: bool
    models: list[Model]
    source: Literal["provider", "fallback"]
    default: str | None


class NewPrompt(Struct):
    """A prompt worked on, and as it was."""

    success: bool
    prompt: str
    original: str
    changed: bool
    model: str


class Facts(Struct):
    """An object of facts."""

    success: bool | UnsetType = UNSET


class Refused(Struct):
    """Every refusal: the code is stable, the sentence follows Accept-Language; facts stand beside them."""

    success: bool
    code: str
    error: str
