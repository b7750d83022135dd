"""Routes, headers and what an answer is."""

import json

import pytest

from frontend.api import Answer, Api, Call
from frontend.clock import Clock
from frontend.errors import (
    Busy,
    ClientError,
    NotFound,
    Offline,
    QuotaExceeded,
    Refused,
    StorageFull,
    Unauthorized,
    from_answer,
)
from frontend.models import Image

from .conftest import FakeServer


def api(clock: Clock, *answers: Answer) -> tuple[Api, list[Call]]:
    calls: list[Call] = []
    waiting = iter(answers)

    async def http(call: Call) -> Answer:
        calls.append(call)
        return next(waiting)

    return Api(http, clock, lambda: "zh"), calls


async def test_save_sends_the_bytes_apart_from_what_is_known_of_them(clock: Clock) -> None:
    sent, calls = api(clock, Answer(201, {}, '{"id": "a"}'))
    image = Image("a", "a lake", 1.0, width=64, height=48, seed=0, model="landscape", sha256="ff")

    await sent.save(image, b"bytes", replace="b")

    form = calls[0].form or {}
    assert form["image"] == b"bytes"
    assert json.loads(form["metadata"]) == {
        "prompt": "a lake", "width": 64, "height": 48, "seed": 0, "model": "landscape", "sha256": "ff", "replace": "b",
    }  # fmt: skip
    assert calls[0].headers == {"Idempotency-Key": "a", "Accept-Language": "zh"}


async def test_an_unchanged_list_is_not_sent_twice(clock: Clock) -> None:
    sent, calls = api(
        clock, Answer(200, {"etag": '"1"'}, '{"images": [{"id": "a"}]}'), Answer(304, {"etag": '"1"'}, "")
    )

    assert await sent.daily() == await sent.daily() == [{"id": "a"}]
    assert calls[1].headers["If-None-Match"] == '"1"'


async def test_another_account_does_not_see_the_last_ones_list(clock: Clock) -> None:
    sent, calls = api(clock, Answer(200, {"etag": '"1"'}, '{"images": []}'), Answer(200, {}, '{"images": []}'))
    await sent.daily()
    sent.forget()
    await sent.daily()

    assert "If-None-Match" not in calls[1].headers


@pytest.mark.parametrize("body", ["<html>sign in to the hotel's network</html>", "[]", "", '"ok"'])
@pytest.mark.parametrize("status", [200, 403])
async def test_a_page_where_json_was_due_is_a_network_error(body: str, status: int, clock: Clock) -> None:
    sent, _ = api(clock, Answer(status, {}, body))

    with pytest.raises(Offline):
        await sent.stats()


async def test_a_proxys_own_error_page_means_later(clock: Clock) -> None:
    sent, _ = api(clock, Answer(502, {"retry-after": "7"}, "<html>bad gateway</html>"))

    with pytest.raises(Busy) as error:
        await sent.stats()

    assert error.value.retry_after == 7


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "jwt_invalid_or_expired", Unauthorized),
        (401, "invalid_credentials", Refused),
        (404, "not_found", NotFound),
        (429, "quota_exceeded", QuotaExceeded),
        (429, "rate_limited", Busy),
        (507, "storage_full", StorageFull),
        (503, "storage_busy", Busy),
        (422, "bad_prompt", Refused),
    ],
)
def test_errors_are_keyed_on_the_code(status: int, code: str, kind: type[ClientError]) -> None:
    error = from_answer(status, {"success": False, "code": code, "error": "a sentence", "field": "x"})

    assert type(error) is kind
    assert (error.code, str(error), error.facts) == (code, "a sentence", {"field": "x"})
    assert error.reason() == {"code": code, "error": "a sentence", "field": "x"}


async def test_the_clock_follows_the_servers_date(clock: Clock, server: FakeServer) -> None:
    sent, _ = api(clock, Answer(200, {"date": "Fri, 15 Jan 2027 10:00:00 GMT"}, "{}"))
    await sent.config()

    assert clock.now() == pytest.approx(1_800_007_200.5)


async def test_the_configuration_sets_the_clock_to_the_millisecond(clock: Clock) -> None:
    headers = {"date": "Fri, 15 Jan 2027 10:00:00 GMT"}
    sent, _ = api(
        clock, Answer(200, headers, '{"server_time": "2027-01-15T10:00:00.987Z"}'), Answer(200, headers, "{}")
    )
    await sent.config()
    await sent.config()  # a Date of the same second does not take the milliseconds back

    assert clock.now() == pytest.approx(1_800_007_200.987)


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_date_that_is_none_changes_nothing(date: str | None, clock: Clock) -> None:
    before = clock.now()
    clock.correct(date)

    assert clock.now() == before
