"""Times as texts."""

from hypothesis import given
from hypothesis import strategies as st

from server.times import iso, seconds

moments = st.integers(0, 4_000_000_000_000).map(lambda milliseconds: milliseconds / 1000)


def test_utc_with_milliseconds() -> None:
    assert iso(1_800_000_000.1239) == "2027-01-15T08:00:00.123Z"


@given(moments)
def test_there_and_back(moment: float) -> None:
    assert abs(seconds(iso(moment)) - moment) < 0.0011


@given(moments, moments)
def test_texts_sort_as_times_do(one: float, other: float) -> None:
    assert (iso(one) < iso(other)) <= (one < other)
