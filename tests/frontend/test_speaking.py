"""The prompt, or a text of the person's, read aloud; too long is said with the limit."""

import asyncio
from typing import Any

import pytest

from frontend.api import Answer
from frontend.i18n import Translator

from .conftest import FakeFiles, FakeServer, FakeTime
from .world import ADA, World

SPEECH: dict[str, Any] = {
    "voices": ["alloy", "nova"], "default_voice": "nova", "formats": ["mp3"], "maxChars": 10, "minSpeed": 0.25,
    "maxSpeed": 1.5,
}  # fmt: skip


@pytest.fixture
def world(server: FakeServer, time: FakeTime, files: FakeFiles) -> World:
    world = World(server, time, files)
    world.config = {"providers": [], "speech": SPEECH}
    world.views.studio.answers["prompt"] = "湖"
    world.views.speech.answers |= {"text": "", "voice": ("nova", 1.25)}
    world.answers["/api/audio/speech"] = lambda _call: Answer(200, {}, b"sound")
    return world


def said(world: World) -> Any:
    return world.server.calls[-1].json


async def test_voices_and_speeds_are_those_there_are(world: World) -> None:
    await world.start(ADA)

    assert world.views.speech.calls[-1] == ("offer", (["alloy", "nova"], "nova", [0.5, 0.75, 1.0, 1.25, 1.5]))


@pytest.mark.parametrize(("own", "read"), [("", "湖"), ("你好", "你好")])
async def test_the_prompt_is_read_unless_there_is_a_text(own: str, read: str, world: World) -> None:
    world.views.speech.answers["text"] = own
    app = await world.start(ADA)
    await app.speaking.speak()

    assert said(world) == {"text": read, "voice": "nova", "speed": 1.25}
    assert world.views.speech.said("play") == [b"sound"]


async def test_a_long_text_is_refused_with_the_limit_and_nothing_is_sent(world: World) -> None:
    world.views.speech.answers["text"] = "长" * 11
    app = await world.start(ADA)
    app.translate = Translator({"en": {"error.text_too_long": "{length} of {max_chars}"}}, "en")
    await app.speaking.speak()

    assert world.views.speech.said("settle") == ["11 of 10"]
    assert "/api/audio/speech" not in [call.path for call in world.server.calls]


async def test_without_a_text_there_is_nothing_to_read(world: World) -> None:
    world.views.studio.answers["prompt"] = ""
    app = await world.start(ADA)
    await app.speaking.speak()

    assert world.views.speech.said("settle") == ["speech.missing"]


async def test_failing_is_said(world: World) -> None:
    world.answers["/api/audio/speech"] = lambda _call: world.server.refuse(502, "provider_no_audio")
    app = await world.start(ADA)
    await app.speaking.speak()

    assert world.views.speech.said("settle") == ["refused: provider_no_audio"]


async def test_it_can_be_stopped(world: World) -> None:
    app = await world.start(ADA)
    app.speaking.start()
    app.speaking.start()  # one at a time
    await asyncio.sleep(0)
    app.speaking.cancel()
    await world.settle()

    assert world.views.speech.said("settle") == ["tools.cancelled"]
    assert [name for name, _ in world.views.speech.calls].count("work") == 1
