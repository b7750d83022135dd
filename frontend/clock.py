"""One honest clock: the server's, as far as this browser can tell.

A person's clock may be hours off, so every time left is computed from the `Date` of the last answer and a clock that
only runs forward.
"""

from collections.abc import Callable


class Clock:
    """Unix seconds on the server's clock; this machine's own until the first answer."""

    def __init__(self, wall: Callable[[], float], steady: Callable[[], float]) -> None:
        self._steady = steady
        self._offset = wall() - steady()

    def now(self) -> float:
        """Return Unix seconds."""
        return self._steady() + self._offset

    def set(self, moment: float) -> None:
        """Take the server's time, in Unix seconds."""
        self._offset = moment - self._steady()

    def correct(self, date: str | None) -> None:
        """Take the server's time from a `Date` header, where it differs; anything else is left alone."""
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - no start waits for it

        try:
            # The header has whole seconds: half a second is the best guess of what it dropped.
            moment = parsedate_to_datetime(date or "").timestamp() + 0.5
        except ValueError:
            return
        if abs(moment - self.now()) > 1:
            self.set(moment)
