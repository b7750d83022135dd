"""Local first: what is saved here is here, and the list is the server's wherever nothing is pending."""

import asyncio

import pytest

from frontend.database import MemoryDatabase
from frontend.errors import ClientError, NotFound
from frontend.hd_image_manager import HDImageManager, file_name
from frontend.models import Image
from frontend.outbox import Outbox

from .conftest import HEADER, PNG, START, FakeFiles, FakeServer, FakeTime, picture, request


async def test_save_writes_record_bytes_and_entry_before_it_returns(
    manager: HDImageManager, database: MemoryDatabase, server: FakeServer
) -> None:
    image = await manager.save(request(), picture())

    assert [len(await database.all(store)) for store in ("images", "blobs", "outbox")] == [1, 1, 1]
    assert (image.state, image.width, image.size, image.content_type) == ("pending", 64, 29 - 1, "image/png")
    assert server.calls == []


async def test_signed_out_images_stay_local_without_an_entry(manager: HDImageManager, database: MemoryDatabase) -> None:
    manager.signed_in = False
    image = await manager.save(request(), picture())

    assert (image.state, await database.all("outbox")) == ("local", [])


@pytest.mark.parametrize(("blob", "code"), [(b"<svg>", "not_an_image"), (PNG, "damaged_image")])
async def test_save_refuses_what_is_no_image(
    blob: bytes, code: str, manager: HDImageManager, database: MemoryDatabase
) -> None:
    with pytest.raises(ClientError) as refused:
        await manager.save(request(), blob)

    assert (refused.value.code, await database.all("images")) == (code, [])


async def test_a_png_is_sent_first_and_taken_back_where_it_cannot_be_decoded(
    manager: HDImageManager, outbox: Outbox, database: MemoryDatabase, server: FakeServer
) -> None:
    begun = asyncio.Event()
    saving = asyncio.ensure_future(manager.save(request(), HEADER, begun=lambda *_: begun.set()))
    await begun.wait()
    await outbox.drain()
    assert server.stored() == ["image-1"]
    with pytest.raises(ClientError) as refused:
        await saving

    await outbox.drain()
    assert refused.value.code == "damaged_image"
    assert (server.images, server.deleted) == ({}, {"image-1"})
    assert [await database.all(store) for store in ("images", "blobs", "outbox")] == [[], [], []]


async def test_signed_out_nothing_is_written_before_it_is_decoded(
    manager: HDImageManager, database: MemoryDatabase
) -> None:
    manager.signed_in = False
    begun: list[Image] = []
    with pytest.raises(ClientError, match="damaged"):
        await manager.save(request(), HEADER, begun=lambda image, _written: begun.append(image))

    assert (begun, await database.all("images")) == ([], [])


async def test_what_is_stored_is_what_was_sent_and_what_the_server_says(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    image = await manager.save(request(), picture(9))
    await outbox.drain()
    saved = await manager.get(image.id)

    assert server.content[image.id] == picture(9)
    assert server.images[image.id]["seed"] == 7
    assert saved.expires_at == pytest.approx(START + 86_400, abs=1)


async def test_refresh_takes_over_the_servers_list(manager: HDImageManager, outbox: Outbox, server: FakeServer) -> None:
    await manager.save(request(), picture(1))
    await outbox.drain()
    await manager.refresh()
    server.images["elsewhere"] = server.images["image-1"] | {"id": "elsewhere"}
    del server.images["image-1"]
    await manager.refresh()

    assert [image.id for image in await manager.list()] == ["elsewhere"]


async def test_refresh_leaves_what_is_pending_alone(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    await manager.save(request(), picture(1))
    await outbox.drain()
    await manager.refresh()
    await manager.delete("image-1")  # not told yet
    await manager.save(request(), picture(2))  # not sent yet
    await manager.refresh()

    assert [(image.id, image.state) for image in await manager.list()] == [("image-2", "pending")]


async def test_bytes_come_from_here_or_are_fetched_checked_and_kept(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture(1))
    await outbox.drain()
    calls = len(server.calls)
    assert await manager.blob("image-1") == picture(1)
    assert len(server.calls) == calls

    database._stores["blobs"].clear()
    assert await manager.blob("image-1") == picture(1)
    assert (await database.get("blobs", "image-1") or {})["blob"] == picture(1)


async def test_bytes_that_differ_from_the_digest_are_not_handed_out(
    manager: HDImageManager, outbox: Outbox, server: FakeServer, database: MemoryDatabase, files: FakeFiles
) -> None:
    await manager.save(request(), picture(1))
    await outbox.drain()
    database._stores["blobs"].clear()
    server.content["image-1"] = picture(2)

    with pytest.raises(ClientError, match="not the bytes"):
        await manager.download("image-1")

    assert files.saved == []


async def test_download_hands_over_the_exact_bytes_under_a_good_name(manager: HDImageManager, files: FakeFiles) -> None:
    await manager.save(request("湖 / a lake: 1?"), picture(3))
    await manager.download("image-1")

    assert files.saved == [(picture(3), "湖-a-lake-1-image-1.png")]


@pytest.mark.parametrize("prompt", ["", "../../etc/passwd", "con", "\u202egnp.exe", "a" * 500, "!!!"])
def test_file_names_are_safe_for_any_prompt(prompt: str) -> None:
    name = file_name(Image("0123456789", prompt, 0.0, content_type="image/webp"))

    assert name.endswith("-01234567.webp")
    assert len(name) < 64
    assert not set(name) & set("/\\:\u202e")
    assert not name.startswith(".")


async def test_what_has_expired_is_not_listed_and_is_erased(
    manager: HDImageManager, outbox: Outbox, time: FakeTime, database: MemoryDatabase
) -> None:
    await manager.save(request(), picture())
    await outbox.drain()
    await manager.refresh()
    time.seconds += 86_401
    assert await manager.list() == []

    await manager.drop_expired()
    assert [await database.all(store) for store in ("images", "blobs")] == [[], []]


async def test_images_that_never_reached_the_server_do_not_expire(manager: HDImageManager, time: FakeTime) -> None:
    await manager.save(request(), picture())
    time.seconds += 10 * 86_400
    await manager.drop_expired()

    assert len(await manager.list()) == 1


async def test_keep_here_stops_the_outbox_and_send_again_starts_it(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    await manager.save(request(), picture())
    await manager.keep_here("image-1")
    assert (await outbox.drain(now=True)).sent == 0

    await manager.send_again("image-1")
    assert (await outbox.drain()).sent == 1


async def test_adopt_takes_over_images_once_even_when_cut_in_the_middle(
    manager: HDImageManager, outbox: Outbox, server: FakeServer
) -> None:
    guest = MemoryDatabase()
    other = HDImageManager(
        guest, outbox, manager._api, manager._files, manager._clock, iter("xyz").__next__, signed_in=False
    )
    await other.save(request(), picture(1))
    await other.save(request(), picture(2))
    before = {name: dict(records) for name, records in guest._stores.items()}

    await manager.adopt(guest)
    guest._stores = before  # as if the tab had closed before the removal
    await manager.adopt(guest)
    await outbox.drain()

    assert (sorted(server.images), len(server.stored())) == (["x", "y"], 2)
    assert await guest.all("images") == []


async def test_an_unknown_image_is_not_found(manager: HDImageManager) -> None:
    with pytest.raises(NotFound):
        await manager.get("nobody")


async def test_a_save_does_not_wait_for_its_thumbnail_which_is_made_once(
    manager: HDImageManager, database: MemoryDatabase, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []

    async def thumbnail(blob: bytes) -> bytes:
        made.append(blob)
        return b"small"

    monkeypatch.setattr(files, "thumbnail", thumbnail)
    await manager.save(request(), picture(1))
    assert made == []

    assert [await manager.thumbnail("image-1") for _ in range(2)] == [b"small", b"small"]
    assert made == [picture(1)]
    assert await database.get("blobs", "image-1") == {"id": "image-1", "blob": picture(1), "thumbnail": b"small"}


async def test_the_thumbnail_of_an_image_deleted_meanwhile_is_not_kept(
    manager: HDImageManager, database: MemoryDatabase, files: FakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def thumbnail(_blob: bytes) -> bytes:
        await manager.delete("image-1")
        return b"small"

    monkeypatch.setattr(files, "thumbnail", thumbnail)
    await manager.save(request(), picture(1))
    await manager.thumbnail("image-1")

    assert await database.all("blobs") == []
