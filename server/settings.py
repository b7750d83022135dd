"""What an operator can set: declared once, with default and help; read once, from the environment and `.env`."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import limits
import msgspec
from dotenv import dotenv_values
from msgspec import Meta

from server.errors import CannotStart
from server.limits import MIB

DAY = 24 * 60 * 60  # seconds
Key = Annotated[str, Meta(pattern=r"\A[!-~]*\Z")]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Each setting's environment variable is its name in capitals."""

    host: Annotated[str, Meta(min_length=1, description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 takes a free one")] = 8000
    data_dir: Annotated[str, Meta(min_length=1, description="folder for everything that is kept")] = "data"
    kv_url: Annotated[str, Meta(description="key-value store; default sqlite:///<DATA_DIR>/kv.sqlite3")] = ""
    users_kv_url: Annotated[str, Meta(description="store of namespace USERS; default KV_URL")] = ""
    images_cache_kv_url: Annotated[str, Meta(description="store of namespace IMAGES_CACHE; default KV_URL")] = ""
    jwt_secret: Annotated[str, Meta(description="signs the tokens; at least 32 random bytes")] = ""
    max_images_per_day: Annotated[int, Meta(ge=1, le=1000, description="images kept per user")] = 3
    max_image_size: Annotated[int, Meta(ge=1, le=64 * MIB, description="bytes per image")] = 2 * MIB
    image_ttl: Annotated[int, Meta(ge=1, le=365 * DAY, description="seconds an image is kept")] = DAY
    token_ttl: Annotated[int, Meta(ge=1, le=365 * DAY, description="seconds a token is valid")] = DAY
    max_storage: Annotated[int, Meta(ge=MIB, description="bytes the store may hold")] = 1024 * MIB
    min_free_space: Annotated[int, Meta(ge=0, description="bytes left free on the disk")] = 0
    limit_login_failures: Annotated[str, Meta(description="wrong passwords per account and address")] = "10/5minutes"
    limit_registrations: Annotated[str, Meta(description="new accounts per address")] = "20/hour"
    limit_saves: Annotated[str, Meta(description="saves per account")] = "60/hour"
    limit_reads: Annotated[str, Meta(description="requests per account, or per address")] = "600/minute"
    transfer_timeout: Annotated[int, Meta(ge=3, le=3600, description="seconds for a request to arrive")] = 60
    trusted_proxies: Annotated[str, Meta(description="whose X-Forwarded-For and -Proto are believed")] = ""
    allowed_origins: Annotated[str, Meta(description="other sites whose pages may use the API with a token")] = ""
    serve_sources: Annotated[bool, Meta(description="serve the page from its sources, for development")] = False
    metrics_token: Annotated[str, Meta(description="who has it may read /metrics from elsewhere")] = ""
    pollinations_gen_api_base: Annotated[str, Meta(description="Pollinations; on with POLLINATIONS_API_TOKEN")] = ""
    pollinations_api_token: Annotated[Key, Meta(description="key for Pollinations")] = ""
    pollinations_image_api_base: Annotated[str, Meta(description="the older Pollinations, without a key")] = ""
    pollinations_text_api_base: Annotated[str, Meta(description="Pollinations for the prompt tools")] = ""
    pollinations_image_model: Annotated[str, Meta(description="image model where nobody chose one")] = ""
    openai_image_api_base: Annotated[str, Meta(description="server with OpenAI's /v1/images/generations")] = ""
    openai_image_api_key: Annotated[Key, Meta(description="its key; alone it means OpenAI itself")] = ""
    openai_image_models: Annotated[str, Meta(description="models to offer instead of its whole list")] = ""
    openai_image_sizes: Annotated[str, Meta(description="sizes it can make; empty: any")] = ""
    openai_image_supports: Annotated[str, Meta(description="of seed, negative, formats, image_size")] = "formats"
    allow_loopback_images: Annotated[bool, Meta(description="fetch images from this machine too")] = False
    deepseek_api_key: Annotated[Key, Meta(description="key for the prompt tools; alone it means DeepSeek itself")] = ""
    deepseek_api_url: Annotated[str, Meta(description="any OpenAI-compatible chat server")] = ""
    deepseek_model: Annotated[str, Meta(description="its model; empty: the first it lists")] = ""
    audio_api_base: Annotated[str, Meta(description="server with OpenAI's /v1/audio/speech")] = ""
    audio_api_key: Annotated[Key, Meta(description="its key")] = ""
    audio_voices: Annotated[str, Meta(description="voices to offer")] = ""
    audio_max_chars: Annotated[int, Meta(ge=1, le=10_000, description="characters read aloud at once")] = 4096
    default_audio_model: Annotated[str, Meta(description="speech model; empty: the server's own choice")] = ""
    default_audio_voice: Annotated[str, Meta(min_length=1, description="voice where nobody chose one")] = "alloy"
    generation_access: Annotated[Literal["signed_in", "anyone"], Meta(description="who may generate")] = "signed_in"
    limit_generations: Annotated[str, Meta(description="generations per account")] = "6/minute; 100/day"
    limit_generations_anyone: Annotated[str, Meta(description="the same per address")] = "2/minute; 20/day"
    max_generations: Annotated[int, Meta(ge=1, le=1000, description="requests to providers at once")] = 8
    generation_timeout: Annotated[int, Meta(ge=1, le=3600, description="seconds a provider may take")] = 120
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="how much is logged")] = "info"

    def __repr__(self) -> str:
        """Show no secret, nor a URL that may hold one."""
        return f"Settings({self.host}:{self.port}, {self.data_dir})"

    @property
    def store_urls(self) -> tuple[str, str]:
        """The stores of USERS and IMAGES_CACHE."""
        default = self.kv_url or f"sqlite:///{Path(self.data_dir) / 'kv.sqlite3'}"
        return self.users_kv_url or default, self.images_cache_kv_url or default

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], dotenv: Path | None = None) -> "Settings":
        """Read the settings; what is empty counts as not set, the environment goes before `.env`.

        Raises CannotStart with a sentence that names the setting.
        """
        given = {**(dotenv_values(dotenv) if dotenv else {}), **environ}
        values = {field.name: _read(field, given.get(field.name.upper())) for field in msgspec.structs.fields(cls)}
        return cls(**values)


def _read(field: msgspec.structs.FieldInfo, text: str | None) -> Any:
    if not text:
        return field.default
    try:
        value = msgspec.convert(
            text.lower() if field.name in ("log_level", "generation_access") else text, field.type, strict=False
        )
        _check_kind(field.name, value)
    except ValueError as error:  # among them msgspec.ValidationError
        expected = re.sub(r", got .*|Expected ", "", str(error)).replace("`", "")
        told = "the given value" if field.name.endswith(_SECRET) else repr(text)
        name = field.name.upper()
        raise CannotStart(f"{name} cannot be {told}: expected {expected} ({help_of(field)})") from None
    return value


def networks(text: str) -> list[str]:
    """Return comma-separated addresses and networks; raises ValueError."""
    return [str(ipaddress.ip_network(part)) for part in words(text)]


def origins(text: str) -> list[str]:
    """Return comma-separated origins; raises ValueError."""
    given = words(text.lower())
    if not all(re.fullmatch(r"https?://[^/,\s*?#@]+", origin) for origin in given):
        raise ValueError
    return given


def words(text: str) -> list[str]:
    """Return what stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _base(text: str) -> None:
    if text and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#@]*)?", text):
        raise ValueError


def _sizes(text: str) -> None:
    if not all(re.fullmatch(r"[1-9]\d{0,3}x[1-9]\d{0,3}", size) for size in words(text)):
        raise ValueError


def _supports(text: str) -> None:
    if not {"seed", "negative", "formats", "image_size"} >= set(words(text)):
        raise ValueError


_SECRET: Final = ("_secret", "_key", "_token")
_KINDS: Final[dict[str, tuple[Callable[[str], object], str]]] = {
    r"limit_generations.*": (limits.parse_many, "numbers per time, such as 6/minute; 100/day"),
    r"limit_.*": (limits.parse, "a number per time, such as 10/5minutes"),
    r"trusted_.*": (networks, "addresses or networks, such as 10.0.0.1, 172.16.0.0/12"),
    r"allowed_.*": (origins, "origins, such as https://example.com"),
    r".*_api_(base|url)": (_base, "an address, such as https://example.com/v1"),
    r".*_sizes": (_sizes, "sizes in pixels, such as 1024x1024, 1536x1024"),
    r".*_supports": (_supports, "some of them, such as seed, negative"),
}


def _check_kind(name: str, value: Any) -> None:
    """Raise ValueError, with what is expected, for a text that is not of the kind its name tells."""
    parse, expected = next((kind for pattern, kind in _KINDS.items() if re.fullmatch(pattern, name)), (str, ""))
    try:
        parse(value)
    except ValueError:
        raise ValueError(expected) from None


def help_of(field: msgspec.structs.FieldInfo) -> str:
    """Return what a setting is for."""
    return next(str(meta.description) for meta in field.type.__metadata__ if isinstance(meta, Meta))
