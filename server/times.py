"""Times as people and JavaScript read them: ISO 8601, UTC, milliseconds. Such texts sort as the times do."""

from datetime import UTC, datetime


def iso(seconds: float) -> str:
    """Return e.g. `2026-11-22T12:00:00.123Z` for seconds since 1970, cut to the millisecond."""
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def seconds(text: str) -> float:
    """Return seconds since 1970 for what `iso` made."""
    return datetime.fromisoformat(text).timestamp()
