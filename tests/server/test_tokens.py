"""Tokens: ours and in force, or refused."""

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import InvalidToken
from server.tokens import AUDIENCE, ISSUER, Tokens
from tests.server.conftest import Clock

SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(SECRET, 86400, clock)


def claims(clock: Clock, **changed: Any) -> dict[str, Any]:
    now = int(clock.now)
    given = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u", "iat": now, "exp": now + 60, "jti": "j", "tv": 0, **changed}
    return {name: value for name, value in given.items() if value is not ...}


def test_what_is_issued_can_be_read_for_a_day(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue("user", 7)
    clock.now += 86399
    read = tokens.read(token)
    assert (read.sub, read.tv, read.exp - read.iat) == ("user", 7, 86400)
    clock.now += 1
    with pytest.raises(InvalidToken):
        tokens.read(token)


def test_each_token_has_its_own_id(tokens: Tokens) -> None:
    assert tokens.read(tokens.issue("u", 0)).jti != tokens.read(tokens.issue("u", 0)).jti


def test_any_library_can_verify_it(tokens: Tokens) -> None:
    token = tokens.issue("u", 0)
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, SECRET, ["HS256"], audience=AUDIENCE, options=options)["sub"] == "u"


@pytest.mark.parametrize(
    "changed",
    [{name: ...} for name in ("iss", "aud", "sub", "iat", "exp", "jti", "tv")]
    + [{"iss": "other"}, {"aud": "other"}, {"aud": ["other"]}, {"sub": 5}, {"sub": None}, {"tv": "0"}, {"tv": None}]
    + [{"exp": 1}, {"exp": "9999999999"}, {"exp": None}, {"exp": 10**30}, {"exp": 1e400}, {"exp": True}]
    + [{"nbf": 10**10}, {"iat": 10**10}, {"iat": "x"}],
)
def test_claims_that_are_not_ours(tokens: Tokens, clock: Clock, changed: dict[str, Any]) -> None:
    token = jwt.encode(claims(clock), SECRET, "HS256")
    assert tokens.read(token)
    body = base64.urlsafe_b64encode(json.dumps(claims(clock, **changed)).encode()).rstrip(b"=")
    head = token.split(".")[0].encode()
    signature = base64.urlsafe_b64encode(jwt.get_algorithm_by_name("HS256").sign(head + b"." + body, SECRET)).rstrip(
        b"="
    )
    with pytest.raises(InvalidToken):
        tokens.read(b".".join([head, body, signature]).decode())


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms(tokens: Tokens, clock: Clock, algorithm: str) -> None:
    with pytest.raises(InvalidToken):
        tokens.read(jwt.encode(claims(clock), SECRET * 2, algorithm))


def test_no_algorithm(tokens: Tokens, clock: Clock) -> None:
    with pytest.raises(InvalidToken):
        tokens.read(jwt.encode(claims(clock), None, "none"))


@pytest.mark.parametrize(
    "header",
    [{"alg": alg} for alg in ("none", "None", "nOnE", "", None, "RS256", 5, ["HS256"])]
    + [{"kid": kid} for kid in ("../../etc/passwd", "' OR 1=1", "\0", ["a"], "k" * 3000)]
    + [{name: "https://evil"} for name in ("jku", "jwk", "x5u", "x5c", "b64", "crit", "zip")]
    + [{"typ": "at+jwt"}],
)
def test_headers_that_ours_never_have(tokens: Tokens, header: dict[str, Any]) -> None:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"} | header).encode()).rstrip(b"=").decode()
    _, body, signature = tokens.issue("u", 0).split(".")
    for token in (f"{head}.{body}.{signature}", f"{head}.{body}."):
        with pytest.raises(InvalidToken):
            tokens.read(token)


def test_another_key(tokens: Tokens, clock: Clock) -> None:
    with pytest.raises(InvalidToken):
        tokens.read(Tokens(SECRET[::-1], 60, clock).issue("u", 0))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ö.ö.ö", "a" * 10_000, "\ud800", "[" * 4000])
def test_garbage(tokens: Tokens, token: str) -> None:
    with pytest.raises(InvalidToken):
        tokens.read(token)


@given(st.integers(0, 400), st.characters())
def test_one_changed_character_is_enough(position: int, character: str) -> None:
    tokens = Tokens(SECRET, 60, Clock())
    token = tokens.issue("u", 0)
    position %= len(token) - 1  # the last one has spare bits
    changed = token[:position] + character + token[position + 1 :]
    if changed != token:
        with pytest.raises(InvalidToken):
            tokens.read(changed)


def test_a_deeply_nested_header_is_refused(tokens: Tokens) -> None:
    head = base64.urlsafe_b64encode(b"[" * 2900).decode()
    with pytest.raises(InvalidToken):
        tokens.read(f"{head}.e30.e30")
