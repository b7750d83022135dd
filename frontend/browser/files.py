"""Bytes, by the platform: digest, type, object URLs, handing a file to the person. No byte is copied into Python."""

import hashlib
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable, to_js

from frontend.browser import canvas
from frontend.browser.ffi import obj

_URL_LIFE = 60_000  # milliseconds an object URL outlives the click: some browsers read it late


class Files:
    """What the platform does with a Blob."""

    def size(self, blob: Any) -> int:
        """Return the number of bytes."""
        return int(blob.size)

    async def content_type(self, blob: Any) -> str:
        """Return the type that the first bytes show, empty if they are no image we keep. The server looks closer."""
        head = (await blob.slice(0, 16).arrayBuffer()).to_bytes()
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return "image/png"
        if head.startswith(b"\xff\xd8\xff"):
            return "image/jpeg"
        if head.startswith((b"GIF87a", b"GIF89a")):
            return "image/gif"
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        return "image/avif" if head[4:12] in (b"ftypavif", b"ftypavis") else ""

    async def dimensions(self, blob: Any) -> tuple[int, int]:
        """Return width and height in pixels; raises ValueError for what cannot be decoded."""
        try:
            return await canvas.dimensions(blob)
        except JsException as error:
            raise ValueError(str(error)) from error

    async def sha256(self, blob: Any) -> str:
        """Return the digest in hexadecimal. Without a secure context there is no WebCrypto: hashlib then, on a copy."""
        buffer = await blob.arrayBuffer()
        subtle = getattr(js.crypto, "subtle", None)
        if not subtle:
            return hashlib.sha256(buffer.to_bytes()).hexdigest()
        return str((await subtle.digest("SHA-256", buffer)).to_bytes().hex())

    async def thumbnail(self, blob: Any) -> Any:
        """Return a small derived picture."""
        return await canvas.thumbnail(blob, 512)

    async def zip(self, files: list[tuple[str, Any]]) -> Any:
        """Return one archive of named Blobs, stored as they are; its library is loaded when first needed."""
        return await js.hdPage.zip(to_js([obj({"name": name, "input": blob}) for name, blob in files]))

    def save_as(self, blob: Any, name: str) -> None:
        """Hand the bytes to the person as a file of that name."""
        link = js.document.createElement("a")
        link.href = js.URL.createObjectURL(blob)
        link.download = name
        link.click()
        address = link.href
        js.setTimeout(create_once_callable(lambda: js.URL.revokeObjectURL(address)), _URL_LIFE)
