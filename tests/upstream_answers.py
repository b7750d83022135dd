"""What the upstream says: good answers, and failures in each API's own shape. Where from: `upstream.md`."""

import base64
import hashlib
import io
import json
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests import paintings
from tests.paintings import Painting

if TYPE_CHECKING:
    from tests.upstream import Asked, Upstream

KEY: Final = "Bearer sk-upstream-only-the-server-knows"
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GPT: Final = "gpt-image-2"  # answers with base64, and knows no response_format
KOLORS: Final = "Kolors"  # answers with a URL, and knows seed and negative_prompt
POLLINATIONS_MODELS: Final = {"zimage": "png", "flux": "jpeg", "recraft-v4.1-vector": "svg", "wan-video": "mp4"}
PAINTERS: Final[dict[str, Callable[[int, int, int], Painting]]] = {
    "png": paintings.png,
    "jpeg": paintings.jpeg,
    "webp": paintings.webp,
}


@dataclass(frozen=True)
class Reply:
    """One answer."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


# status, code, sentence, headers
FAILURES: Final[dict[str, tuple[int, str, str, dict[str, str]]]] = {
    "busy": (429, "rate_limit_exceeded", "Too many requests", {"retry-after": "7"}),
    "busy_until": (429, "rate_limit_exceeded", "Too many requests", {"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}),
    "error": (500, "INTERNAL_ERROR", "Something broke", {}),
    "unavailable": (503, "SERVICE_UNAVAILABLE", "Come back later", {"retry-after": "3"}),
    "unauthorized": (401, "UNAUTHORIZED", f"Incorrect API key provided: {KEY[7:]}", {}),
    "forbidden": (403, "FORBIDDEN", "The key lacks a permission", {}),
    "unpaid": (402, "PAYMENT_REQUIRED", "Insufficient pollen balance", {}),
    "refused": (400, "BAD_REQUEST", f"Unknown model, says the holder of {KEY[7:]}", {}),
    "gone": (404, "NOT_FOUND", "No such model", {}),
    "unsafe": (400, "moderation_blocked", "The prompt was rejected by the safety system", {}),
}
PAGES: Final = {
    "html": Reply(b"<!doctype html><title>Just a moment</title>", "text/html; charset=utf-8"),
    "svg": Reply(SVG, "image/svg+xml"),
    "svg_as_png": Reply(SVG, "image/png"),
    "json": Reply(b'{"message": "queued"}'),
    "empty": Reply(b"", "image/png"),
    "nothing": Reply(b'{"created": 1, "data": []}'),
    "not_base64": Reply(b'{"created": 1, "data": [{"b64_json": "!!!"}]}'),
    "html_in_base64": Reply(b'{"created": 1, "data": [{"b64_json": "PGh0bWw+"}]}'),
    "redirect": Reply(b"", "text/plain", 302, {"location": "https://10.0.0.1/"}),
}


def failure(fault: str, path: str) -> Reply | None:
    """Return the answer of a fault that needs no good one; None for the others."""
    if fault in PAGES:
        return PAGES[fault]
    if fault not in FAILURES:
        return None
    status, code, sentence, headers = FAILURES[fault]
    sentence = sentence.replace(KEY[7:], "…") if path.startswith("/free") else sentence  # it knows no key
    if path.startswith("/v1"):
        return _json(
            {"error": {"message": sentence, "type": "api_error", "param": None, "code": code}}, status, headers
        )
    kind = {"type": "safety_error"} if fault == "unsafe" else {}
    code = "BAD_REQUEST" if fault == "unsafe" else code
    return _json(
        {"status": status, "success": False, "error": {"code": code, "message": sentence, **kind}}, status, headers
    )


def good(upstream: "Upstream", asked: "Asked", fault: str) -> Reply:
    """Return what the API answers when all is well, or with a fault of its own in the answer."""
    api, _, path = asked.path.removeprefix("/").partition("/")
    if asked.path.startswith("/files/"):
        return _file(upstream, path)
    if path.endswith("models"):
        return _models(api, path)
    if api == "free" and path.startswith("prompt/"):
        return _picture(upstream, asked, "jpeg", path.removeprefix("prompt/"))
    if asked.headers.get("authorization") != KEY:
        return failure("unauthorized", asked.path) or Reply(b"")
    path = path.removeprefix("v1/")
    if path.startswith("image/"):
        kind = POLLINATIONS_MODELS.get(asked.query.get("model", "zimage"))
        found = kind in PAINTERS and _picture(upstream, asked, str(kind), path.removeprefix("image/"))
        return found or (Reply(SVG, "image/svg+xml") if kind == "svg" else _refused(asked))
    known: dict[str, Callable[[Upstream, Asked, str], Reply]] = {
        "images/generations": _generations,
        "chat/completions": _chat,
        "audio/speech": _speech,
    }
    return known[path](upstream, asked, fault) if path in known else _refused(asked)


def _picture(upstream: "Upstream", asked: "Asked", kind: str, prompt: str) -> Reply:
    """The same request has the same picture."""
    query = {"width": "1024", "height": "1024", "seed": "0", **asked.query}
    content_type, data = _paint(upstream, kind, query["width"], query["height"], f"{prompt} {sorted(query.items())}")
    return Reply(data, content_type, headers={"cache-control": "public, max-age=31536000, immutable"})


def _paint(upstream: "Upstream", kind: str, width: str, height: str, subject: str) -> Painting:
    grey = hashlib.sha256(subject.encode()).digest()[0]
    if kind == "png":
        return paintings.png(int(width), int(height), grey, upstream.padding)
    return PAINTERS[kind](int(width), int(height), grey)


def _generations(upstream: "Upstream", asked: "Asked", fault: str) -> Reply:
    body = asked.json
    model, kind = body.get("model", GPT), body.get("output_format", "png")
    if model not in (GPT, KOLORS) or (model == GPT and {"response_format", "seed", "negative_prompt"} & set(body)):
        return _refused(asked)
    width, height = str(body.get("size", body.get("image_size", "1024x1024"))).split("x")
    _, data = _paint(upstream, kind, width, height, json.dumps(body, sort_keys=True))
    facts: dict[str, Any] = {"created": 1_800_000_000}
    if model == GPT:
        return _json({**facts, "data": [{"b64_json": base64.b64encode(data).decode()}], "output_format": kind})
    url = upstream.image_url or f"{upstream.url}/files/{fault or 'image'}/{width}/{height}/{kind}"
    return _json({**facts, "seed": upstream.seed, "data": [{"url": url, "revised_prompt": upstream.revised_prompt}]})


def _file(upstream: "Upstream", path: str) -> Reply:
    fault, *details = path.split("/")
    if fault == "expired":
        return Reply(b"<Error><Code>AuthenticationFailed</Code></Error>", "application/xml", 403)
    if fault == "redirected":
        return Reply(b"", "text/plain", 302, {"location": upstream.redirect_to})
    if fault == "page":
        return PAGES["html"]
    content_type, data = _paint(upstream, details[2], details[0], details[1], path)
    return Reply(data, content_type)


def _models(api: str, path: str) -> Reply:
    if api == "free":
        return _json(list(POLLINATIONS_MODELS)[:2])
    if api == "pollinations" and path == "image/models":
        kinds = {name: "video" if kind == "mp4" else "image" for name, kind in POLLINATIONS_MODELS.items()}
        return _json(
            [
                {"name": name, "description": f"{name}, a model", "output_modalities": [kind]}
                for name, kind in kinds.items()
            ]
        )
    return _json({"object": "list", "data": [{"id": name, "object": "model"} for name in (GPT, KOLORS)]})


def _chat(upstream: "Upstream", asked: "Asked", fault: str) -> Reply:
    if fault == "silent":
        text = ""
    elif upstream.text is not None:
        text = upstream.text
    else:
        text = f"{asked.json['messages'][-1]['content']}，光影细腻，构图考究"
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    facts = {"id": "chatcmpl-1", "object": "chat.completion", "model": asked.json.get("model", "openai")}
    return _json({**facts, "choices": [choice], "usage": {"total_tokens": 42}})


def _speech(upstream: "Upstream", asked: "Asked", fault: str) -> Reply:
    kind = asked.json.get("response_format", "mp3")
    if kind == "wav":
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(8000))  # half a second of silence
        return Reply(file.getvalue(), "audio/wav")
    silence = (b"\xff\xfb\x90\x00" + bytes(413)) * 40  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz: a second
    return Reply(silence, "audio/mpeg") if kind == "mp3" else _refused(asked)


def _refused(asked: "Asked") -> Reply:
    return failure("refused", asked.path) or Reply(b"")


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), "application/json", status, headers or {})
