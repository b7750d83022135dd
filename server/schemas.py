"""What clients may send: the declarations that check it. Members that are not declared are ignored."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from server.limits import (
    MAX_EMAIL,
    MAX_INTEGER,
    MAX_MODEL,
    MAX_PASSWORD,
    MAX_PROMPT,
    MAX_PROVIDER_ID,
    MAX_SEED,
    MAX_SIDE,
    MAX_USERNAME,
    MIN_PASSWORD,
)

_NO_CONTROLS = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
_NO_CONTROLS_BUT_LINES = r"\A[^\x00-\x08\x0b-\x1f\x7f-\x9f]*\Z"  # \t and \n are text

Username = Annotated[str, Meta(min_length=1, max_length=MAX_USERNAME, pattern=_NO_CONTROLS)]
Email = Annotated[str, Meta(min_length=1, max_length=4 * MAX_EMAIL, description="normalised before it is measured")]
Password = Annotated[str, Meta(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
GivenPassword = Annotated[str, Meta(min_length=1, max_length=MAX_PASSWORD)]
Text = Annotated[str, Meta(max_length=MAX_PROMPT, pattern=_NO_CONTROLS_BUT_LINES)]
Prompt = Annotated[str, Meta(min_length=1, max_length=MAX_PROMPT, pattern=_NO_CONTROLS_BUT_LINES)]
Model = Annotated[str, Meta(max_length=MAX_MODEL, pattern=_NO_CONTROLS)]
Integer = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Side = Annotated[int, Meta(ge=1, le=MAX_SIDE, description="pixels")]
Format = Literal["png", "jpeg", "webp"]
Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z", description="hexadecimal, lower case")]


class Register(Struct, frozen=True):
    """A new account."""

    username: Username
    email: Email
    password: Password


class Login(Struct, frozen=True):
    """Who signs in."""

    email: Email
    password: GivenPassword


class Logout(Struct, frozen=True):
    """`everywhere` ends all sessions of the account, not only this one."""

    everywhere: bool = False


class ChangePassword(Struct, frozen=True, rename="camel"):
    """The password in force, and the next."""

    current_password: GivenPassword
    new_password: Password


class DeleteAccount(Struct, frozen=True):
    """The password, asked for again."""

    password: GivenPassword


class ImageDetails(Struct, frozen=True):
    """What is known of an image beside its bytes. Declared dimensions are ignored: the bytes have the true ones."""

    prompt: Prompt
    width: Integer | None = None
    height: Integer | None = None
    seed: Integer | None = None
    model: Model | None = None
    negative: Text | None = None
    sha256: Sha256 | None = None
    replace: Annotated[str, Meta(max_length=64, description="own image to give up in the same step")] | None = None
    original_prompt: Annotated[Text, Meta(description="as typed, before it was improved")] | None = None
    revised_prompt: Annotated[Text, Meta(description="what the provider made of the prompt")] | None = None
    requested_width: Integer | None = None
    requested_height: Integer | None = None
    requested_format: Format | None = None


class ImageWithData(ImageDetails, frozen=True, kw_only=True):
    """An image in one JSON object."""

    data: Annotated[str, Meta(min_length=1, description="base64; a data: URL is accepted")]


class Generate(Struct, frozen=True):
    """An image to make. What the provider cannot take is left out, and told in the answer's `parameters`."""

    provider: Annotated[str, Meta(min_length=1, max_length=MAX_PROVIDER_ID)]
    prompt: Prompt
    model: Annotated[str, Meta(max_length=MAX_MODEL - MAX_PROVIDER_ID, pattern=_NO_CONTROLS)] = ""
    negative: Text = ""
    width: Side = 1024
    height: Side = 1024
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] | None = None
    format: Format | None = None


class PromptOnly(Struct, frozen=True):
    """A prompt to work on."""

    prompt: Prompt


class Speak(Struct, frozen=True):
    """A text to read aloud."""

    text: Annotated[str, Meta(min_length=1, pattern=_NO_CONTROLS_BUT_LINES)]
    voice: Annotated[str, Meta(max_length=MAX_MODEL, pattern=_NO_CONTROLS)] = ""
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
