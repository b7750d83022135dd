"""JSON without surprises: one object in UTF-8, no key twice, no NaN, no lone surrogate; then checked by declaration."""

import json
import re
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from server.errors import BadJson, InvalidEmail, InvalidField, InvalidPassword, MissingField
from server.limits import MAX_PASSWORD, MIN_PASSWORD

T = TypeVar("T")
_FIELD: Final = re.compile(r"required field `(.+?)`|at `\$\.(\w+)")


def read(body: bytes, wanted: type[T]) -> T:
    """Return the body as the declared type; raises BadJson, MissingField, InvalidField. Unknown members are ignored."""
    return check(parse(body), wanted)


def parse(body: bytes) -> dict[str, Any]:
    """Return the one JSON object in the body; raises BadJson."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse)
    except RecursionError:
        raise BadJson(reason="nested too deeply") from None
    except ValueError as error:  # among them UnicodeError, JSONDecodeError, and integers of thousands of digits
        raise BadJson(reason=_short(error)) from None
    if not isinstance(value, dict):
        raise BadJson(reason="not an object")
    return value


def check(value: dict[str, Any], wanted: type[T]) -> T:
    """Return the object as the declared type; raises MissingField, InvalidField. An empty text is a missing one."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        missing, wrong = found.groups() if (found := _FIELD.search(str(error))) else (None, None)
        field = missing or wrong or ""
        if missing or value.get(field) == "":
            raise MissingField(field=field) from None
        raise _invalid(field, str(error)) from None


def _invalid(field: str, error: str) -> InvalidField:
    if field == "email":
        return InvalidEmail(field=field)
    if field in ("password", "newPassword") and "length" in error:
        return InvalidPassword(field=field, min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)
    expected = "no control characters" if "regex" in error else error.partition(" - ")[0]
    return InvalidField(field=field, expected=expected.replace("`", ""))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key appears twice")
    for key, member in pairs:
        key.encode()  # a lone surrogate cannot be encoded, nor stored, nor sent back
        if isinstance(member, str):
            member.encode()
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _short(error: ValueError) -> str:
    return "not UTF-8 text" if isinstance(error, UnicodeError) else str(error).partition(":")[0].lower()
