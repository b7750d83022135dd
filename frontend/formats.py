"""What an image's first bytes tell: its type, and for a PNG its size. The server looks at all of them."""

HEAD = 32  # bytes that are enough
_SIZE_ENDS = 24  # bytes of a PNG up to its height

EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/gif": "gif",
}


def content_type(head: bytes) -> str:
    """Return the type that the first bytes show, empty if they are no image we keep."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if head[4:12] in (b"ftypavif", b"ftypavis") else ""


def png_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG in pixels, as its header states them; None for anything else."""
    if content_type(head) != "image/png" or head[12:16] != b"IHDR" or len(head) < _SIZE_ENDS:
        return None
    width, height = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    return (width, height) if width and height else None
