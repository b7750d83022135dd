"""The server's routes, one method each. Knows paths and shapes; how bytes travel is `browser/http.py`'s business."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from frontend.clock import Clock
from frontend.errors import Offline, from_answer
from frontend.models import GIVEN, Image, seconds

Progress = Callable[[float], None]  # 0.0 to 1.0 of the bytes sent


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `form` is a dictionary of parts, each a string or a Blob.

    `blob` asks for the bytes, `parts` for the parts of a form. Without an answer in `timeout` seconds there is none.
    """

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    form: dict[str, Any] | None = None
    blob: bool = False
    parts: bool = False
    timeout: float = 120  # 2 MiB at 0.15 Mbit/s
    progress: Progress | None = None


class Answer(NamedTuple):
    """One HTTP answer: header names in lower case; `body` is text, a Blob, or parts, as the call asked."""

    status: int
    headers: dict[str, str]
    body: Any


class Http(Protocol):
    """Carries a call to the server; raises Offline when no answer came."""

    async def __call__(self, call: Call) -> Answer:
        """Return the answer, whatever its status."""


class Api:
    """The server, as the page sees it. Every method raises a `ClientError` for a refusal."""

    def __init__(self, http: Http, clock: Clock, language: Callable[[], str]) -> None:
        self._http = http
        self._clock = clock
        self._language = language
        self._daily: tuple[str, list[dict[str, Any]]] = ("", [])

    async def config(self) -> dict[str, Any]:
        """Return the limits and what is on; its `server_time` sets the clock, to the millisecond."""
        config = await self._json("GET", "/api/config")
        if moment := seconds(config.get("server_time")):
            self._clock.set(moment)
        return config

    async def register(self, username: str, email: str, password: str) -> dict[str, Any]:
        """Create an account and sign in; return the user."""
        credentials = {"username": username, "email": email, "password": password}
        return dict((await self._json("POST", "/api/auth/register", credentials))["user"])

    async def login(self, email: str, password: str) -> dict[str, Any]:
        """Sign in; return the user."""
        answer = await self._json("POST", "/api/auth/login", {"email": email, "password": password})
        return dict(answer["user"])

    async def validate(self) -> dict[str, Any]:
        """Return the user that the browser's cookie stands for."""
        return dict((await self._json("GET", "/api/auth/validate"))["user"])

    async def logout(self, *, everywhere: bool = False) -> None:
        """End this session, or all of the account's."""
        await self._json("POST", "/api/auth/logout", {"everywhere": everywhere})

    async def change_password(self, current: str, new: str) -> None:
        """Change the password; every older session ends but this one."""
        await self._json("POST", "/api/auth/password", {"currentPassword": current, "newPassword": new})

    async def delete_account(self, password: str) -> None:
        """Delete the account and every image in it."""
        await self._json("DELETE", "/api/auth/account", {"password": password})

    async def save(
        self, image: Image, blob: Any, replace: str | None = None, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Store the exact bytes; repeating it with the same image changes nothing and answers the same."""
        known = {name: getattr(image, name) for name in GIVEN}
        metadata = {name: value for name, value in known.items() if value or (name == "seed" and value == 0)}
        metadata |= {"replace": replace} if replace else {}
        form = {"metadata": json.dumps(metadata), "image": blob}
        headers = {"Idempotency-Key": image.id}
        return _document(await self._send(Call("POST", "/api/images/save", headers, form=form, progress=progress)))

    async def daily(self) -> list[dict[str, Any]]:
        """Return the account's images; an unchanged list costs one empty answer."""
        etag, images = self._daily
        answer = await self._send(Call("GET", "/api/images/daily", {"If-None-Match": etag} if etag else {}))
        if answer.status != 304:  # noqa: PLR2004 - Not Modified
            images = list(_document(answer)["images"])
            self._daily = (answer.headers.get("etag", ""), images)
        return images

    async def stats(self) -> dict[str, Any]:
        """Return how much of the account is used."""
        return dict((await self._json("GET", "/api/images/stats"))["stats"])

    async def content(self, image_id: str) -> Any:
        """Return the exact bytes as a Blob."""
        return (await self._send(Call("GET", f"/api/images/{image_id}/content", blob=True))).body

    async def delete(self, image_id: str) -> None:
        """Delete an image for every reader."""
        await self._json("DELETE", f"/api/images/{image_id}")

    async def models(self, provider: str) -> tuple[list[dict[str, Any]], bool]:
        """Return the models of a provider, `id` and `name`, and whether the provider itself has named them."""
        answer = await self._json("GET", f"/api/providers/{provider}/models")
        return list(answer["models"]), answer.get("source") == "provider"

    async def generate(self, wanted: dict[str, Any], within: float) -> tuple[dict[str, Any], Any]:
        """Let a provider make an image; return what it was really asked for, and the exact bytes as a Blob."""
        call = Call("POST", "/api/generate", json=wanted, parts=True, timeout=within)
        parts = (await self._send(call)).body
        try:
            return dict(json.loads(parts["parameters"])), parts["image"]
        except (KeyError, TypeError, ValueError):
            raise Offline("no answer of the server") from None

    async def rewrite(self, tool: str, prompt: str) -> dict[str, Any]:
        """Let a prompt tool (`optimize`, `translate`) at a prompt; return `prompt`, `changed` and `model`."""
        return await self._json("POST", f"/api/prompts/{tool}", {"prompt": prompt})

    async def speech(self, text: str, voice: str, speed: float) -> Any:
        """Let a text be read aloud; return the sound as a Blob."""
        wanted = {"text": text, "voice": voice, "speed": speed}
        return (await self._send(Call("POST", "/api/audio/speech", json=wanted, blob=True))).body

    def forget(self) -> None:
        """Drop what was remembered of the last account."""
        self._daily = ("", [])

    async def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return _document(await self._send(Call(method, path, json=body)))

    async def _send(self, call: Call) -> Answer:
        call.headers.setdefault("Accept-Language", self._language())
        answer = await self._http(call)
        if answer.status >= 400:  # noqa: PLR2004 - 4xx and 5xx are refusals
            raise from_answer(answer.status, await _refusal(answer), _seconds(answer.headers.get("retry-after")))
        self._clock.correct(answer.headers.get("date"))
        return answer


def _document(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer. Anything else is not our server speaking: a portal, a proxy's page."""
    try:
        document = json.loads(answer.body)
    except (TypeError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise Offline("no answer of the server")
    return document


async def _refusal(answer: Answer) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, str) else await answer.body.text()
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, dict) and "code" in document:
        return document
    if answer.status >= 500:  # noqa: PLR2004 - a proxy's own 5xx page: the server is behind it, later
        return {"code": "busy"}
    raise Offline("no answer of the server")


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0
