"""Parts of the page that run without a browser, and fakes that behave."""

import asyncio
import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from frontend.api import Answer, Api, Call
from frontend.clock import Clock
from frontend.database import MemoryDatabase
from frontend.errors import Offline
from frontend.formats import HEAD
from frontend.hd_image_manager import HDImageManager
from frontend.models import ImageRequest, iso
from frontend.outbox import Outbox

PNG = b"\x89PNG\r\n\x1a\n"
HEADER = PNG + b"\0\0\0\rIHDR" + b"\0\0\0\x40" + b"\0\0\0\x30"  # of 64×48 pixels
START = 1_800_000_000.0  # any moment will do


class FakeTime:
    """A steady clock that runs when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class FakeFiles:
    """Bytes where the browser has Blobs."""

    def __init__(self) -> None:
        self.saved: list[tuple[bytes, str]] = []

    def size(self, blob: bytes) -> int:
        return len(blob)

    async def look(self, blob: bytes) -> tuple[bytes, str]:
        return blob[:HEAD], await self.sha256(blob)

    async def dimensions(self, blob: bytes) -> tuple[int, int]:
        if blob in (PNG, HEADER):
            raise ValueError("nothing after the header")
        return 64, 48

    async def sha256(self, blob: bytes) -> str:
        return hashlib.sha256(blob).hexdigest()

    async def thumbnail(self, blob: bytes) -> bytes:
        return blob[:4]

    async def zip(self, files: list[tuple[str, bytes]]) -> bytes:
        return b"PK" + b"|".join(name.encode() + blob for name, blob in files)

    def save_as(self, blob: bytes, name: str) -> None:
        self.saved.append((blob, name))


class FakeServer:
    """Behaves as the real one does for one account: quota, replay, replace, deletion. `fail` makes it misbehave."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.limit = 3
        self.images: dict[str, dict[str, Any]] = {}
        self.content: dict[str, bytes] = {}
        self.deleted: set[str] = set()
        self.calls: list[Call] = []
        self.faults: Iterator[Any] = iter(())
        self.signed_in = True
        self.on_call: Callable[[Call], None] = lambda _call: None

    async def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        self.on_call(call)
        await asyncio.sleep(0)
        match next(self.faults, None):
            case "unreachable":
                raise Offline
            case "lost answer":
                self.answer(call)
                raise Offline
            case asyncio.Event() as gate:
                await gate.wait()
            case Answer() as answer:
                return answer
        return self.answer(call)

    def fail(self, *faults: Any) -> None:
        """Meet the next calls with these, in order; None is no fault, an event is waited for."""
        self.faults = iter(faults)

    def stored(self) -> list[str]:
        return [call.headers["Idempotency-Key"] for call in self.calls if call.path == "/api/images/save"]

    def answer(self, call: Call) -> Answer:
        if not self.signed_in:
            return self.refuse(401, "jwt_invalid_or_expired")
        match call.method, call.path.rsplit("/", 1)[-1]:
            case "POST", "save":
                return self.save(call)
            case "GET", "daily":
                return self.say(200, images=list(self.images.values()), count=len(self.images), maxCount=self.limit)
            case "GET", "content":
                return Answer(200, {}, self.content[call.path.split("/")[3]])
            case "DELETE", image_id:
                if self.images.pop(image_id, None) is None:
                    return self.refuse(404, "not_found")
                self.deleted.add(image_id)
                return self.say(200)
        return self.say(200)

    def save(self, call: Call) -> Answer:
        key, form = call.headers["Idempotency-Key"], call.form or {}
        metadata = json.loads(form["metadata"])
        if key in self.images:
            return self.say(200, **self.images[key])
        if key in self.deleted:
            return self.refuse(410, "already_deleted")
        replace = metadata.pop("replace", None)
        if replace and replace not in self.images:
            return self.refuse(404, "not_found")
        if len(self.images) - bool(replace) >= self.limit:
            first = min(self.images.values(), key=lambda image: image["created_at"])
            facts = {"images": [first], "next_slot_at": first["expires_at"], "count": 3, "maxCount": 3}
            return self.refuse(429, "quota_exceeded", **facts)
        now = START + self.time()
        if replace:
            del self.images[replace]
        self.content[key] = form["image"]
        times = {"created_at": iso(now), "expires_at": iso(now + 86_400)}
        self.images[key] = metadata | times | {"id": key, "size": len(form["image"])}
        return self.say(201, **self.images[key])

    def say(self, status: int, **body: Any) -> Answer:
        return Answer(status, {}, json.dumps({"success": True} | body))

    def refuse(self, status: int, code: str, retry_after: int = 0, **facts: Any) -> Answer:
        body = {"success": False, "code": code, "error": f"refused: {code}"} | facts
        return Answer(status, {"retry-after": str(retry_after)} if retry_after else {}, json.dumps(body))


async def alone(_name: str, work: Callable[[], Awaitable[None]]) -> None:
    """There is only one tab."""
    await work()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def clock(time: FakeTime) -> Clock:
    return Clock(lambda: START, time)


@pytest.fixture
def server(time: FakeTime) -> FakeServer:
    return FakeServer(time)


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def api(server: FakeServer, clock: Clock) -> Api:
    return Api(server, clock, lambda: "en")


@pytest.fixture
def outbox(database: MemoryDatabase, api: Api, clock: Clock) -> Outbox:
    return Outbox(database, api, clock, lambda: 1.0, alone)


@pytest.fixture
def manager(
    database: MemoryDatabase, outbox: Outbox, api: Api, files: FakeFiles, clock: Clock, time: FakeTime
) -> HDImageManager:
    ids = (f"image-{number}" for number in itertools.count(1))

    def new_id() -> str:
        time.seconds += 0.001  # no two things happen at the same moment
        return next(ids)

    return HDImageManager(database, outbox, api, files, clock, new_id, signed_in=True)


def request(prompt: str = "a lake") -> ImageRequest:
    return ImageRequest(prompt, "", 64, 48, 7, "landscape")


def picture(number: int = 0) -> bytes:
    return HEADER + bytes([number]) * 4
