"""Settings: declared once, read once, and a wrong one is named."""

import re
from pathlib import Path

import pytest

from server.errors import CannotStart
from server.settings import Settings


def test_defaults() -> None:
    settings = Settings.from_environ({})
    assert (settings.host, settings.port, settings.max_images_per_day) == ("127.0.0.1", 8000, 3)
    assert (settings.max_image_size, settings.image_ttl, settings.max_storage) == (2097152, 86400, 1 << 30)
    assert settings.store_urls == ("sqlite:///data/kv.sqlite3",) * 2


def test_the_environment_goes_before_dotenv_and_empty_is_unset(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=1\nHOST=::1\nLOG_LEVEL=DEBUG\nIMAGE_TTL=\n")
    settings = Settings.from_environ({"PORT": "2", "UNKNOWN": "x"}, dotenv)
    assert (settings.port, settings.host, settings.log_level, settings.image_ttl) == (2, "::1", "debug", 86400)


def test_the_store_follows_the_data_folder_unless_it_is_named() -> None:
    assert Settings(data_dir="/d").store_urls[0] == "sqlite:////d/kv.sqlite3"
    assert Settings(kv_url="sqlite:///x").store_urls == ("sqlite:///x", "sqlite:///x")
    assert Settings(kv_url="sqlite:///x", users_kv_url="sqlite:///u").store_urls == ("sqlite:///u", "sqlite:///x")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("MAX_IMAGES_PER_DAY", "0"),
        ("MAX_IMAGE_SIZE", "2MB"),
        ("LOG_LEVEL", "loud"),
        ("GENERATION_ACCESS", "nobody"),
        ("GENERATION_TIMEOUT", "0"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(CannotStart, match=rf"^{name} cannot be '{value}': expected [^\n]+$"):
        Settings.from_environ({name: value})


@pytest.mark.parametrize("name", ["POLLINATIONS_API_TOKEN", "OPENAI_IMAGE_API_KEY", "DEEPSEEK_API_KEY"])
def test_a_wrong_key_is_not_repeated(name: str) -> None:
    with pytest.raises(CannotStart, match=f"^{name} cannot be the given value: ") as told:
        Settings.from_environ({name: "sk-hidden with a space"})
    assert "hidden" not in str(told.value)


def test_two_limits_at_once() -> None:
    assert Settings.from_environ({"LIMIT_GENERATIONS": "1/minute; 5/day"}).limit_generations == "1/minute; 5/day"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_loopback(host: str, *, loopback: bool) -> None:
    assert Settings(host=host).is_loopback is loopback


def test_no_secret_is_printed() -> None:
    assert "hidden" not in repr(Settings(jwt_secret="hidden", kv_url="redis://:hidden@host"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIMIT_SAVES", "many"),
        ("LIMIT_READS", "10/fortnight"),
        ("LIMIT_LOGIN_FAILURES", "-1/hour"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("ALLOWED_ORIGINS", "*"),
        ("LIMIT_GENERATIONS", "6/minute; many"),
        ("OPENAI_IMAGE_API_BASE", "api.example"),
        ("POLLINATIONS_GEN_API_BASE", "https://user:password@api.example"),
        ("DEEPSEEK_API_URL", "https://api.example/?key=1"),
        ("OPENAI_IMAGE_SIZES", "1024"),
        ("OPENAI_IMAGE_SUPPORTS", "magic"),
        ("ALLOWED_ORIGINS", "https://example.com/path"),
    ],
)
def test_a_wrong_notation_is_one_clear_sentence(name: str, value: str) -> None:
    with pytest.raises(CannotStart, match=rf"^{name} cannot be '{re.escape(value)}': expected .+, such as .+ \(.+\)$"):
        Settings.from_environ({name: value})
