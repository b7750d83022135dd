"""Answers in JSON, and refusals in the caller's language."""

from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from server.errors import BadRange, Internal, MethodNotAllowed, Refusal, RouteNotFound
from server.messages import Language, preferred, sentence
from server.middleware import HEADERS
from server.providers.errors import ProviderProblem

_LOGGED: Final = ("field", "reason", "id", "setting", "content_type")  # the facts that are nobody's secret


def language(request: Request) -> Language:
    """Return the language of an answer; Chinese for clients that name none, as the original's do."""
    return preferred(request.headers.get("accept-language", ""), "zh")


def success(facts: Any, status: int = 200) -> Response:
    """Return `{"success": true, …facts}`."""
    body = {"success": True, **msgspec.to_builtins(facts)}
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def message(request: Request, key: str, status: int = 200, **facts: Any) -> Response:
    """Return success with a sentence."""
    return success({"message": sentence(key, language(request)), **facts}, status)


def not_modified(request: Request, etag: str) -> bool:
    """Whether the client has this already."""
    wanted = request.headers.get("if-none-match", "")
    return wanted.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in wanted.split(",")]


async def refused(request: Request, error: Exception) -> Response:
    """Turn any exception into the one shape of refusals; never a detail that is not meant for the caller."""
    refusal = error if isinstance(error, Refusal) else _translated(error)
    told = {name: refusal.facts[name] for name in _LOGGED if name in refusal.facts}
    if isinstance(refusal, ProviderProblem):
        told.pop("reason", None)  # providers repeat prompts in it
    request.scope["refusal"] = {"code": refusal.code, **told}  # for the log and the numbers
    body = {"success": False, "code": refusal.code, "error": "", **refusal.facts}
    body["error"] = sentence(refusal.code, language(request), **refusal.facts)
    headers = dict(HEADERS)
    if "retry_after" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts["retry_after"])
    if isinstance(refusal, BadRange):
        headers["Content-Range"] = f"bytes */{refusal.facts['size']}"
    if refusal.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    headers |= dict(getattr(error, "headers", None) or {})  # Starlette's Allow
    return Response(msgspec.json.encode(body), refusal.status, headers, "application/json")


def _translated(error: Exception) -> Refusal:
    if isinstance(error, HTTPException):
        return MethodNotAllowed() if error.status_code == 405 else RouteNotFound()  # noqa: PLR2004
    return RouteNotFound() if isinstance(error, ClientDisconnect) else Internal()
