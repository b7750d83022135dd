"""What an engine remembers: never what has changed, never more than it should."""

from server.kv.base import Entry
from server.kv.recent import REMEMBERED, SMALL, Found, Recent


def found(value: bytes = b"v") -> Found:
    return Found(Entry("k", 1, {}, None, value), None, 0)


def test_what_was_read_is_remembered_until_it_changes() -> None:
    recent = Recent()
    recent.remember(("n", "k"), found(), recent.changes)
    assert recent.get(("n", "k")) == found()
    recent.forget([("n", "other")])
    assert recent.get(("n", "k")) == found()
    recent.forget([("n", "k")])
    assert recent.get(("n", "k")) is None


def test_what_was_read_while_something_changed_is_not_remembered() -> None:
    recent = Recent()
    before = recent.changes
    recent.forget([("n", "k")])
    recent.remember(("n", "k"), found(), before)
    assert recent.get(("n", "k")) is None


def test_everything_can_be_forgotten() -> None:
    recent = Recent()
    recent.remember(("n", "k"), found(), recent.changes)
    recent.forget()
    assert recent.get(("n", "k")) is None


def test_the_longest_unasked_goes_first_and_large_ones_never_come() -> None:
    recent = Recent()
    recent.remember(("n", "large"), found(bytes(SMALL + 1)), recent.changes)
    for number in range(REMEMBERED):
        recent.remember(("n", str(number)), found(), recent.changes)
    assert recent.get(("n", "large")) is None
    assert recent.get(("n", "0"))
    recent.remember(("n", "new"), found(), recent.changes)
    assert recent.get(("n", "0"))
    assert recent.get(("n", "1")) is None
