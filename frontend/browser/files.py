"""Bytes, by the platform: digest, type, object URLs, handing a file to the person. No byte is copied into Python."""

import hashlib
from typing import Any

import js
from pyodide.ffi import create_once_callable, to_js

from frontend.browser import canvas
from frontend.browser.ffi import obj
from frontend.formats import HEAD

_URL_LIFE = 60_000  # milliseconds an object URL outlives the click: some browsers read it late


class Files:
    """What the platform does with a Blob."""

    def size(self, blob: Any) -> int:
        """Return the number of bytes."""
        return int(blob.size)

    async def look(self, blob: Any) -> tuple[bytes, str]:
        """Return the first bytes and the digest in hexadecimal: read once."""
        buffer = await blob.arrayBuffer()
        return buffer.slice(0, HEAD).to_bytes(), await _digest(buffer)

    async def sha256(self, blob: Any) -> str:
        """Return the digest in hexadecimal."""
        return await _digest(await blob.arrayBuffer())

    async def dimensions(self, blob: Any) -> tuple[int, int]:
        """Return width and height in pixels; raises ValueError for what cannot be decoded."""
        return await canvas.dimensions(blob)

    async def thumbnail(self, blob: Any) -> Any:
        """Return a small derived picture; raises ValueError for what cannot be decoded."""
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


async def _digest(buffer: Any) -> str:
    """Return the SHA-256. Without a secure context there is no WebCrypto: hashlib then, on a copy."""
    subtle = getattr(js.crypto, "subtle", None)
    if not subtle:
        return hashlib.sha256(buffer.to_bytes()).hexdigest()
    return str((await subtle.digest("SHA-256", buffer)).to_bytes().hex())
