"""What tests of generation share: our server on a real port before the upstream, and its forms taken apart."""

import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from argon2 import PasswordHasher
from multipart import MultipartParser, parse_options_header  # type: ignore[import-untyped]

from server.app import create_app
from server.passwords import Passwords
from server.protocol import with_deadlines
from server.settings import Settings
from tests.serving import Serving
from tests.upstream import KEY, Upstream

WANTED = {"provider": "pollinations", "model": "zimage", "prompt": "a lake", "width": 64, "height": 32, "seed": 7}


def everything(upstream: Upstream) -> dict[str, Any]:
    """Return settings that lead to every provider of the upstream."""
    return {
        "pollinations_gen_api_base": upstream.pollinations,
        "pollinations_api_token": KEY,
        "pollinations_image_api_base": upstream.free,
        "openai_image_api_base": upstream.openai,
        "openai_image_api_key": KEY,
        "openai_image_supports": "seed,negative,formats",
        "deepseek_api_url": upstream.openai,
        "deepseek_api_key": KEY,
        "audio_api_base": upstream.openai,
        "audio_api_key": KEY,
        "audio_voices": "alloy, nova",
        "allow_loopback_images": True,
        "limit_generations": "100000/minute",
        "limit_generations_anyone": "100000/minute",
        "limit_reads": "100000/minute",
        "generation_access": "anyone",
    }


@contextmanager
def served(folder: Path, upstream: Upstream, **settings: Any) -> Iterator[httpx2.Client]:
    """Run our server on everything the upstream has, and yield a client of it."""
    given = Settings(**{"data_dir": str(folder), "kv_url": "sqlite://", **everything(upstream), **settings})
    app = create_app(given, passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)), root=folder)
    with Serving(app, lifespan="on", http=with_deadlines(60)) as serving, httpx2.Client(base_url=serving.url) as client:
        yield client


@dataclass
class Form:
    """The two parts of an answer."""

    parameters: dict[str, Any]
    content_type: str
    image: bytes


def form(answer: httpx2.Response) -> Form:
    """Take an answer of /api/generate apart."""
    assert answer.status_code == 200, answer.text
    kind, options = parse_options_header(answer.headers["content-type"])
    assert kind == "multipart/form-data"
    parameters, image = MultipartParser(
        io.BytesIO(answer.content), options["boundary"], strict=True, spool_limit=64 << 20
    )
    assert (parameters.name, parameters.content_type) == ("parameters", "application/json")
    assert (image.name, image.filename.partition(".")[0]) == ("image", "image")
    return Form(json.loads(parameters.raw), image.content_type, image.raw)


@contextmanager
def beside(
    client: httpx2.Client, path: str, body: dict[str, Any]
) -> Iterator[tuple[list[httpx2.Response], httpx2.Client]]:
    """Post in another thread, with a client of its own; the list has the answer, if any, when that is over."""
    answers: list[httpx2.Response] = []
    with httpx2.Client(base_url=client.base_url, headers=client.headers) as other:

        def ask() -> None:
            with suppress(httpx2.TransportError):
                answers.append(other.post(path, json=body))

        thread = threading.Thread(target=ask)
        thread.start()
        yield answers, other
        thread.join(10)


def hang_up(client: httpx2.Client) -> None:
    """Shut the connection down under the request that waits on it."""
    transport: Any = client._transport
    (connection,) = transport._pool.connections
    connection._connection._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
