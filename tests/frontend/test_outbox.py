"""Every change reaches the server exactly once, in order, or is parked with the reason."""

import asyncio

import pytest

from frontend.database import DiskFull, MemoryDatabase, Put
from frontend.errors import ClientError, Offline, from_answer
from frontend.hd_image_manager import HDImageManager
from frontend.models import Image, OutboxEntry, iso
from frontend.outbox import Outbox, Verdict, delay, verdict

from .conftest import HEADER, START, FakeServer, FakeTime, picture, request

SAVE = OutboxEntry("a", "save", "a", 0.0)
DELETE = OutboxEntry("delete:a", "delete", "a", 0.0)
REPLACE = SAVE.having(replace="b")


def refusal(status: int, code: str = "") -> ClientError:
    return from_answer(status, {"code": code, "error": "no"})


@pytest.mark.parametrize(
    ("entry", "error", "expected"),
    [
        (SAVE, None, Verdict.DONE),
        (DELETE, None, Verdict.DONE),
        (DELETE, refusal(404, "not_found"), Verdict.DONE),
        (REPLACE, refusal(404, "not_found"), Verdict.NO_REPLACE),
        (SAVE, refusal(410, "already_deleted"), Verdict.GONE),
        (SAVE, refusal(401, "jwt_invalid_or_expired"), Verdict.SIGN_IN),
        (SAVE, refusal(429, "quota_exceeded"), Verdict.FULL),
        (SAVE, refusal(429, "rate_limited"), Verdict.LATER),
        (SAVE, refusal(408), Verdict.LATER),
        (SAVE, refusal(500, "internal"), Verdict.LATER),
        (SAVE, refusal(503, "storage_busy"), Verdict.LATER),
        (SAVE, Offline(), Verdict.LATER),
        (SAVE, refusal(413, "image_too_large"), Verdict.REFUSED),
        (SAVE, refusal(415, "not_an_image"), Verdict.REFUSED),
        (SAVE, refusal(422, "digest_mismatch"), Verdict.REFUSED),
        (SAVE, refusal(507, "storage_full"), Verdict.REFUSED),
        (SAVE, refusal(403), Verdict.REFUSED),
    ],
)
def test_every_answer_has_one_meaning(entry: OutboxEntry, error: ClientError | None, expected: Verdict) -> None:
    assert verdict(entry, error) is expected


def test_delay_doubles_up_to_a_limit_and_honours_retry_after() -> None:
    assert [delay(attempts, 0, 1.0) for attempts in (0, 1, 2, 20)] == [1, 2, 4, 300]
    assert delay(0, 0, 0.0) == 0.5
    assert delay(0, 90, 0.0) == 90


async def state(database: MemoryDatabase, image_id: str) -> str:
    record = await database.get("images", image_id)
    return record["state"] if record else "gone"


async def test_drain_sends_in_order_and_marks_saved(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    for number in range(3):
        await manager.save(request(), picture(number))

    report = await outbox.drain()

    assert (report.sent, server.stored()) == (3, ["image-1", "image-2", "image-3"])
    assert await state(database, "image-1") == "saved"


async def test_drain_stops_at_the_first_entry_the_server_cannot_be_reached_for(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    await manager.save(request(), picture(1))
    await manager.save(request(), picture(2))
    server.fail("unreachable")

    report = await outbox.drain()

    assert (report.sent, report.waiting, server.stored()) == (0, True, ["image-1"])
    assert len(await outbox.unsent()) == 2


async def test_an_entry_waits_for_its_time_and_holds_back_those_behind_it(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, time: FakeTime
) -> None:
    await manager.save(request(), picture(1))
    server.fail(server.refuse(503, "storage_busy", retry_after=30))
    await outbox.drain()
    await manager.save(request(), picture(2))

    assert (await outbox.drain()).sent == 0
    assert await outbox.next_wake() == pytest.approx(START + 30, abs=0.1)
    time.seconds += 31
    assert (await outbox.drain()).sent == 2


async def test_now_does_not_wait(manager: HDImageManager, outbox: Outbox, server: FakeServer) -> None:
    await manager.save(request(), picture())
    server.fail("unreachable")
    await outbox.drain()

    assert (await outbox.drain(now=True)).sent == 1


async def test_a_lost_answer_is_asked_again_and_stored_once(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    server.fail("lost answer")
    await outbox.drain()
    await outbox.drain(now=True)

    assert (len(server.images), len(server.stored())) == (1, 2)
    assert await state(database, "image-1") == "saved"


async def test_a_full_account_parks_with_the_reason_and_the_rest_goes_on(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    server.limit = 1
    await manager.save(request(), picture(1))
    await manager.save(request(), picture(2))
    await outbox.drain()
    await manager.delete("image-1")

    report = await outbox.drain()

    assert (report.sent, list(server.images)) == (2, ["image-2"])  # the deletion, and the image that waited for it


async def test_a_parked_image_goes_by_itself_when_the_slot_opens(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, time: FakeTime, database: MemoryDatabase
) -> None:
    server.limit = 1
    await manager.save(request(), picture(1))
    await manager.save(request(), picture(2))
    await outbox.drain()
    assert await state(database, "image-2") == "local"

    wake = await outbox.next_wake()
    server.images.clear()
    time.seconds = (wake or 0) - START

    assert wake == pytest.approx(START + 86_400, abs=1)
    assert (await outbox.drain()).sent == 1


async def test_when_full_keep_leaves_it_here(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    server.limit = 0
    server.images["old"] = {"id": "old", "created_at": iso(START), "expires_at": iso(START + 60)}
    outbox.when_full = lambda: "keep"
    await manager.save(request(), picture())
    await outbox.drain()

    assert await outbox.next_wake() is None
    assert await state(database, "image-1") == "local"


async def test_when_full_replace_gives_up_the_oldest_in_one_step(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    server.limit = 1
    outbox.when_full = lambda: "replace"
    await manager.save(request(), picture(1))
    await manager.save(request(), picture(2))
    await outbox.drain()

    assert list(server.images) == ["image-2"]
    assert await state(database, "image-1") == "gone"


async def test_a_replacement_that_is_gone_already_is_sent_without(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    await manager.save(request(), picture())
    await manager.send_again("image-1", replace="nobody")

    assert (await outbox.drain()).sent == 1
    assert list(server.images) == ["image-1"]


@pytest.mark.parametrize(
    ("status", "code", "expected"), [(413, "image_too_large", "failed"), (507, "storage_full", "local")]
)
async def test_a_refusal_is_parked_with_the_servers_sentence(
    status: int, code: str, expected: str, manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    await manager.save(request(), picture(1))
    await manager.save(request(), picture(2))
    server.fail(server.refuse(status, code, maxImageBytes=5))

    report = await outbox.drain()
    image = await manager.get("image-1")

    assert (report.sent, report.parked, image.state) == (1, 1, expected)
    assert image.reason == {"code": code, "error": f"refused: {code}", "maxImageBytes": 5}


async def test_without_a_session_everything_stays_and_goes_on_after_sign_in(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    server.signed_in = False
    await manager.save(request(), picture())
    assert (await outbox.drain()).sign_in

    server.signed_in = True
    assert (await outbox.drain()).sent == 1


async def test_an_image_deleted_while_it_is_on_its_way_does_not_come_back(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    answer = server.answer

    def deleting(call: object) -> object:
        database._stores["images"].pop("image-1", None)
        database._stores["outbox"].pop("image-1", None)
        return answer(call)  # type: ignore[arg-type]

    server.answer = deleting  # type: ignore[assignment, method-assign]
    await outbox.drain()

    assert await state(database, "image-1") == "gone"


async def test_an_image_deleted_elsewhere_is_not_sent_again(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    server.deleted.add("image-1")
    await outbox.drain()

    assert await state(database, "image-1") == "gone"
    assert await database.all("outbox") == []


async def test_an_entry_goes_only_when_the_list_shows_its_image(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    await outbox.drain()
    assert len(await database.all("outbox")) == 1

    await outbox.confirm(set())  # the server does not have it after all
    assert (await outbox.drain(now=True)).sent == 1
    await outbox.confirm({"image-1"})

    assert await database.all("outbox") == []


async def test_a_deletion_that_the_server_refuses_is_given_up(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    await outbox.drain()
    await manager.delete("image-1")
    server.fail(server.refuse(403, "forbidden"))
    await outbox.drain()
    await manager.refresh()

    assert [image.id for image in await manager.list()] == ["image-1"]


async def test_what_was_just_saved_is_sent_without_being_read_back_unless_it_was_taken_back(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture(1))
    await manager.save(request(), picture(2))
    await manager.delete("image-1")
    database._stores["blobs"].clear()

    assert (await outbox.drain()).saved == 1
    assert server.content == {"image-2": picture(2)}
    assert outbox.fresh.get("image-1") is None


async def test_a_later_attempt_reads_what_is_stored(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    server.fail("unreachable")
    await outbox.drain()
    assert outbox.fresh.get("image-1") is None

    assert (await outbox.drain(now=True)).saved == 1
    assert server.content == {"image-1": picture()}


async def test_what_an_earlier_visit_left_is_decoded_before_it_is_sent(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    outbox.fresh.drop("image-1")  # as after a reload
    await database.write(Put("blobs", {"id": "image-1", "blob": HEADER}))

    assert (await outbox.drain()).parked == 1
    image = await manager.get("image-1")
    assert (server.stored(), image.state, image.reason) == (
        [],
        "failed",
        {"code": "damaged_image", "error": "this image is damaged"},
    )


async def test_what_gets_on_disk_at_a_second_attempt_is_sent_all_the_same(
    outbox: Outbox, server: FakeServer, database: MemoryDatabase, manager: HDImageManager
) -> None:
    entry = outbox.entry("save", "image-1")
    room = asyncio.Event()

    async def write() -> None:
        await room.wait()
        outbox.fresh.put(Image("image-1", "a lake", START), picture())
        await database.write(Put("outbox", entry.to_dict()))

    writing = asyncio.ensure_future(write())
    draining = asyncio.ensure_future(outbox.drain(behind=writing))
    for _ in range(5):
        await asyncio.sleep(0)
    assert server.stored() == []

    room.set()
    assert (await draining).sent == 1


async def test_a_write_that_fails_ends_the_drain_that_stands_behind_it(outbox: Outbox, server: FakeServer) -> None:
    async def write() -> None:
        await asyncio.sleep(0)
        raise DiskFull

    writing = asyncio.ensure_future(write())

    assert (await outbox.drain(behind=writing)).sent == 0
    with pytest.raises(DiskFull):
        await writing


async def test_saved_is_told_from_the_answer_before_it_is_written_down(
    manager: HDImageManager, outbox: Outbox, database: MemoryDatabase
) -> None:
    told: list[tuple[str, str]] = []
    outbox.on_saved = lambda image: told.append((image.state, database._stores["images"][image.id]["state"]))
    await manager.save(request(), picture())
    await outbox.drain()

    assert told == [("saved", "pending")]
    assert await state(database, "image-1") == "saved"


async def test_an_image_taken_back_while_it_is_on_its_way_is_not_shown_as_saved(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    told: list[Image] = []
    outbox.on_saved = told.append
    answered, on_its_way = asyncio.Event(), asyncio.Event()
    server.fail(answered)
    server.on_call = lambda _call: on_its_way.set()
    await manager.save(request(), picture())
    draining = asyncio.ensure_future(outbox.drain())
    await on_its_way.wait()
    await manager.delete("image-1")
    answered.set()
    await draining

    assert (told, server.images) == ([], {})


async def test_progress_is_told_by_image(manager: HDImageManager, outbox: Outbox, server: FakeServer) -> None:
    told: list[tuple[str, float]] = []
    outbox.on_progress = lambda image_id, fraction: told.append((image_id, fraction))
    await manager.save(request(), picture())
    await outbox.drain()
    progress = server.calls[-1].progress
    assert progress

    progress(0.5)

    assert told == [("image-1", 0.5)]


def test_an_image_record_survives_the_store() -> None:
    image = Image("a", "p", 1.0, reason={"code": "x"})
    assert Image.from_dict(image.to_dict() | {"unknown": 1}) == image
