"""JSON without surprises."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from server.errors import BadJson, InvalidField, MissingField
from server.strict_json import parse, read


class Sample(Struct):
    text: str
    number: int | None = None


def test_a_plain_object() -> None:
    assert read('{"text":"图","number":3,"unknown":[]}'.encode(), Sample) == Sample("图", 3)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b'{"a":1,}',
        b'{"a":1}{"b":2}',
        b"{/**/}",
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1,"a":1}',
        b'{"a":' + b"[" * 100000,
        b'{"a":' * 50000,
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\xff"}',
        rb'{"a":"\ud800"}',
        rb'{"\udfff":1}',
        b'{"a":"\n"}',
        b'{"o":{"a":1,"a":2}}',
    ],
)
def test_everything_else_is_bad_json(body: bytes) -> None:
    with pytest.raises(BadJson):
        parse(body)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(MissingField) as told:
        read(b"{}", Sample)
    assert told.value.facts == {"field": "text"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": None}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": {"$ne": None}}, "text"),
        ({"text": "a", "number": "3"}, "number"),
        ({"text": "a", "number": True}, "number"),
        ({"text": "a", "number": 1.5}, "number"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidField) as told:
        read(json.dumps(body).encode(), Sample)
    assert told.value.facts["field"] == field


nested = st.recursive(st.none() | st.floats() | st.text(max_size=5), st.lists, max_leaves=5)


@given(st.binary(max_size=100) | nested.map(json.dumps).map(str.encode))
def test_any_bytes_are_an_object_or_bad_json(body: bytes) -> None:
    with suppress(BadJson):
        assert isinstance(parse(body), dict)
