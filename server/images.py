"""Images: saved whole or not at all, counted exactly, never evicted, gone when their time is over.

In namespace IMAGES_CACHE: `index/<user>` has the user's records, `content/<user>/<image>` the bytes, and
`replay/<user>/<key>` what a save with that Idempotency-Key answered. Each change is one atomic step that checks the
index's version, so the quota holds whatever runs at once.
"""

import asyncio
import math
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from io import BytesIO, FileIO
from typing import Final
from uuid import uuid4
from weakref import WeakValueDictionary

import msgspec

from server.errors import (
    AlreadyDeleted,
    KeyReused,
    NotFound,
    QuotaExceeded,
    StorageBusy,
    StoredImageDamaged,
    UnknownUser,
    ValueDamaged,
)
from server.kv.base import Namespace, Opened, Step
from server.limits import COMMIT_ATTEMPTS, COMPARED_FOR, MOST_COMPARED, RETRY_SOON, next_slot
from server.records import Draft, Index, Record, Saved, checksum, is_intact
from server.times import iso, seconds

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OFFERED: Final = ("id", "prompt", "created_at", "expires_at", "size")  # of each image that could be given up


class Images:
    """The images of all users; `ttl` in seconds. Every method sees only the user's own."""

    def __init__(self, store: Namespace, *, max_images: int, ttl: int, clock: Callable[[], float]) -> None:
        self.max_images = max_images
        self.ttl = ttl
        self._store = store
        self._clock = clock
        self._compared: dict[int, float] = {}  # when an entry, by its version, was last compared
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def live(self, user_id: str) -> list[Record]:
        """Return the records of all live images, newest last."""
        return list((await self._index(user_id))[0].images)

    async def find(self, user_id: str, image_id: str) -> Record:
        """Return one record; raises NotFound, alike for unknown, foreign, deleted and expired ids."""
        return _found((await self._index(user_id))[0].images, image_id)

    async def read(self, user_id: str, image_id: str) -> tuple[Record, bytes]:
        """Return record and bytes; raises as `find` and `open` do."""
        record = await self.find(user_id, image_id)
        with await self.open(user_id, record) as file, suppress(OSError):
            if len(data := await asyncio.to_thread(file.read)) == record.size:
                return record, data
        raise StoredImageDamaged(id=record.id, retry_after=RETRY_SOON)

    async def open(self, user_id: str, record: Record) -> FileIO | BytesIO:
        """Return the bytes, to be closed by who reads them.

        Raises NotFound, or StoredImageDamaged when they are not those saved, as far as the last minute's look tells.
        """
        try:
            content = await self._store.open(f"content/{user_id}/{record.id}")
        except ValueDamaged:
            content = None
        if content is None:
            await self.find(user_id, record.id)  # deleted since the record was found: NotFound
            raise StoredImageDamaged(id=record.id, retry_after=RETRY_SOON)
        with ExitStack() as undo:
            undo.callback(content.file.close)
            if await self._is_intact(content, record):
                undo.pop_all()
                return content.file
        raise StoredImageDamaged(id=record.id, retry_after=RETRY_SOON)

    async def save(self, user_id: str, draft: Draft, key: str | None = None) -> Saved:
        """Store an image, giving up `draft.details.replace` in the same step; a retry gets the first answer.

        The key, when it is a UUID, becomes the image's id. Raises QuotaExceeded with the images that could be given
        up, KeyReused, AlreadyDeleted, NotFound for `replace`, StorageFull.
        """
        async with self._turn(user_id):
            for _ in range(COMMIT_ATTEMPTS):
                answered = await self._answered(user_id, key)  # first: what it stored is then in the index
                index, version = await self._index(user_id)
                if answered:
                    return _replayed(answered, index, draft)
                record, kept = self._admitted(index, draft, key)
                step = self._step(user_id, (*kept, record), version)
                self._store_content(step, user_id, record, draft, key)
                if await step.commit():
                    return Saved(record, replayed=False)
        raise StorageBusy(retry_after=RETRY_SOON)

    async def delete(self, user_id: str, image_id: str) -> None:
        """Remove an image and free its slot; raises NotFound. Gone for every reader when this returns."""
        async with self._turn(user_id):
            for _ in range(COMMIT_ATTEMPTS):
                index, version = await self._index(user_id)
                gone = _found(index.images, image_id)
                step = self._step(user_id, [record for record in index.images if record != gone], version)
                if await step.delete(f"content/{user_id}/{image_id}").commit():
                    return
        raise StorageBusy(retry_after=RETRY_SOON)

    async def close(self, user_id: str) -> None:
        """Remove everything of a user whose account is being deleted, and let nothing be added any more."""
        closed = msgspec.json.encode(Index(closed=True))
        for _ in range(COMMIT_ATTEMPTS):
            _, version = await self._index(user_id)
            step = self._store.atomic().check(f"index/{user_id}", version)
            for name in [*await self._names(f"content/{user_id}/"), *await self._names(f"replay/{user_id}/")]:
                step.delete(name)
            if await step.put(f"index/{user_id}", closed, expiration=self._clock() + self.ttl).commit():
                return
        raise StorageBusy(retry_after=RETRY_SOON)

    def _admitted(self, index: Index, draft: Draft, key: str | None) -> tuple[Record, list[Record]]:
        """Return the new record and those that stay beside it, if there is room."""
        if index.closed:
            raise UnknownUser
        image_id = key if key and _UUID.fullmatch(key) else str(uuid4())
        if any(record.id == image_id for record in index.images):
            raise KeyReused(id=image_id)
        replaced = draft.details.replace and _found(index.images, draft.details.replace)
        kept = [record for record in index.images if record != replaced]
        if opens := next_slot((record.expires_at for record in kept), self.max_images):
            raise self._refusal(kept, opens)
        created_at = iso(self._clock())
        return Record.of(draft, image_id, created_at, iso(seconds(created_at) + self.ttl)), kept

    def _refusal(self, kept: list[Record], opens: str) -> QuotaExceeded:
        return QuotaExceeded(
            maxCount=self.max_images,
            count=len(kept),
            images=[{name: getattr(record, name) for name in _OFFERED} for record in kept],
            next_slot_at=opens,
            retry_after=max(1, math.ceil(seconds(opens) - self._clock())),
        )

    def _step(self, user_id: str, records: Iterable[Record], version: int | None) -> Step:
        """Begin the step that replaces the index."""
        index = Index(tuple(records))
        step = self._store.atomic().check(f"index/{user_id}", version)
        if not index.images:
            return step.delete(f"index/{user_id}")
        ends = max(seconds(record.expires_at) for record in index.images)
        return step.put(f"index/{user_id}", msgspec.json.encode(index), expiration=ends)

    def _store_content(self, step: Step, user_id: str, record: Record, draft: Draft, key: str | None) -> None:
        ends = seconds(record.expires_at)
        facts = {"sha256": record.sha256, "content_type": record.content_type, "xxh3": checksum(draft.data)}
        step.put(f"content/{user_id}/{record.id}", draft.data, metadata=facts, expiration=ends)
        if draft.details.replace:
            step.delete(f"content/{user_id}/{draft.details.replace}")
        if key:
            remembered = f"replay/{user_id}/{key}"
            step.check(remembered, None).put(remembered, msgspec.json.encode(record), expiration=ends)

    async def _index(self, user_id: str) -> tuple[Index, int | None]:
        """Return the live part of a user's index, and the version to check."""
        entry = await self._store.get(f"index/{user_id}")
        if entry is None:
            return Index(), None
        index, now = msgspec.json.decode(entry.value, type=Index), iso(self._clock())
        live = tuple(record for record in index.images if record.expires_at > now)
        return msgspec.structs.replace(index, images=live), entry.version

    async def _answered(self, user_id: str, key: str | None) -> Record | None:
        entry = await self._store.get(f"replay/{user_id}/{key}") if key else None
        return msgspec.json.decode(entry.value, type=Record) if entry else None

    async def _names(self, prefix: str) -> list[str]:
        page = await self._store.list(prefix)
        names = [key.name for key in page.keys]
        while page.cursor:
            page = await self._store.list(prefix, cursor=page.cursor)
            names += [key.name for key in page.keys]
        return names

    async def _is_intact(self, content: Opened, record: Record) -> bool:
        """Compare the bytes with what was saved, unless that was done a moment ago: who asks for parts asks often."""
        now = self._clock()
        if 0 <= now - self._compared.get(content.version, -COMPARED_FOR) < COMPARED_FOR:
            return True
        if len(self._compared) >= MOST_COMPARED:
            self._compared.clear()
        if intact := await is_intact(content, record.sha256):
            self._compared[content.version] = now
        return intact

    def _turn(self, user_id: str) -> asyncio.Lock:
        """One save or delete per user at a time in this process: spares retries; the step's checks are what counts."""
        return self._turns.setdefault(user_id, asyncio.Lock())


def _found(images: Iterable[Record], image_id: str) -> Record:
    for record in images:
        if record.id == image_id:
            return record
    raise NotFound


def _replayed(answered: Record, index: Index, draft: Draft) -> Saved:
    if not answered.matches(draft):
        raise KeyReused(id=answered.id)
    if answered not in index.images:
        raise AlreadyDeleted(id=answered.id)
    return Saved(answered, replayed=True)
