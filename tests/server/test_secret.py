"""The signing secret."""

import io
import stat
from pathlib import Path

import pytest

from server.errors import CannotStart
from server.secret import load_secret
from server.settings import Settings

GOOD = "kR8w2Jq0vXy6ZtB1nM4pLs7dFgHa3cEu"


def test_a_good_one_is_taken_as_it_is() -> None:
    assert load_secret(Settings(jwt_secret=GOOD, host="0.0.0.0")) == GOOD.encode()


def test_on_loopback_one_is_made_once(tmp_path: Path, stream: io.StringIO) -> None:
    first = load_secret(Settings(data_dir=str(tmp_path)))
    second = load_secret(Settings(data_dir=str(tmp_path)))

    assert first == second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "jwt_secret").stat().st_mode) == 0o600
    assert "JWT_SECRET not set" in stream.getvalue()
    assert first.decode() not in stream.getvalue()


def test_elsewhere_it_has_to_be_given(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"^JWT_SECRET not set"):
        load_secret(Settings(host="0.0.0.0", data_dir=str(tmp_path)))


@pytest.mark.parametrize(
    "secret",
    [
        "your-secret-key",
        "your-super-secret-jwt-key",
        "tiny",
        GOOD[:31],
        "x" * 64,
        "your-super-secret-jwt-key-change-in-production",
        "CHANGE_ME_please_" + GOOD,
    ],
)
def test_weak_ones_are_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(CannotStart) as told:
        load_secret(Settings(jwt_secret=secret))
    assert secret not in str(told.value)
