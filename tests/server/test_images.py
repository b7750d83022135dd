"""The domain of images: whatever runs at once, the quota is exact and nothing acknowledged is lost."""

import asyncio
import errno
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from server.errors import AlreadyDeleted, KeyReused, NotFound, QuotaExceeded, Refusal, StoredImageDamaged, UnknownUser
from server.formats import inspect
from server.images import Images
from server.kv.base import Namespace, Opened
from server.kv.sqlite import SQLite
from server.limits import COMPARED_FOR
from server.records import Draft, digest
from server.schemas import ImageDetails
from server.times import iso
from tests.server.conftest import Clock
from tests.server.pictures import png

pytestmark = pytest.mark.anyio


def draft(colour: int = 0, prompt: str = "a lake", replace: str | None = None) -> Draft:
    data = png(colour=colour)
    return Draft(ImageDetails(prompt, replace=replace, seed=7), data, inspect(data), digest(data))


def over(engine: SQLite, clock: Clock, max_images: int = 3) -> Images:
    return Images(Namespace(engine, "IMAGES_CACHE"), max_images=max_images, ttl=86400, clock=clock)


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Iterator[SQLite]:
    engine = SQLite(str(tmp_path / "kv"), clock=clock, max_bytes=1 << 30)
    yield engine
    engine.close()


@pytest.fixture
def images(engine: SQLite, clock: Clock) -> Images:
    return over(engine, clock)


@pytest.fixture
def elsewhere(tmp_path: Path, engine: SQLite, clock: Clock) -> Iterator[Images]:
    """The same store through a second handle, which shares no lock with the first."""
    other = SQLite(str(tmp_path / "kv"), clock=clock, max_bytes=1 << 30, exclusive=False)
    yield over(other, clock)
    other.close()


async def test_a_saved_image_is_read_back_exactly(images: Images, clock: Clock) -> None:
    made = draft()
    saved = await images.save("u", made)
    record, data = await images.read("u", saved.record.id)

    assert data == made.data
    assert record == saved.record == (await images.live("u"))[0]
    assert (record.size, record.sha256, record.seed, record.quality) == (len(data), made.sha256, 7, "HD")
    assert (record.created_at, record.expires_at) == (iso(clock.now), iso(clock.now + 86400))


async def test_the_fourth_is_refused_with_a_way_out(images: Images, clock: Clock) -> None:
    kept = []
    for number in range(3):
        kept.append((await images.save("u", draft(number))).record)
        clock.now += 60
    with pytest.raises(QuotaExceeded) as told:
        await images.save("u", draft(9))

    facts = told.value.facts
    assert (facts["maxCount"], facts["count"], facts["next_slot_at"]) == (3, 3, kept[0].expires_at)
    assert facts["retry_after"] == 86400 - 180
    assert await images.live("u") == kept


async def test_the_slot_opens_when_the_oldest_expires(images: Images, clock: Clock) -> None:
    for number in range(3):
        await images.save("u", draft(number))
    clock.now += 86400
    assert await images.live("u") == []
    await images.save("u", draft(9))


async def test_each_image_lives_its_own_day(images: Images, clock: Clock) -> None:
    first = (await images.save("u", draft(1))).record
    clock.now += 3600
    second = (await images.save("u", draft(2))).record
    clock.now += 86400 - 3600

    with pytest.raises(NotFound):
        await images.read("u", first.id)
    assert (await images.read("u", second.id))[0] == second


async def test_a_clock_that_goes_back_loses_nothing_and_opens_nothing(images: Images, clock: Clock) -> None:
    for number in range(3):
        await images.save("u", draft(number))
    clock.now -= 7200
    assert len(await images.live("u")) == 3
    with pytest.raises(QuotaExceeded):
        await images.save("u", draft(9))


async def test_a_lower_limit_takes_nothing_away(images: Images, engine: SQLite, clock: Clock) -> None:
    for number in range(3):
        await images.save("u", draft(number))
        clock.now += 1
    fewer = over(engine, clock, max_images=1)
    with pytest.raises(QuotaExceeded) as told:
        await fewer.save("u", draft(9))
    live = await fewer.live("u")
    assert len(live) == 3
    assert told.value.facts["next_slot_at"] == live[-1].expires_at


class TestIdempotencyKey:
    async def test_a_uuid_becomes_the_id(self, images: Images) -> None:
        key = str(uuid4())
        assert (await images.save("u", draft(), key)).record.id == key
        assert (await images.save("u", draft(), key.upper())).record.id != key.upper()

    async def test_a_retry_gets_the_first_answer_even_when_full(self, images: Images, clock: Clock) -> None:
        first = await images.save("u", draft(0), "k")
        for number in (1, 2):
            await images.save("u", draft(number))
        clock.now += 60
        again = await images.save("u", draft(0), "k")

        assert (again.record, again.replayed) == (first.record, True)
        assert len(await images.live("u")) == 3

    @pytest.mark.parametrize("other", [draft(1), draft(prompt="another")])
    async def test_another_image_under_the_same_key_is_refused(self, images: Images, other: Draft) -> None:
        first = await images.save("u", draft(), "k")
        with pytest.raises(KeyReused):
            await images.save("u", other, "k")
        assert await images.live("u") == [first.record]

    async def test_a_deleted_image_is_not_brought_back(self, images: Images, clock: Clock) -> None:
        first = await images.save("u", draft(), "k")
        await images.delete("u", first.record.id)
        with pytest.raises(AlreadyDeleted):
            await images.save("u", draft(), "k")
        clock.now += 86400
        assert not (await images.save("u", draft(), "k")).replayed  # the day is over, and with it the memory

    async def test_keys_of_others_are_others(self, images: Images) -> None:
        key = str(uuid4())
        await images.save("u", draft(), key)
        assert not (await images.save("v", draft(1), key)).replayed

    async def test_a_key_that_is_the_id_of_an_image_saved_without_it(self, images: Images) -> None:
        first = await images.save("u", draft())
        with pytest.raises(KeyReused):
            await images.save("u", draft(), first.record.id)


class TestReplace:
    async def test_one_step_gives_up_one_and_keeps_the_other(self, images: Images) -> None:
        old = [(await images.save("u", draft(number))).record for number in range(3)]
        new = (await images.save("u", draft(9, replace=old[1].id), "k")).record

        assert await images.live("u") == [old[0], old[2], new]
        with pytest.raises(NotFound):
            await images.read("u", old[1].id)

    async def test_the_retry_of_a_replace_done_answers_the_same(self, images: Images) -> None:
        old = (await images.save("u", draft(0))).record
        first = await images.save("u", draft(9, replace=old.id), "k")
        assert (await images.save("u", draft(9, replace=old.id), "k")).record == first.record

    async def test_only_a_live_image_of_ones_own_can_be_replaced(self, images: Images) -> None:
        foreign = (await images.save("v", draft())).record
        for other in (foreign.id, "unknown"):
            with pytest.raises(NotFound):
                await images.save("u", draft(1, replace=other))
        assert (await images.read("v", foreign.id))[0] == foreign


class TestAtOnce:
    """Two handles on one file, so that no lock of this process helps."""

    async def test_many_saves_keep_exactly_the_quota(self, images: Images, elsewhere: Images) -> None:
        saves = [(images, elsewhere)[n % 2].save("u", draft(n)) for n in range(20)]
        results = await asyncio.gather(*saves, return_exceptions=True)

        stored = [result.record for result in results if not isinstance(result, BaseException)]
        refused = [result for result in results if isinstance(result, QuotaExceeded)]
        assert (len(stored), len(refused)) == (3, 17)
        assert sorted(r.id for r in await images.live("u")) == sorted(r.id for r in stored)

    async def test_one_key_is_stored_once(self, images: Images, elsewhere: Images) -> None:
        saves = [(images, elsewhere)[n % 2].save("u", draft(), "k") for n in range(10)]
        results = await asyncio.gather(*saves)
        assert sum(not result.replayed for result in results) == 1
        assert len({result.record.id for result in results}) == len(await images.live("u")) == 1

    async def test_one_image_is_replaced_once(self, images: Images, elsewhere: Images) -> None:
        old, *_ = [(await images.save("u", draft(n))).record for n in range(3)]
        saves = [(images, elsewhere)[n % 2].save("u", draft(10 + n, replace=old.id)) for n in range(8)]
        results = await asyncio.gather(*saves, return_exceptions=True)
        assert sum(isinstance(result, NotFound) for result in results) == 7
        assert len(await images.live("u")) == 3

    async def test_one_image_is_deleted_once(self, images: Images, elsewhere: Images) -> None:
        old = (await images.save("u", draft())).record
        deletes = [(images, elsewhere)[n % 2].delete("u", old.id) for n in range(8)]
        results = await asyncio.gather(*deletes, return_exceptions=True)
        assert sum(result is None for result in results) == 1

    async def test_saves_and_deletes_never_pass_the_limit(self, images: Images, elsewhere: Images) -> None:
        async def work(way: Images, number: int) -> str | None:
            try:
                record = (await way.save("u", draft(number))).record
                if number % 2:
                    await way.delete("u", record.id)
                    return None
            except QuotaExceeded:
                return None
            return record.id

        acknowledged = await asyncio.gather(*(work((images, elsewhere)[n % 2], n // 2) for n in range(24)))
        listed = [record.id for record in await elsewhere.live("u")]  # the handle that remembers nothing
        assert sorted(listed) == sorted(filter(None, acknowledged))
        assert len(listed) <= 3


def _zero(engine: SQLite, size: int) -> None:
    """Let the disk lose all bits of the values of that size."""
    engine._writer.connection.execute(
        "UPDATE contents SET value = zeroblob(length(value)) WHERE length(value) = ?", (size,)
    )


async def test_damage_is_said_and_never_served(images: Images, engine: SQLite) -> None:
    record = (await images.save("u", draft())).record
    _zero(engine, record.size)
    with pytest.raises(StoredImageDamaged):
        await images.read("u", record.id)
    engine._writer.connection.execute("DELETE FROM contents WHERE length(value) = ?", (record.size,))
    with pytest.raises(StoredImageDamaged):
        await images.read("u", record.id)


async def test_bytes_are_compared_once_a_minute(images: Images, engine: SQLite, clock: Clock) -> None:
    record = (await images.save("u", made := draft())).record
    assert (await images.read("u", record.id))[1] == made.data
    _zero(engine, record.size)
    engine._forget()
    clock.now += COMPARED_FOR - 1
    await images.read("u", record.id)
    clock.now += 1
    with pytest.raises(StoredImageDamaged):
        await images.read("u", record.id)


async def test_a_disk_that_does_not_give_bytes_back_is_damage(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    record = (await images.save("u", draft())).record

    async def broken(*_: object) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(Opened, "scan", broken)
    with pytest.raises(StoredImageDamaged):
        await images.read("u", record.id)


async def test_an_image_of_an_older_server_is_compared_by_its_digest(
    images: Images, engine: SQLite, clock: Clock
) -> None:
    record = (await images.save("u", made := draft())).record
    engine._writer.connection.execute("UPDATE entries SET metadata = '{}' WHERE key LIKE 'content/%'")
    assert (await images.read("u", record.id))[1] == made.data
    clock.now += COMPARED_FOR
    engine._forget()
    _zero(engine, record.size)
    with pytest.raises(StoredImageDamaged):
        await images.read("u", record.id)


async def test_a_closed_account_has_nothing_and_gets_nothing(images: Images, engine: SQLite) -> None:
    await images.save("u", draft(), "k")
    await images.close("u")
    assert await images.live("u") == []
    with pytest.raises(UnknownUser):
        await images.save("u", draft(1))
    left = [row[0] for row in engine._writer.connection.execute("SELECT key FROM entries")]
    assert left == ["index/u"]


async def test_expired_bytes_are_erased_from_the_file(images: Images, engine: SQLite, clock: Clock) -> None:
    await images.save("u", draft(), "k")
    clock.now += 86400
    assert await engine.sweep() == 3
    assert engine._writer.connection.execute("SELECT count(*) FROM contents").get == 0


async def test_a_failing_store_is_a_refusal(images: Images, engine: SQLite) -> None:
    engine._writer.connection.execute(
        "CREATE TEMP TRIGGER t BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'no'); END"
    )
    with pytest.raises(Refusal):
        await images.save("u", draft())
    assert await images.live("u") == []
