"""An upload goes first, and nothing waits for it for long."""

import asyncio

import pytest

from frontend import fresh as module
from frontend.fresh import Fresh
from frontend.models import Image

IMAGE = Image("a", "a lake", 1.0)


async def test_showing_and_other_work_wait_until_the_last_upload_is_answered() -> None:
    fresh = Fresh()
    fresh.put(IMAGE, b"bytes")
    fresh.put(IMAGE.having(id="b"), b"others")
    waiting = [asyncio.ensure_future(wait()) for wait in (fresh.before_showing, fresh.before_other_work)]
    fresh.drop("a")
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [False, False]

    fresh.drop("b")
    await asyncio.gather(*waiting)
    assert (fresh.get("a"), fresh.ids()) == (None, [])


async def test_nothing_waits_where_nothing_is_sent() -> None:
    fresh = Fresh()

    await fresh.before_showing()
    await fresh.before_other_work()


async def test_an_upload_that_takes_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEFORE_SHOWING", 0)
    monkeypatch.setattr(module, "BEFORE_OTHER_WORK", 0)
    fresh = Fresh()
    fresh.put(IMAGE, b"bytes")

    await fresh.before_showing()
    await fresh.before_other_work()

    assert fresh.get("a") == (IMAGE, b"bytes")
