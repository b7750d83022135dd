"""The outbox: every change reaches the server exactly once, in order, or the person is told why not.

An entry is written in the same transaction as the image it is about, before anything is shown as done. It leaves only
when the server's own list confirms it. What an answer changes here is written relaxed: an entry that a power cut brings
back is only sent again, and recognised by its key. Draining stops at the first entry the server cannot be reached for,
so order is kept; an entry that was refused is parked and does not hold up the ones behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from frontend.api import Api
from frontend.clock import Clock
from frontend.database import Change, Database, Delete, Put, Snapshot
from frontend.errors import (
    AlreadyDeleted,
    Busy,
    ClientError,
    NotFound,
    Offline,
    QuotaExceeded,
    StorageFull,
    Unauthorized,
)
from frontend.fresh import Fresh
from frontend.models import Image, OutboxEntry, State, seconds

FIRST_DELAY = 1.0  # seconds before the second attempt; doubles from there
LONGEST_DELAY = 300.0  # seconds, the longest wait between two attempts

Exclusive = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]
OnProgress = Callable[[str, float], None]  # image id, 0.0 to 1.0


class Verdict(Enum):
    """What an answer means for an entry."""

    DONE = "done"  # the server has done it, now or earlier
    GONE = "gone"  # the image was deleted meanwhile; it must not come back
    LATER = "later"  # try again; the entries behind it wait
    SIGN_IN = "sign_in"  # stays as it is until somebody signs in
    FULL = "full"  # parked: the account has no slot
    REFUSED = "refused"  # parked: repeating it does not help
    NO_REPLACE = "no_replace"  # the image to give up is gone already: send it without


def verdict(entry: OutboxEntry, error: ClientError | None) -> Verdict:
    """Decide what an answer to an entry means; None is success."""
    match error:
        case None:
            return Verdict.DONE
        case NotFound() if entry.kind == "delete":
            return Verdict.DONE
        case NotFound() if entry.replace:
            return Verdict.NO_REPLACE
        case AlreadyDeleted():
            return Verdict.GONE
        case Unauthorized():
            return Verdict.SIGN_IN
        case Offline() | Busy():
            return Verdict.LATER
        case QuotaExceeded():
            return Verdict.FULL
        case _:
            return Verdict.REFUSED


def delay(attempts: int, retry_after: float, jitter: float) -> float:
    """Return the seconds to wait before the next attempt: doubling, jittered (0 to 1), never before `Retry-After`."""
    growing = min(LONGEST_DELAY, FIRST_DELAY * float(2 ** min(attempts, 16)))
    return max(retry_after, growing * (0.5 + jitter / 2))


@dataclass(slots=True)
class Report:
    """What one drain did."""

    sent: int = 0  # entries the server has done
    saved: int = 0  # of these, images
    parked: int = 0
    waiting: bool = False  # stopped at an entry that must be tried again
    sign_in: bool = False  # stopped because nobody is signed in


class Outbox:
    """Carries the entries of one account to the server."""

    def __init__(
        self, database: Database, api: Api, clock: Clock, jitter: Callable[[], float], exclusive: Exclusive
    ) -> None:
        self._database = database
        self._api = api
        self._clock = clock
        self._jitter = jitter
        self._exclusive = exclusive
        self.when_full: Callable[[], str] = lambda: "ask"  # ask, replace (the oldest), keep
        self.fresh = Fresh()
        self.prove: Callable[[Any], Awaitable[Any]] = lambda _blob: _nothing()  # raises for what must not be sent
        self.on_progress: OnProgress = lambda _image_id, _fraction: None
        self.on_saved: Callable[[Image], None] = lambda _image: None
        self.on_change: Callable[[], Awaitable[None]] = _nothing

    def entry(self, kind: Any, image_id: str, **facts: Any) -> OutboxEntry:
        """Return a new entry, to be written together with what it is about."""
        entry_id = image_id if kind == "save" else f"delete:{image_id}"
        return OutboxEntry(entry_id, kind, image_id, self._clock.now(), **facts)

    async def drain(
        self, *, now: bool = False, behind: asyncio.Task[None] | None = None, name: str = "outbox"
    ) -> Report:
        """Send what is due; with `now`, also what waits for its time. One tab at a time; others wait their turn.

        What is being written `behind` this is sent as soon as it is there.
        """
        report, fresh = Report(), self.fresh.ids()

        async def work() -> None:
            if now:
                await self._hurry()
            while not report.waiting and not report.sign_in:
                writing = behind if behind and not behind.done() else None
                if entry := await self._next():  # the database answers when what is being written is there, or failed
                    await self._attempt(entry, report)
                    await self.on_change()
                elif writing:  # it may get there at a second attempt
                    await asyncio.wait([writing])
                else:
                    break

        try:
            await self._exclusive(name, work)
        finally:
            self.fresh.drop(*fresh)  # what could not be sent now waits, and is read when its time comes
        return report

    async def next_wake(self) -> float | None:
        """Return when the next entry is due on the server's clock, None when nothing waits for a time."""
        return min((entry.next_attempt_at for entry in _movable(await self._entries())), default=None)

    async def unsent(self) -> list[OutboxEntry]:
        """Return the saves the server has not got."""
        return [entry for entry in await self._entries() if entry.kind == "save" and not entry.acknowledged]

    async def confirm(self, listed: set[str]) -> None:
        """Let go of saved entries that the server's list shows; send the others again."""

        def decide(snapshot: Snapshot) -> list[Change]:
            entries = [OutboxEntry.from_dict(record) for record in snapshot["outbox"].values()]
            done = [entry for entry in entries if entry.acknowledged]
            return [
                Delete("outbox", entry.id)
                if entry.image_id in listed
                else Put("outbox", self._later(entry.having(acknowledged=False), 0).to_dict())
                for entry in done
            ]

        await self._database.update(("outbox",), decide)

    async def _entries(self) -> list[OutboxEntry]:
        records = await self._database.all("outbox")
        return sorted((OutboxEntry.from_dict(record) for record in records), key=lambda entry: entry.order)

    async def _next(self) -> OutboxEntry | None:
        now = self._clock.now()
        due = [entry for entry in _movable(await self._entries()) if entry.next_attempt_at <= now]
        return min(due, key=lambda entry: entry.order, default=None)

    async def _hurry(self) -> None:
        def decide(snapshot: Snapshot) -> list[Change]:
            entries = [OutboxEntry.from_dict(record) for record in snapshot["outbox"].values()]
            return [
                Put("outbox", e.having(next_attempt_at=0.0).to_dict())
                for e in entries
                if not e.parked and e.next_attempt_at
            ]

        await self._database.update(("outbox",), decide)

    async def _attempt(self, entry: OutboxEntry, report: Report) -> None:
        answer, error = {}, None
        try:
            answer = await self._send(entry)
        except ClientError as refusal:
            error = refusal
        finally:
            self.fresh.drop(entry.image_id)
        decision = verdict(entry, error)
        report.sent += decision is Verdict.DONE
        report.saved += decision is Verdict.DONE and entry.kind == "save"
        report.parked += decision in (Verdict.FULL, Verdict.REFUSED)
        report.waiting |= decision is Verdict.LATER
        report.sign_in |= decision is Verdict.SIGN_IN
        await self._database.update(
            ("images", "outbox"),
            lambda snapshot: self._settle(snapshot, entry, decision, answer, error),
            key=entry.id if entry.kind == "save" else None,  # a deletion may set others in motion
            relaxed=True,
        )

    async def _send(self, entry: OutboxEntry) -> dict[str, Any]:
        if entry.kind == "delete":
            await self._api.delete(entry.image_id)
            return {}
        image, blob = self.fresh.get(entry.image_id) or await self._read(entry.image_id)
        progress = lambda fraction: self.on_progress(entry.image_id, fraction)  # noqa: E731
        answer = await self._api.save(image, blob, entry.replace, progress)
        if self.fresh.get(image.id):  # not taken back meanwhile
            self.on_saved(image.saved(answer))
        return answer

    async def _read(self, image_id: str) -> tuple[Image, Any]:
        """Return an image that waited, and its bytes; its tab may have closed before they were found to be whole."""
        record, stored = await asyncio.gather(
            self._database.get("images", image_id), self._database.get("blobs", image_id)
        )
        if record is None or stored is None:
            raise AlreadyDeleted("no longer in this browser")
        await self.prove(stored["blob"])
        return Image.from_dict(record), stored["blob"]

    def _settle(
        self,
        snapshot: Snapshot,
        sent: OutboxEntry,
        decision: Verdict,
        answer: dict[str, Any],
        error: ClientError | None,
    ) -> list[Change]:
        """Return what an answer changes, seen from what the database holds now: the person may have acted meanwhile."""
        entry = OutboxEntry.from_dict(snapshot["outbox"].get(sent.id, sent.to_dict()))
        image = Image.from_dict(record) if (record := snapshot["images"].get(sent.image_id)) else None
        match decision:
            case Verdict.DONE if sent.kind == "delete":
                return [Delete("outbox", sent.id), *_reopen(snapshot)]
            case Verdict.GONE:
                return [Delete("outbox", sent.id), *erase(sent.image_id)]
            case _ if sent.id not in snapshot["outbox"] or decision is Verdict.SIGN_IN:
                return []  # taken back while it was on its way; a deletion that follows settles the rest
            case Verdict.LATER:
                return [Put("outbox", self._later(entry, error.retry_after if error else 0).to_dict())]
            case Verdict.NO_REPLACE:
                return [Put("outbox", entry.having(replace=None).to_dict())]
            case _ if image is None:
                return [Delete("outbox", sent.id)]  # a refused deletion: the next list shows the image again
            case Verdict.DONE:
                acknowledged = Put("outbox", entry.having(acknowledged=True).to_dict())
                return [Put("images", image.saved(answer).to_dict()), acknowledged, *erase(sent.replace)]
        return self._parked(entry, image, decision, error or ClientError())

    def _later(self, entry: OutboxEntry, retry_after: float) -> OutboxEntry:
        due = self._clock.now() + delay(entry.attempts, retry_after, self._jitter())
        return entry.having(attempts=entry.attempts + 1, next_attempt_at=due)

    def _parked(self, entry: OutboxEntry, image: Image, decision: Verdict, error: ClientError) -> list[Change]:
        full = decision is Verdict.FULL
        entry = entry.having(parked=True, next_attempt_at=0.0, replace=None, attempts=entry.attempts + 1)
        if full and self.when_full() == "replace" and (images := error.facts.get("images")):
            entry = entry.having(parked=False, replace=images[0]["id"])
        elif full and self.when_full() != "keep" and (opens := seconds(error.facts.get("next_slot_at"))):
            # A slot that opens "now" by a rounded clock must not be asked for in a tight loop.
            entry = entry.having(next_attempt_at=max(opens, self._clock.now() + FIRST_DELAY))
        state: State = "local" if full or isinstance(error, StorageFull) else "failed"
        kept = image.having(state=state if entry.parked else "pending", reason=error.reason())
        return [Put("outbox", entry.to_dict()), Put("images", kept.to_dict())]


def _held(entry: OutboxEntry) -> bool:
    """Tell whether only the person, or the server's list, can move it."""
    return entry.acknowledged or (entry.parked and not entry.next_attempt_at)


def _movable(entries: list[OutboxEntry]) -> list[OutboxEntry]:
    """Return the entries that may be sent next: the first of the queue, and parked ones that wait for a time."""
    waiting = [entry for entry in entries if not _held(entry)]
    return [entry for entry in waiting if entry.parked] + [entry for entry in waiting if not entry.parked][:1]


def erase(image_id: str | None) -> list[Change]:
    """Return what removes an image from this browser."""
    return [Delete("images", image_id), Delete("blobs", image_id)] if image_id else []


def _reopen(snapshot: Snapshot) -> list[Change]:
    """Return what makes the first image that waits for a slot due: one is free."""
    entries = [OutboxEntry.from_dict(record) for record in snapshot["outbox"].values()]
    waiting = sorted((e for e in entries if e.parked and e.next_attempt_at), key=lambda e: e.order)
    return [Put("outbox", waiting[0].having(next_attempt_at=0.001).to_dict())] if waiting else []


async def _nothing() -> None:
    await asyncio.sleep(0)
