"""What happens on each action, with views that only remember what they were told."""

import asyncio

import pytest

from frontend.errors import ClientError
from frontend.models import ImageRequest

from .conftest import HEADER, FakeFiles, FakeServer, FakeTime, picture
from .world import ADA, BOB, Form, World


@pytest.fixture
def world(server: FakeServer, time: FakeTime, files: FakeFiles) -> World:
    return World(server, time, files)


async def test_each_image_of_a_batch_is_saved_by_itself_with_its_own_seed(world: World) -> None:
    await world.start(ADA)
    await world.generate(Form(count=3, seed=2**31 - 1))

    assert [image["seed"] for image in world.server.images.values()] == [2**31 - 1, 0, 1]
    assert {image.state for image in world.app.images} == {"saved"}
    assert world.views.studio.said("progress") == [0, 1, 2]


async def test_without_a_prompt_nothing_is_made(world: World) -> None:
    await world.start()
    await world.generate(Form(prompt=""))

    assert world.app.images == []
    assert world.views.studio.said("complain") == ["studio.prompt_missing"]


@pytest.mark.parametrize(("answer", "made"), [(False, 0), (True, 4)])
async def test_a_batch_that_exceeds_the_slots_asks_first(answer: bool, made: int, world: World) -> None:
    await world.start(ADA)
    world.views.dialogs.answers["confirm"] = answer
    await world.generate(Form(count=4))

    assert len(world.app.images) == made
    assert len(world.server.images) == min(made, 3)
    assert len(world.views.dialogs.said("confirm")) == 1


async def test_storage_is_asked_to_persist_at_the_first_image(world: World) -> None:
    await world.start()
    await world.generate(Form(), Form())

    assert [name for name, _ in world.events.calls].count("persist") == 1


async def test_start_without_network_shows_what_is_here_and_says_so(world: World) -> None:
    await world.start(ADA)
    await world.generate(Form())
    world.server.fail(*["unreachable"] * 9)
    again = World(world.server, world.time, world.files)
    again.spaces = world.spaces
    await again.start(ADA)

    assert [image.state for image in again.app.images] == ["saved"]
    assert (True,) in [arguments for name, arguments in again.views.status.calls if name == "offline"]


async def test_images_made_while_signed_out_come_along(world: World) -> None:
    app = await world.start()
    await world.generate(Form(), Form())
    world.user = ADA
    await app.session.sign_in("ada@example.org", "x")
    await app.accounts.entered()

    assert len(world.server.images) == 2
    assert await world.spaces[""].all("images") == []
    assert world.views.dialogs.said("confirm") == []


@pytest.mark.parametrize(("answer", "stay"), [(False, 4), (True, 0)])
async def test_more_than_fit_come_along_only_after_asking(answer: bool, stay: int, world: World) -> None:
    app = await world.start()
    await world.generate(*[Form()] * 4)
    world.user = ADA
    world.views.dialogs.answers["confirm"] = answer
    await app.session.sign_in("ada@example.org", "x")
    await app.accounts.entered()

    assert len(await world.spaces[""].all("images")) == stay
    assert len(world.server.images) == (3 if answer else 0)


async def test_signing_out_wipes_the_account_from_this_browser(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form())
    await app.accounts.sign_out()

    assert "ada" not in world.spaces
    assert app.images == []


async def test_signing_out_with_unsent_images_asks_and_may_be_given_up(world: World) -> None:
    app = await world.start(ADA)
    world.server.fail("unreachable")
    await world.generate(Form())
    world.views.dialogs.answers["confirm"] = False
    await app.accounts.sign_out()

    assert app.session.account
    assert len(app.images) == 1


async def test_the_unsent_images_of_one_are_never_sent_by_another(world: World) -> None:
    app = await world.start(ADA)
    world.server.fail("unreachable")
    await world.generate(Form())
    before, world.user = app.session.account, BOB
    await app.session.sign_in("bob@example.org", "x")
    await app.accounts.entered(before)

    assert (app.images, world.server.images) == ([], {})
    assert len(await world.spaces["ada"].all("outbox")) == 1


async def test_another_account_on_this_browser_wipes_what_the_server_has(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form())
    before, world.user = app.session.account, BOB
    await app.session.sign_in("bob@example.org", "x")
    await app.accounts.entered(before)

    assert "ada" not in world.spaces


async def test_a_sign_out_in_another_tab_is_followed(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form())
    world.preferences.put("account", None)
    await app.accounts.other_tab_changed()

    assert (app.session.account, app.images) == (None, [])


async def test_leaving_warns_only_when_something_waits(world: World) -> None:
    app = await world.start(ADA)
    for database in world.spaces.values():
        database.durable = True  # type: ignore[misc]
    await world.generate(Form())
    assert not app.would_lose()

    world.server.fail("unreachable")
    await world.generate(Form())
    assert app.would_lose()


async def test_an_ended_session_stops_sending_and_sign_in_goes_on(world: World) -> None:
    app = await world.start(ADA)
    world.server.signed_in = False
    await world.generate(Form())
    assert app.session.ended
    assert world.server.images == {}

    world.server.signed_in = True
    await app.session.sign_in("ada@example.org", "x")
    await app.accounts.entered(app.session.account)
    assert len(world.server.images) == 1


async def test_what_expires_soon_is_said_twice_and_can_be_rescued_at_once(world: World, files: FakeFiles) -> None:
    app = await world.start(ADA)
    await world.generate(Form(seed=1), Form(seed=2))
    world.views.status.calls.clear()
    for seconds in (86_400 - 3700, 110, 10, 3000, 10):
        world.time.seconds += seconds
        app.expiry.tick()
    assert world.views.status.said("say") == ["status.expires_soon"] * 2
    assert world.views.status.said("expiring") == [0, 2, 2, 2, 2]

    await app.expiry.rescue()
    ((archive, name),) = files.saved
    assert name == "hd-images.zip"
    assert picture(1) in archive
    assert picture(2) in archive


async def test_what_has_expired_leaves_view_and_store(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form())
    world.time.seconds += 86_401
    app.expiry.tick()
    await world.settle()

    assert app.images == []
    assert await world.spaces["ada"].all("blobs") == []


async def test_numbers_say_when_the_next_slot_opens(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form(count=3))

    numbers = app.numbers()
    assert (numbers["totalImages"], numbers["remainingImages"], numbers["totalSize"]) == (3, 0, 84)
    assert numbers["next_slot_at"].startswith("2027-01-16T08:00:00")


async def test_a_refused_image_can_replace_a_chosen_one(world: World) -> None:
    app = await world.start(ADA)
    world.views.dialogs.answers |= {"confirm": True, "choose": "image-1"}
    await world.generate(Form(count=4))
    (refused,) = [image.id for image in app.images if image.state == "local"]
    await app.act("replace", refused)

    assert sorted(world.server.images) == ["image-0", "image-2", "image-3"]
    assert {image.state for image in app.images} == {"saved"}


async def test_a_mistake_of_ours_is_told_and_reported(world: World) -> None:
    app = await world.start()
    await app.background(app.act("view", "nobody"))
    assert world.views.status.said("error") == ["nobody"]

    async def mistake() -> None:
        raise ZeroDivisionError

    await app.background(mistake())
    assert world.views.status.said("error")[-1] == "error.internal"
    assert [name for name, _ in world.events.calls][-1] == "report"


async def test_plain_http_is_said_once(world: World) -> None:
    world.events.secure = False
    await world.start()
    await world.app.start()
    await world.settle()

    assert world.views.status.said("warn").count("status.http") == 1


async def test_the_language_is_switched_and_remembered(world: World) -> None:
    app = await world.start()
    app.choose_language("zh")

    assert (world.views.spoken, world.preferences["language"]) == (["zh"], "zh")
    assert world.events.calls[-1] == ("language_changed", ())


async def test_saving_goes_on_from_memory_when_the_disk_is_refused(world: World) -> None:
    app = await world.start(ADA)  # the stores of this world are in memory
    await world.generate(Form())

    assert ("not_durable", ()) in world.views.status.calls
    assert len(world.server.images) == 1
    assert app.images[0].state == "saved"


async def test_a_card_whose_upload_is_answered_at_once_appears_once_as_saved(world: World) -> None:
    await world.start(ADA)
    await world.generate(Form())

    shown = [[image.state for image in images] for images in world.views.gallery.said("show")]
    assert [states for states in shown if states][:1] == [["saved"]]
    assert ["pending"] not in shown


async def test_a_card_whose_upload_takes_long_appears_as_pending(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontend.fresh.BEFORE_SHOWING", 0)
    await world.start(ADA)
    answered, shown = asyncio.Event(), asyncio.Event()
    world.server.fail(answered)
    world.views.gallery.on_call = lambda name, arguments: shown.set() if name == "show" and arguments[0] else None
    generating = asyncio.ensure_future(world.generate(Form()))
    await shown.wait()
    assert [image.state for image in world.app.images] == ["pending"]

    answered.set()
    await generating
    assert [image.state for image in world.app.images] == ["saved"]


async def test_a_damaged_png_leaves_nothing(world: World) -> None:
    app = await world.start(ADA)
    await world.generate(Form())

    with pytest.raises(ClientError, match="damaged"):
        await app.save(ImageRequest("a lake", "", 0, 0, 1, "x"), HEADER)
    await world.settle()

    assert (len(app.images), len(world.server.images)) == (1, 1)


async def test_a_result_that_turns_out_damaged_is_taken_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.start(ADA)
    monkeypatch.setattr("tests.frontend.world.picture", lambda _number: HEADER)
    await world.generate(Form())

    assert ("clear_result", ()) in world.views.studio.calls
    assert (world.app.images, world.server.images) == ([], {})
