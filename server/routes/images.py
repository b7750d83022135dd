"""Save, list, count, view, download, delete."""

import base64
import hashlib

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server import answers, downloads
from server.auth import Auth
from server.images import Images
from server.limits import next_slot
from server.logs import log
from server.rates import Rates
from server.uploads import Memory, idempotency_key, read_draft, refuse_too_large


class ImageRoutes:
    """`/api/images/*`; `max_size` in bytes per image."""

    def __init__(self, images: Images, auth: Auth, rates: Rates, max_size: int) -> None:
        self._images = images
        self._auth = auth
        self._rates = rates
        self._max_size = max_size
        self._memory = Memory()

    async def save(self, request: Request) -> Response:
        """Store an image: 201 with its record, or 200 with the same record for a retry."""
        refuse_too_large(request, self._max_size)
        user = await self._user(request)
        self._rates.save(user)
        key = idempotency_key(request)
        async with self._memory.upload(user) as take:
            draft = await read_draft(request, self._max_size, take)
            saved = await self._images.save(user, draft, key)
        record, event = saved.record, "image_replayed" if saved.replayed else "image_saved"
        log.info(event, image=record.id, sha256=record.sha256[:12], size=record.size, replaced=draft.details.replace)
        response = answers.success(saved.record, 200 if saved.replayed else 201)
        if saved.replayed:
            response.headers["Idempotent-Replay"] = "true"
        return response

    async def daily(self, request: Request) -> Response:
        """List the live images, newest last, without their bytes; 304 when nothing has changed."""
        images = await self._images.live(await self._user(request))
        facts = {"images": images, "count": len(images), "maxCount": self._images.max_images}
        etag = f'"{hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if answers.not_modified(request, etag):
            return Response(status_code=304, headers=headers)
        response = answers.success(facts)
        response.headers.update(headers)
        return response

    async def stats(self, request: Request) -> Response:
        """Count the images and the room left."""
        images = await self._images.live(await self._user(request))
        allowed = self._images.max_images
        expiries = [image.expires_at for image in images]
        stats = {
            "totalImages": len(images),
            "maxImages": allowed,
            "remainingImages": max(0, allowed - len(images)),
            "totalSize": sum(image.size for image in images),
            "maxSize": self._max_size,
            "next_slot_at": next_slot(expiries, allowed),
            "next_expiry_at": min(expiries, default=None),
        }
        return answers.success({"stats": stats})

    async def get(self, request: Request) -> Response:
        """Return record and bytes in one JSON object, base64, as the original does."""
        record, data = await self._images.read(await self._user(request), request.path_params["id"])
        return answers.success({**msgspec.to_builtins(record), "data": base64.b64encode(data).decode()})

    async def content(self, request: Request) -> Response:
        """Return the bytes for viewing."""
        return await self._bytes(request, attachment=False)

    async def download(self, request: Request) -> Response:
        """Return the bytes for keeping, under a speaking name."""
        return await self._bytes(request, attachment=True)

    async def delete(self, request: Request) -> Response:
        """Remove an image; its slot is free, and nobody sees it any more, when the answer arrives."""
        user, image_id = await self._user(request), request.path_params["id"]
        await self._images.delete(user, image_id)
        log.info("image_deleted", image=image_id)
        return answers.message(request, "image_deleted")

    async def _bytes(self, request: Request, *, attachment: bool) -> Response:
        user, image_id = await self._user(request), request.path_params["id"]
        record = await self._images.find(user, image_id)
        headers = downloads.headers_of(record, attachment=attachment)
        if answers.not_modified(request, headers["ETag"]):  # the bytes need not be read
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            headers["Content-Length"] = str(record.size)
            return Response(headers=headers, media_type=record.content_type)
        part = downloads.part(request, record)
        return downloads.Content(await self._images.open(user, record), part, record, headers)

    async def _user(self, request: Request) -> str:
        return (await self._auth.session(request)).user.id
