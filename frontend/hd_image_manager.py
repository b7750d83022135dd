"""The gallery's heart: save, list, view, download, delete.

Local first: this browser's own store is written before anything is shown as done, and the outbox carries it on.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from frontend.api import Api
from frontend.clock import Clock
from frontend.database import Change, Database, Delete, Put, Snapshot
from frontend.errors import ClientError, NotFound, Refused
from frontend.formats import EXTENSIONS, content_type, png_size
from frontend.models import Image, ImageRequest, OutboxEntry
from frontend.outbox import Outbox, erase


class Files(Protocol):
    """What the platform does with bytes; they never enter Python. Blobs are opaque."""

    def size(self, blob: Any) -> int:
        """Return the number of bytes."""

    async def look(self, blob: Any) -> tuple[bytes, str]:
        """Return the first bytes (`formats.HEAD` of them) and the SHA-256 of all, in hexadecimal."""

    async def dimensions(self, blob: Any) -> tuple[int, int]:
        """Return width and height in pixels; raises ValueError for what cannot be decoded."""

    async def sha256(self, blob: Any) -> str:
        """Return the digest in hexadecimal."""

    async def thumbnail(self, blob: Any) -> Any:
        """Return a small picture of it, derived; raises ValueError for what cannot be decoded."""

    async def zip(self, files: list[tuple[str, Any]]) -> Any:
        """Return one archive of named files."""

    def save_as(self, blob: Any, name: str) -> None:
        """Hand the bytes to the person as a file."""


class HDImageManager:
    """The images of one account (or of nobody) in this browser."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        api: Api,
        files: Files,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        signed_in: bool,
    ) -> None:
        self.database = database
        self.outbox = outbox
        self._api = api
        self._files = files
        self._clock = clock
        self._new_id = new_id
        self.signed_in = signed_in
        outbox.prove = self._prove

    async def save(
        self,
        request: ImageRequest,
        blob: Any,
        *,
        most: int | None = None,
        begun: Callable[[Image, asyncio.Task[None]], None] = lambda _image, _written: None,
    ) -> Image:
        """Keep an image: record, bytes and outbox entry in one transaction. Returns once that is on disk here.

        `begun` is told the writing when that has begun. One of more than `most` bytes is not sent: it stays in this
        browser, with the reason. Raises ClientError `not_an_image` or `damaged_image` for bytes that are none, and
        nothing of them stays; DiskFull when this browser will not store it.
        """
        image, proved = await self._describe(request, blob)
        if too_large := most is not None and image.size > most:
            image = image.having(state="failed", reason={"code": "image_too_large", "error": "", "max_size": most})
        changes: list[Change] = [Put("images", image.to_dict()), Put("blobs", {"id": image.id, "blob": blob})]
        if self.signed_in:
            changes.append(Put("outbox", self.outbox.entry("save", image.id, parked=too_large).to_dict()))
        if self.signed_in and not too_large:
            self.outbox.fresh.put(image, blob)
        written = asyncio.ensure_future(self.database.write(*changes))
        begun(image, written)
        try:
            await written
        except BaseException:
            self.outbox.fresh.drop(image.id)
            raise
        if not proved:
            await self._prove_behind(image, blob)
        return image

    async def _prove_behind(self, image: Image, blob: Any) -> None:
        """Decode an image while or after it is sent, and take it back where that fails."""
        await self.outbox.fresh.before_other_work()
        try:
            await self._prove(blob)
        except ClientError:
            await self.delete(image.id)
            raise

    async def _prove(self, blob: Any) -> tuple[int, int]:
        """Return the size in pixels; raises ClientError for what cannot be decoded."""
        try:
            return await self._files.dimensions(blob)
        except ValueError as error:
            raise Refused("this image is damaged", code="damaged_image") from error

    async def list(self) -> list[Image]:
        """Return what there is to show, newest first, expired ones left out."""
        records = await self.database.all("images")
        images = [Image.from_dict(record) for record in records]
        now = self._clock.now()
        return newest_first([image for image in images if not image.expired(now)])

    async def get(self, image_id: str) -> Image:
        """Return one image; raises NotFound, also for what is no id at all: plain JavaScript calls this too."""
        record = await self.database.get("images", image_id) if isinstance(image_id, str) else None
        if record is None:
            raise NotFound(image_id)
        return Image.from_dict(record)

    async def refresh(self) -> None:
        """Bring this browser's list to the server's wherever nothing is pending; raises ClientError."""
        listed = {record["id"]: record for record in await self._api.daily()}

        def merge(snapshot: Snapshot) -> list[Change]:
            busy = {OutboxEntry.from_dict(record).image_id for record in snapshot["outbox"].values()}
            here = {key: Image.from_dict(record) for key, record in snapshot["images"].items()}
            gone = [i for i in here.values() if i.state == "saved" and i.id not in listed and i.id not in busy]
            changes = [change for image in gone for change in erase(image.id)]
            for key in listed.keys() - busy:
                known = here.get(key) or Image(key, "", self._clock.now())
                if (new := known.saved(listed[key])) != here.get(key):
                    changes.append(Put("images", new.to_dict()))
            return changes

        await self.outbox.confirm(set(listed))
        await self.database.update(("images", "outbox"), merge)

    async def blob(self, image_id: str) -> Any:
        """Return the exact bytes, from this browser or else from the server, their digest checked."""
        stored = await self.database.get("blobs", image_id)
        if stored and stored.get("blob"):
            return stored["blob"]
        blob = await self._api.content(image_id)
        image = await self.get(image_id)
        if image.sha256 and await self._files.sha256(blob) != image.sha256:
            raise ClientError("the bytes that arrived are not the bytes that were saved", code="digest_mismatch")
        await self._keep({"id": image_id, "blob": blob})
        return blob

    async def thumbnail(self, image_id: str) -> Any:
        """Return the small picture of an image, made when it is first shown and kept: no save waits for it."""
        await self.outbox.fresh.before_other_work()
        stored = await self.database.get("blobs", image_id)
        if stored and stored.get("thumbnail"):
            return stored["thumbnail"]
        blob = await self.blob(image_id)
        thumbnail = await self._files.thumbnail(blob)
        await self._keep({"id": image_id, "blob": blob, "thumbnail": thumbnail})
        return thumbnail

    async def _keep(self, record: dict[str, Any]) -> None:
        """Keep bytes, unless their image has been deleted meanwhile."""
        await self.database.update(
            ("images",), lambda now: [Put("blobs", record)] if now["images"] else [], key=record["id"]
        )

    async def download(self, image_id: str) -> None:
        """Hand the exact bytes to the person, their digest checked once more."""
        image = await self.get(image_id)
        self._files.save_as(await self._proved(image), file_name(image))

    async def download_all(self, image_ids: Sequence[str]) -> None:
        """Hand several images to the person, as one archive; a single one as it is."""
        if len(image_ids) == 1:
            await self.download(image_ids[0])
            return
        images = [await self.get(image_id) for image_id in image_ids]
        files = [(file_name(image), await self._proved(image)) for image in images]
        self._files.save_as(await self._files.zip(files), "hd-images.zip")

    async def _proved(self, image: Image) -> Any:
        blob = await self.blob(image.id)
        if image.sha256 and await self._files.sha256(blob) != image.sha256:
            raise ClientError("the bytes here are not the bytes that were saved", code="digest_mismatch")
        return blob

    async def delete(self, image_id: str) -> None:
        """Delete an image: gone here at once, for the server as soon as it can be told."""
        await self.get(image_id)
        entry = self.outbox.entry("delete", image_id)
        told = [Put("outbox", entry.to_dict())] if self.signed_in else []
        self.outbox.fresh.drop(image_id)
        await self.database.write(*erase(image_id), Delete("outbox", image_id), *told)

    async def send_again(self, image_id: str, *, replace: str | None = None) -> None:
        """Send a refused image again, giving up another one in the same step if named."""
        image = await self.get(image_id)
        entry = self.outbox.entry("save", image_id, replace=replace)
        pending = image.having(state="pending", reason=None)
        await self.database.write(Put("images", pending.to_dict()), Put("outbox", entry.to_dict()))

    async def keep_here(self, image_id: str) -> None:
        """Keep a refused image in this browser only; it is not sent until the person asks."""
        image = await self.get(image_id)
        kept = image.having(state="local", reason={"code": "kept_here", "error": ""})
        entry = self.outbox.entry("save", image_id, parked=True)
        await self.database.write(Put("images", kept.to_dict()), Put("outbox", entry.to_dict()))

    async def drop_expired(self) -> None:
        """Erase what the server has let go of."""
        now = self._clock.now()
        records = [Image.from_dict(record) for record in await self.database.all("images")]
        if gone := [change for image in records if image.expired(now) for change in erase(image.id)]:
            await self.database.write(*gone)

    async def adopt(self, other: Database) -> int:
        """Take over the images of another store (those made while signed out); return how many.

        Each is written here, outbox entry included, before it is removed there; its id stays, so a cut in the middle
        doubles nothing.
        """
        images = sorted((Image.from_dict(record) for record in await other.all("images")), key=lambda i: i.created_at)
        for image in images:
            stored = await other.get("blobs", image.id)
            entry = self.outbox.entry("save", image.id)
            mine = image.having(state="pending", reason=None)
            await self.database.write(
                Put("images", mine.to_dict()), Put("blobs", stored or {"id": image.id}), Put("outbox", entry.to_dict())
            )
            await other.write(*erase(image.id))
        return len(images)

    async def _describe(self, request: ImageRequest, blob: Any) -> tuple[Image, bool]:
        """Return the image, and whether its bytes were decoded.

        A PNG has checksums, and the server says `saved` only when they are right: it is sent first and decoded then.
        Damage to the others shows in nothing but decoding, and where nobody is signed in nobody else looks.
        """
        head, sha256 = await self._files.look(blob)
        if not (kind := content_type(head)):
            raise ClientError("these bytes are no image", code="not_an_image")
        stated = png_size(head) if self.signed_in else None
        width, height = stated or await self._prove(blob)
        image = Image(
            id=self._new_id(),
            prompt=request.prompt,
            created_at=self._clock.now(),
            negative=request.negative,
            width=width,
            height=height,
            seed=request.seed,
            model=request.model,
            size=self._files.size(blob),
            content_type=kind,
            sha256=sha256,
            state="pending" if self.signed_in else "local",
            reason=None if self.signed_in else {"code": "signed_out", "error": ""},
            original_prompt=request.original_prompt,
            revised_prompt=request.revised_prompt,
            requested_width=request.width,
            requested_height=request.height,
            requested_format=request.format,
        )
        return image, stated is None


def newest_first(images: Sequence[Image]) -> list[Image]:
    """Return images in the order they are shown in."""
    return sorted(images, key=lambda image: -image.created_at)


def file_name(image: Image) -> str:
    """Return a name for the downloaded file: the prompt's first words and the id's start, safe on every system."""
    words = re.sub(r"[^\w\-]+", "-", image.prompt, flags=re.UNICODE).strip("-_")[:40].strip("-_")
    return f"{words or 'image'}-{image.id[:8]}.{EXTENSIONS.get(image.content_type, 'img')}"
