"""What is on, what is chosen, what is said when it fails, and the ways out."""

import json
from typing import Any

import pytest

from frontend.api import Answer, Call
from frontend.models import Image
from frontend.providers import PAINTER

from .conftest import PNG, FakeFiles, FakeServer, FakeTime, picture
from .world import ADA, Form, World

POLLINATIONS = {"id": "pollinations", "kind": "pollinations", "name": "Pollinations", "default_model": "flux"}
OPENAI = {
    "id": "openai", "name": "Images", "default_model": None, "seed": False, "negative": False,
    "sizes": ["1024x1024", "1536x1024"], "formats": ["png", "jpeg", "webp"],
}  # fmt: skip
MODELS = {"pollinations": ["flux", "zimage"], "openai": ["gpt-image-2"]}


@pytest.fixture
def world(server: FakeServer, time: FakeTime, files: FakeFiles) -> World:
    world = World(server, time, files)
    world.config = {"providers": [POLLINATIONS, OPENAI], "generation": {"access": "signed_in"}}
    for provider, names in MODELS.items():
        answer = world.server.say(200, models=[{"id": name, "name": name} for name in names], source="provider")
        world.answers[f"/api/providers/{provider}/models"] = lambda _call, answer=answer: answer  # type: ignore[misc]
    world.answers["/api/generate"] = make
    return world


def make(call: Call, **parameters: Any) -> Answer:
    sent = (call.json or {}) | {"revised_prompt": None} | parameters
    return Answer(200, {}, {"parameters": json.dumps(sent), "image": picture(sent.get("seed") or 0)})


def offered(world: World) -> tuple[list[str], str]:
    groups, chosen = [arguments for name, arguments in world.views.picker.calls if name == "offer"][-1]
    return [value for _, options in groups for value in options], chosen


def trouble(world: World) -> tuple[str, list[str]]:
    text, ways = [arguments for name, arguments in world.views.studio.calls if name == "trouble"][-1]
    return text, ways


def refuse(world: World, status: int, code: str, **facts: Any) -> list[Call]:
    calls: list[Call] = []

    def answer(call: Call) -> Answer:
        calls.append(call)
        return world.server.refuse(status, code, **facts)

    world.answers["/api/generate"] = answer
    return calls


async def test_what_is_on_is_offered_and_the_first_is_chosen(world: World) -> None:
    await world.start(ADA)

    assert offered(world) == (
        ["pollinations/flux", "pollinations/zimage", "openai/gpt-image-2"], "pollinations/flux",
    )  # fmt: skip


async def test_with_nothing_configured_the_painter_is_chosen_and_one_line_says_what_could_be(world: World) -> None:
    world.config = {"providers": [], "tools": {"optimize": False, "translate": False}, "speech": None}
    await world.start(ADA)

    assert offered(world) == ([], "landscape")
    assert world.views.picker.said("off")[-1] == "off.here"
    assert world.views.tools.calls == world.views.speech.calls == []


async def test_before_the_server_was_heard_nothing_is_said_to_be_off(world: World) -> None:
    world.server.fail(*["unreachable"] * 9)
    await world.start()

    assert set(world.views.picker.said("off")) == {""}


async def test_the_last_choice_is_remembered_with_the_models_that_were_there(world: World) -> None:
    app = await world.start(ADA)
    app.choosing.choose("openai/gpt-image-2")
    again = World(world.server, world.time, world.files, world.preferences)
    world.server.fail(*["unreachable"] * 9)
    await again.start(ADA)

    assert offered(again) == offered(world)
    assert offered(again)[1] == "openai/gpt-image-2"


async def test_a_choice_that_is_no_longer_on_is_not_kept(world: World) -> None:
    world.preferences["model"] = "gone/model"
    await world.start(ADA)

    assert offered(world)[1] == "pollinations/flux"


async def test_models_are_asked_for_once_a_visit_and_failing_leaves_the_default(world: World) -> None:
    world.answers["/api/providers/pollinations/models"] = lambda _call: world.server.refuse(503, "storage_busy")
    app = await world.start(ADA)
    await app.choosing.load()

    assert offered(world)[0] == ["pollinations/flux", "openai/gpt-image-2"]
    assert [call.path for call in world.server.calls].count("/api/providers/openai/models") == 1
    assert [call.path for call in world.server.calls].count("/api/providers/pollinations/models") == 2


async def test_a_provider_that_does_not_name_its_models_keeps_those_known_before(world: World) -> None:
    world.preferences["models"] = {"pollinations": [{"id": "zimage", "name": "zimage"}]}
    fallback = world.server.say(200, models=[{"id": "flux", "name": "flux"}], source="fallback")
    world.answers["/api/providers/pollinations/models"] = lambda _call: fallback
    again = World(world.server, world.time, world.files, world.preferences)
    again.config, again.answers = world.config, world.answers
    await again.start(ADA)

    assert offered(again)[0] == ["pollinations/flux", "pollinations/zimage", "openai/gpt-image-2"]


async def test_an_image_of_a_provider_is_saved_by_itself_with_its_true_parameters(world: World) -> None:
    world.answers["/api/generate"] = lambda call: make(call, width=1024, height=1024, revised_prompt="finer")
    await world.start(ADA)
    await world.generate(Form(model="pollinations/flux"))

    (saved,) = world.server.images.values()
    assert {"seed": 7, "model": "pollinations/flux", "revised_prompt": "finer"}.items() <= saved.items()
    assert (saved["width"], saved["requested_width"]) == (64, 1024)


async def test_a_seed_is_chosen_once_and_none_is_shown_where_none_was_used(world: World) -> None:
    world.answers["/api/generate"] = lambda call: make(call, seed=None)
    await world.start(ADA)
    await world.generate(Form(model="openai/gpt-image-2"))

    assert "seed" not in next(iter(world.server.images.values()))
    assert world.views.studio.said("made") == [None]


async def test_signed_out_nothing_is_sent_and_signing_in_is_offered(world: World) -> None:
    calls = refuse(world, 401, "no_authorization_token")
    await world.start()
    await world.generate(Form(model="pollinations/flux"))

    assert (calls, trouble(world)) == ([], ("generator.sign_in", ["sign_in", "painter"]))
    assert world.views.picker.calls[-2][1][1] == "generator.sign_in"


async def test_where_anyone_may_generate_nobody_has_to_sign_in(world: World) -> None:
    world.config["generation"] = {"access": "anyone"}
    await world.start()
    await world.generate(Form(model="pollinations/flux"))

    assert [image.model for image in world.app.images] == ["pollinations/flux"]


async def test_a_session_that_has_ended_is_noticed(world: World) -> None:
    refuse(world, 401, "jwt_invalid_or_expired")
    app = await world.start(ADA)
    await world.generate(Form(model="pollinations/flux"))

    assert (app.session.ended, trouble(world)[1]) == (True, ["sign_in", "painter"])


@pytest.mark.parametrize(
    ("status", "code", "attempts", "ways"),
    [
        (502, "provider_failed", 4, ["again", "painter"]),
        (502, "provider_key_rejected", 1, ["painter"]),
        (429, "allowance_spent", 1, ["painter"]),
        (422, "unsafe_prompt", 1, []),
        (422, "provider_refused", 1, []),
    ],
)
async def test_failures_are_said_with_the_ways_out(
    status: int, code: str, attempts: int, ways: list[str], world: World
) -> None:
    calls = refuse(world, status, code)
    await world.start(ADA)
    await world.generate(Form(model="pollinations/flux"))

    assert (len(calls), trouble(world)) == (attempts, (f"refused: {code}", ways))
    assert world.app.images == []


async def test_the_painter_steps_in_with_one_click_for_what_is_not_made(world: World) -> None:
    made = iter([make, lambda call: world.server.refuse(502, "provider_unpaid")])
    world.answers["/api/generate"] = lambda call: next(made)(call)
    app = await world.start(ADA)
    await world.generate(Form(count=3, model="pollinations/flux"))
    app.making.take("painter")
    await world.settle()

    assert sorted((image.seed, image.model) for image in app.images) == [
        (7, "pollinations/flux"), (8, "landscape"), (9, "landscape"),
    ]  # fmt: skip
    assert offered(world)[1] == "landscape"
    assert "model" not in world.preferences  # a way out is no choice


async def test_trying_again_sends_the_identical_request(world: World) -> None:
    calls = refuse(world, 504, "provider_timeout")
    app = await world.start(ADA)
    await world.generate(Form(seed=None, model="pollinations/flux"))
    app.making.take("again")
    await world.settle()

    assert len(calls) == 8
    assert all(call.json == calls[0].json for call in calls)


async def test_signing_in_is_a_way_out(world: World) -> None:
    app = await world.start()
    app.making.take("sign_in")
    await world.settle()

    assert [name for name, _ in world.views.dialogs.calls] == ["login"]


async def test_attempts_are_shown(world: World) -> None:
    answers = iter([world.server.refuse(503, "provider_busy", retry_after=2), None])
    world.answers["/api/generate"] = lambda call: next(answers) or make(call)
    await world.start(ADA)
    await world.generate(Form(model="pollinations/flux"))

    shown = [arguments for name, arguments in world.views.studio.calls if name == "progress"]
    assert shown == [(0, 1), (0, 1, (2, 4), 2), (0, 1, (2, 4), 1), (0, 1, (2, 4), 0)]


async def test_too_large_an_image_stays_here_and_is_made_again_smaller_with_nothing_else_changed(world: World) -> None:
    calls: list[dict[str, Any]] = []

    def answer(call: Call) -> Answer:
        calls.append(call.json or {})
        blob = PNG + bytes(100 if len(calls) == 1 else 10)
        return Answer(200, {}, {"parameters": json.dumps(calls[-1]), "image": blob})

    world.answers["/api/generate"] = answer
    world.config |= {"maxImageBytes": 50}
    app = await world.start(ADA)
    await world.generate(Form(model="openai/gpt-image-2"))
    (large,) = app.images
    assert (large.state, (large.reason or {})["code"]) == ("failed", "image_too_large")
    assert (world.server.stored(), app.choosing.smaller_format(large)) == ([], "webp")

    await app.act("smaller", large.id)
    await world.settle()
    assert calls[1] == calls[0] | {"format": "webp"}
    assert [image["requested_format"] for image in world.server.images.values()] == ["webp"]
    assert {image.id for image in app.images} > {large.id}


async def test_reusing_settings_sends_the_identical_request(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form(model="pollinations/zimage"))
    app.choosing.choose("landscape")
    await app.act("reuse", app.images[0].id)

    (request,) = world.views.studio.said("fill")
    assert (request.prompt, request.seed, request.model) == ("a lake", 7, "pollinations/zimage")
    assert (request.width, request.height) == (64, 48)
    assert offered(world)[1] == "pollinations/zimage"


async def test_reusing_what_is_no_longer_on_says_so(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form(model="pollinations/zimage"))
    app.config["providers"] = []
    await app.act("reuse", app.images[0].id)

    assert world.views.status.said("say")[-1] == "studio.model_off"


def test_a_request_is_known_again_from_its_image() -> None:
    image = Image(
        "a", "fine", 1.0, "birds", 64, 48, 7, "x/y", original_prompt="ok", requested_width=65, requested_height=49
    )
    request = image.request()

    assert (request.width, request.height, request.original_prompt, request.model) == (65, 49, "ok", "x/y")
    assert image.having(requested_width=0, requested_height=0).request().width == 64


async def test_what_is_not_on_is_taken_for_the_painter(world: World) -> None:
    app = await world.start()

    assert app.choosing.provider("nobody/knows") is PAINTER
    assert app.choosing.provider("openai/gpt-image-2").formats == ["png", "jpeg", "webp"]
