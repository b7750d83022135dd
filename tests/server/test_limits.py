"""The arithmetic of sizes and of the quota, for any numbers."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from server.limits import MAX_METADATA, max_upload, next_slot
from server.times import iso

expiries = st.lists(st.integers(0, 10**9).map(iso), max_size=20)


@given(st.integers(0, 5000))
def test_an_upload_has_room_for_the_largest_image_in_base64(size: int) -> None:
    assert max_upload(size) == len(base64.b64encode(bytes(size))) + MAX_METADATA


@given(expiries, st.integers(1, 10))
def test_a_slot_is_free_exactly_when_there_is_room(kept: list[str], allowed: int) -> None:
    assert (next_slot(kept, allowed) is None) == (len(kept) < allowed)


@given(expiries, st.integers(1, 10))
def test_when_the_next_slot_opens_there_is_room_and_not_before(kept: list[str], allowed: int) -> None:
    opens = next_slot(kept, allowed)
    if opens is not None:
        assert len([end for end in kept if end > opens]) < allowed
        assert len([end for end in kept if end >= opens]) >= allowed
