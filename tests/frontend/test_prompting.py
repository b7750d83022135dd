"""A tool proposes, the person takes or leaves, and can go back; what was typed stays known."""

import asyncio
import json

import pytest

from frontend.api import Answer, Call

from .conftest import FakeFiles, FakeServer, FakeTime
from .world import ADA, Form, World


@pytest.fixture
def world(server: FakeServer, time: FakeTime, files: FakeFiles) -> World:
    world = World(server, time, files)
    world.config = {"providers": [], "tools": {"optimize": True, "translate": True}}
    studio = world.views.studio
    studio.answers["prompt"] = "湖"
    studio.__dict__["write"] = lambda prompt: studio.answers.update(prompt=prompt)
    proposes(world, "湖，晨雾")
    return world


def proposes(world: World, prompt: str) -> None:
    def answer(call: Call) -> Answer:
        changed = prompt != (call.json or {})["prompt"]
        return world.server.say(200, prompt=prompt, original=(call.json or {})["prompt"], changed=changed, model="chat")

    world.answers |= {"/api/prompts/optimize": answer, "/api/prompts/translate": answer}


def settled(world: World) -> tuple[str, bool]:
    arguments = [arguments for name, arguments in world.views.tools.calls if name == "settle"][-1]
    return (arguments[0] if len(arguments) > 1 else "", arguments[-1])


async def test_the_tools_that_are_on_are_offered(world: World) -> None:
    world.config["tools"]["translate"] = False
    await world.start(ADA)

    assert world.views.tools.said("offer")[-1] == ["optimize"]


async def test_a_proposal_is_shown_beside_what_was_typed(world: World) -> None:
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")

    assert world.views.tools.said("work") == ["optimize"]
    assert ("propose", ("湖", "湖，晨雾", "chat")) in world.views.tools.calls
    assert world.views.studio.answers["prompt"] == "湖"


async def test_what_is_taken_is_sent_and_what_was_typed_is_kept_beside_it(world: World) -> None:
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")
    app.prompting.answer(taken=True)
    proposes(world, "a lake in morning mist")
    await app.prompting.rewrite("translate")
    app.prompting.answer(taken=True)
    await world.generate(Form(prompt="a lake in morning mist"))

    (saved,) = world.server.images.values()
    assert (saved["prompt"], saved["original_prompt"]) == ("a lake in morning mist", "湖")
    assert json.loads(json.dumps(saved))["original_prompt"] == "湖"


async def test_what_the_person_wrote_over_it_has_no_original(world: World) -> None:
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")
    app.prompting.answer(taken=True)
    await world.generate(Form(prompt="a boat"))

    assert "original_prompt" not in next(iter(world.server.images.values()))


async def test_undo_goes_back_step_by_step(world: World) -> None:
    app = await world.start(ADA)
    for proposal in ("湖，晨雾", "misty lake"):
        proposes(world, proposal)
        await app.prompting.rewrite("optimize")
        app.prompting.answer(taken=True)
    app.prompting.undo()
    assert (world.views.studio.answers["prompt"], settled(world)) == ("湖，晨雾", ("tools.undone", True))
    app.prompting.undo()
    assert (world.views.studio.answers["prompt"], settled(world)) == ("湖", ("tools.undone", False))


async def test_left_alone_nothing_changes(world: World) -> None:
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")
    app.prompting.answer(taken=False)

    assert (world.views.studio.answers["prompt"], settled(world)) == ("湖", ("", False))


async def test_unchanged_is_said(world: World) -> None:
    proposes(world, "湖")
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")

    assert settled(world) == ("tools.unchanged", False)


async def test_failing_is_said_and_the_prompt_stays(world: World) -> None:
    world.answers["/api/prompts/optimize"] = lambda _call: world.server.refuse(502, "provider_no_text")
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")

    assert (world.views.studio.answers["prompt"], settled(world)) == ("湖", ("tools.failed", False))


async def test_without_a_prompt_there_is_nothing_to_work_on(world: World) -> None:
    world.views.studio.answers["prompt"] = ""
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")

    assert world.views.studio.said("complain") == ["studio.prompt_missing"]
    assert world.views.tools.said("work") == []


async def test_a_tool_can_be_stopped(world: World) -> None:
    app = await world.start(ADA)
    app.prompting.start("optimize")
    app.prompting.start("optimize")  # one at a time
    await asyncio.sleep(0)
    app.prompting.cancel()
    await world.settle()

    assert settled(world) == ("tools.cancelled", False)
    assert world.views.tools.said("work") == ["optimize"]


async def test_another_prompt_begins_anew(world: World) -> None:
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")
    app.prompting.answer(taken=True)
    app.prompting.forget()

    assert app.prompting.original("湖，晨雾") == ""
    assert settled(world) == ("", False)


async def test_an_image_that_is_used_again_brings_what_was_typed(world: World) -> None:
    app = await world.start(ADA)
    await app.prompting.rewrite("optimize")
    app.prompting.answer(taken=True)
    await world.generate(Form(prompt="湖，晨雾"))
    app.prompting.forget()
    await app.act("reuse", app.images[0].id)

    assert app.prompting.original("湖，晨雾") == "湖"
