"""The API described, from the routes, their docstrings, and the declarations that check the input (`schemas.py`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.routing import BaseRoute, Route

from server import errors
from server.errors import Refusal
from server.providers import errors as problems
from server.providers.provider import Parameters
from server.records import Record
from server.replies import Done, Facts, Listing, Models, NewPrompt, Refused, SignedIn, Who
from server.schemas import (
    ChangePassword,
    DeleteAccount,
    Generate,
    ImageDetails,
    ImageWithData,
    Login,
    Logout,
    PromptOnly,
    Register,
    Speak,
)

Schema = dict[str, Any]
_REF: Final = "#/components/schemas/{name}"

_SIGNED_IN: Final = (errors.Unauthorized, errors.CrossSite, errors.RateLimited)
_ALWAYS: Final[tuple[type[Refusal], ...]] = (errors.Internal, errors.Unavailable)
_BODY: Final = (errors.BadJson, errors.InvalidInput, errors.BodyTooLarge, errors.UnsupportedMediaType)
_BYTES: Final = "image/*"
_FORM: Final = "multipart/form-data"
_MAKING: Final = (
    *(*_SIGNED_IN, *_BODY, errors.Overloaded, problems.AllowanceSpent),
    *(problems.KeyRejected, problems.Unpaid, problems.ProviderFailed, problems.ProviderTimeout, problems.ProviderBusy),
    *(problems.ProviderRefused, problems.UnsafePrompt),
)
_TOOL: Final = (*_MAKING, problems.ToolOff)


@dataclass(frozen=True)
class Operation:
    """What one method of one route takes and gives; None as answer means bytes, of the type `media`."""

    answer: type[Struct] | None
    refusals: tuple[type[Refusal], ...] = ()
    body: type[Struct] | None = None
    statuses: tuple[int, ...] = (200,)
    headers: tuple[str, ...] = ()
    media: str = _BYTES


_IMAGE: Final = Operation(
    None, (*_SIGNED_IN, errors.NotFound, errors.BadRange), statuses=(200, 206, 304), headers=("Range",)
)
OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("POST", "/api/auth/register"): Operation(
        SignedIn, (*_BODY, errors.CrossSite, errors.EmailTaken, errors.RateLimited), Register, (201,)
    ),
    ("POST", "/api/auth/login"): Operation(
        SignedIn, (*_BODY, errors.CrossSite, errors.InvalidCredentials, errors.TooManyAttempts), Login
    ),
    ("GET", "/api/auth/validate"): Operation(Who, _SIGNED_IN),
    ("POST", "/api/auth/logout"): Operation(Done, (*_SIGNED_IN, *_BODY), Logout),
    ("POST", "/api/auth/password"): Operation(
        SignedIn, (*_SIGNED_IN, *_BODY, errors.WrongPassword, errors.TooManyAttempts), ChangePassword
    ),
    ("DELETE", "/api/auth/account"): Operation(
        Done, (*_SIGNED_IN, *_BODY, errors.WrongPassword, errors.TooManyAttempts), DeleteAccount
    ),
    ("GET", "/api/config"): Operation(Facts, (errors.RateLimited,)),
    ("POST", "/api/images/save"): Operation(
        Record,
        (
            *(*_SIGNED_IN, *_BODY, errors.BadMultipart, errors.NotFound, errors.AlreadyDeleted, errors.ImageTooLarge),
            *(errors.NotAnImage, errors.QuotaExceeded, errors.StorageFull),
        ),
        ImageWithData,
        (200, 201),
        ("Idempotency-Key",),
    ),
    ("GET", "/api/images/daily"): Operation(Listing, _SIGNED_IN, statuses=(200, 304)),
    ("GET", "/api/images/stats"): Operation(Facts, _SIGNED_IN),
    ("GET", "/api/images/{id}"): Operation(Record, (*_SIGNED_IN, errors.NotFound)),
    ("DELETE", "/api/images/{id}"): Operation(Done, (*_SIGNED_IN, errors.NotFound)),
    ("GET", "/api/images/{id}/content"): _IMAGE,
    ("GET", "/api/images/download/{id}"): _IMAGE,
    ("GET", "/api/providers/{id}/models"): Operation(Models, (errors.RateLimited, problems.UnknownProvider)),
    ("POST", "/api/generate"): Operation(
        None,
        (*_MAKING, problems.UnknownProvider, problems.NoImage, problems.ProviderImageTooLarge),
        Generate,
        media=_FORM,
    ),
    ("POST", "/api/prompts/optimize"): Operation(NewPrompt, (*_TOOL, problems.NoText), PromptOnly),
    ("POST", "/api/prompts/translate"): Operation(NewPrompt, (*_TOOL, problems.NoText), PromptOnly),
    ("POST", "/api/audio/speech"): Operation(
        None, (*_TOOL, problems.NoAudio, problems.TextTooLong), Speak, media="audio/*"
    ),
    ("GET", "/health"): Operation(Facts),
    ("GET", "/health/ready"): Operation(Facts, (errors.NotReady,)),
}


def describe(routes: Iterable[BaseRoute]) -> Schema:
    """Return the OpenAPI 3.1 document of those routes that are in OPERATIONS."""
    paths: dict[str, Schema] = {}
    for route in routes:
        for method in sorted(getattr(route, "methods", None) or ()):
            if isinstance(route, Route) and (operation := OPERATIONS.get((method, route.path))):
                paths.setdefault(route.path, {})[method.lower()] = _operation(route, operation)
    used = {kind for operation in OPERATIONS.values() for kind in (operation.answer, operation.body) if kind}
    _, components = msgspec.json.schema_components([*used, ImageDetails, Parameters, Refused], ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "HD Image Cache", "version": "1", "description": _HOW},
        "paths": paths,
        "components": {
            "schemas": _portable(components),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


_HOW: Final = (
    "Sign in for a token, and send it as `Authorization: Bearer`. Members that are not described are ignored. "
    "Any answer may be a refusal of the shape `Refused`; 429 and 503 say in `Retry-After` when to come again."
)


def _operation(route: Route, operation: Operation) -> Schema:
    described: Schema = {
        "summary": (route.endpoint.__doc__ or "").partition("\n")[0],
        "operationId": f"{route.endpoint.__qualname__.replace('Routes.', '_')}".lower(),
        "parameters": [_parameter(name, "path") for name in route.param_convertors],
        "responses": {**_answers(operation), **_refusals(operation)},
    }
    described["parameters"] += [_parameter(name, "header") for name in operation.headers]
    if errors.Unauthorized in operation.refusals:
        described["security"] = [{"token": []}]
    if operation.body:
        described["requestBody"] = _body(operation.body)
    return described


def _parameter(name: str, place: str) -> Schema:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def _answers(operation: Operation) -> Schema:
    schema: Schema = {"type": "string", "format": "binary"}
    if operation.media == _FORM:
        schema = {"type": "object", "properties": {"parameters": _reference(Parameters), "image": schema}}
    sent = {"description": "the bytes", "content": {operation.media: {"schema": schema}}}
    answer = _json("done", operation.answer) if operation.answer else sent
    return {str(status): {"description": "not modified"} if status == 304 else answer for status in operation.statuses}  # noqa: PLR2004


def _refusals(operation: Operation) -> Schema:
    codes: dict[int, list[str]] = {}
    for kind in (*operation.refusals, *_ALWAYS):
        codes.setdefault(kind.status, []).extend(leaf.code for leaf in _leaves(kind))
    return {str(status): _json(" · ".join(dict.fromkeys(found)), Refused) for status, found in sorted(codes.items())}


def _leaves(kind: type[Refusal]) -> list[type[Refusal]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in _leaves(child)] if below else [kind]


def _body(kind: type[Struct]) -> Schema:
    content = {"application/json": {"schema": _reference(kind)}}
    if kind is ImageWithData:
        parts = {"metadata": _reference(ImageDetails), "image": {"type": "string", "format": "binary"}}
        form = {"type": "object", "properties": parts, "required": list(parts)}
        encoding = {"metadata": {"contentType": "application/json"}, "image": {"contentType": _BYTES}}
        content["multipart/form-data"] = {"schema": form, "encoding": encoding}
    return {"required": kind is not Logout, "content": content}


def _json(description: str, kind: type[Struct]) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _reference(kind)}}}


def _reference(kind: type[Struct]) -> Schema:
    return {"$ref": _REF.format(name=kind.__name__)}


def _portable(schema: Any) -> Any:
    """Write Python's ends of text, which no other language knows, as everybody does."""
    if isinstance(schema, dict):
        return {name: _portable(value) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_portable(value) for value in schema]
    return schema.replace(r"\A", "^").replace(r"\Z", "$") if isinstance(schema, str) else schema
