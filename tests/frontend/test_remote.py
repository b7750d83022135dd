"""The identical request until it succeeds, where trying again can help; one failure at once where it cannot."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from frontend.api import Answer, Api, Call
from frontend.clock import Clock
from frontend.errors import ClientError, Offline
from frontend.generators.remote import ATTEMPTS, DEADLINE, Remote
from frontend.models import ImageRequest

from .conftest import FakeTime, picture

REQUEST = ImageRequest("山", "birds", 64, 48, 7, "pollinations/owner/flux")
SENT = {
    "provider": "pollinations", "model": "owner/flux", "prompt": "山", "negative": "birds",
    "width": 64, "height": 48, "seed": 7,
}  # fmt: skip


def made(**parameters: Any) -> Answer:
    """The server's answer, as `browser/http.py` takes it apart."""
    facts = SENT | {"format": None, "revised_prompt": None} | parameters
    return Answer(200, {}, {"parameters": json.dumps(facts), "image": picture(1)})


def refused(status: int, code: str, **facts: Any) -> Answer:
    return Answer(status, {}, json.dumps({"success": False, "code": code, "error": "no"} | facts))


class World:
    def __init__(self, time: FakeTime, clock: Clock) -> None:
        self.calls: list[Call] = []
        self.told: list[tuple[int, int, int]] = []
        self.waits: list[float] = []
        self.time = time
        self.answers: Iterator[Any] = iter(())
        self.each = 0.0  # seconds an answer takes
        self.remote = Remote(Api(self.http, clock, lambda: "en"), time, self.wait, lambda: 1.0)
        self.remote.on_attempt = lambda *facts: self.told.append(facts)

    async def http(self, call: Call) -> Answer:
        self.calls.append(call)
        await asyncio.sleep(0)
        self.time.seconds += self.each
        answer = next(self.answers)
        if isinstance(answer, Answer):
            return answer
        raise answer

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time.seconds += seconds
        await asyncio.sleep(0)

    async def generate(self, *answers: Any, request: ImageRequest = REQUEST) -> tuple[ImageRequest, Any]:
        self.answers = iter(answers)
        return await self.remote.generate(request)


@pytest.fixture
def world(time: FakeTime, clock: Clock) -> World:
    return World(time, clock)


async def test_what_is_sent_is_what_was_asked_for(world: World) -> None:
    request, blob = await world.generate(made())

    assert (world.calls[0].path, world.calls[0].json, world.calls[0].parts) == ("/api/generate", SENT, True)
    assert (request, blob) == (REQUEST, picture(1))


async def test_a_format_is_sent_only_where_one_was_chosen(world: World) -> None:
    request, _ = await world.generate(made(format="webp"), request=REQUEST.having(format="webp"))

    assert world.calls[0].json == SENT | {"format": "webp"}
    assert request.format == "webp"


async def test_what_comes_back_is_what_was_really_sent(world: World) -> None:
    facts = {
        "model": "better",
        "negative": "",
        "seed": None,
        "width": 1024,
        "height": 1024,
        "revised_prompt": "山，细腻",
    }
    request, _ = await world.generate(made(**facts), request=REQUEST.having(original_prompt="shan"))

    assert request == ImageRequest("山", "", 1024, 1024, None, "pollinations/better", "", "shan", "山，细腻")


@pytest.mark.parametrize(
    "failure",
    [
        Offline("cut"),
        refused(503, "overloaded"),
        refused(503, "provider_busy"),
        refused(502, "provider_failed"),
        refused(504, "provider_timeout"),
        Answer(502, {}, "<html>a proxy's own page</html>"),
    ],
)
async def test_what_may_succeed_is_tried_again_with_the_identical_request(failure: Any, world: World) -> None:
    await world.generate(failure, failure, made())

    assert [call.json for call in world.calls] == [SENT] * 3
    assert [told[:2] for told in world.told if told[2] == 0] == [(2, ATTEMPTS), (3, ATTEMPTS)]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "no_authorization_token"),
        (422, "invalid_field"),
        (422, "unknown_provider"),
        (429, "allowance_spent"),
        (502, "provider_key_rejected"),
        (502, "provider_unpaid"),
        (422, "provider_refused"),
        (422, "unsafe_prompt"),
        (502, "provider_no_image"),
        (502, "provider_image_too_large"),
    ],
)
async def test_what_cannot_succeed_is_said_at_once(status: int, code: str, world: World) -> None:
    with pytest.raises(ClientError) as error:
        await world.generate(refused(status, code, reason="because"))

    assert (error.value.code, len(world.calls), world.waits) == (code, 1, [])


async def test_each_second_of_a_wait_is_told_and_retry_after_is_kept_to(world: World) -> None:
    await world.generate(refused(503, "provider_busy", retry_after=7), made())

    assert world.told == [(2, ATTEMPTS, left) for left in range(7, -1, -1)]
    assert world.time.seconds == 7


async def test_waits_grow(world: World) -> None:
    with pytest.raises(Offline):
        await world.generate(*[Offline("cut")] * ATTEMPTS)

    assert (len(world.calls), world.time.seconds) == (ATTEMPTS, 2 + 4 + 8)


async def test_a_wait_beyond_the_deadline_is_not_begun(world: World) -> None:
    with pytest.raises(ClientError) as error:
        await world.generate(refused(503, "provider_busy", retry_after=DEADLINE))

    assert (error.value.retry_after, world.waits) == (DEADLINE, [])


async def test_an_attempt_gets_what_is_left_of_the_time(world: World) -> None:
    world.each = 100
    with pytest.raises(ClientError):
        await world.generate(*[refused(504, "provider_timeout")] * ATTEMPTS)

    assert [call.timeout for call in world.calls] == [DEADLINE, DEADLINE - 102, DEADLINE - 206]


async def test_cancelling_ends_the_wait(world: World) -> None:
    waits = asyncio.Event()

    async def forever(_seconds: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    world.remote._wait = forever
    task = asyncio.ensure_future(world.generate(Offline("cut"), made()))
    await waits.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(world.calls) == 1


@pytest.mark.parametrize("body", [{}, {"image": b""}, {"parameters": "{", "image": b""}, "", "<html>"])
async def test_half_an_answer_is_none(body: Any, world: World) -> None:
    with pytest.raises(Offline):
        await world.generate(*[Answer(200, {}, body)] * ATTEMPTS)
