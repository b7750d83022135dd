"""An upload goes first, and nothing waits for it for long."""

import asyncio

import pytest

from frontend import fresh as module
from frontend.fresh import Fresh
from frontend.models import Image

IMAGE = Image("a", "a lake", 1.0)


async def test_showing_waits_for_the_upload_to_begin_and_other_work_for_its_answer() -> None:
    fresh = Fresh()
    fresh.put(IMAGE, b"bytes")
    showing = asyncio.ensure_future(fresh.before_showing())
    working = asyncio.ensure_future(fresh.before_other_work())
    await asyncio.sleep(0)
    assert (showing.done(), working.done()) == (False, False)

    fresh.begun()
    await showing
    assert not working.done()

    fresh.answered("a")
    await working
    assert fresh.get("a") is None


async def test_nothing_waits_where_nothing_is_sent() -> None:
    fresh = Fresh()
    await fresh.before_showing()
    await fresh.before_other_work()

    fresh.put(IMAGE, b"bytes")
    fresh.answered(*fresh.ids())
    await fresh.before_other_work()


async def test_an_upload_that_takes_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEFORE_SHOWING", 0)
    monkeypatch.setattr(module, "BEFORE_OTHER_WORK", 0)
    fresh = Fresh()
    fresh.put(IMAGE, b"bytes")

    await fresh.before_showing()
    await fresh.before_other_work()

    assert fresh.get("a") == (IMAGE, b"bytes")


async def test_the_answer_to_one_of_two_lets_nothing_go_ahead() -> None:
    fresh = Fresh()
    fresh.put(IMAGE, b"bytes")
    fresh.put(IMAGE.having(id="b"), b"others")
    fresh.answered("a")
    working = asyncio.ensure_future(fresh.before_other_work())
    await asyncio.sleep(0)

    assert not working.done()
    fresh.answered("b")
    await working
