"""The only door to the browser's painting: drawings become PNG Blobs, images become thumbnails.

Operations are told apart by the name of their class (see `frontend/generators/landscape/drawing.py`).
"""

import asyncio
from time import perf_counter
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable, to_js

from frontend.browser.ffi import obj

_BREATH = 0.012  # seconds of painting between two turns of the event loop
_SPRITE = 128  # pixels
_TWO_THIRDS = bytes(255 * (42 < value < 213) for value in range(256))  # noqa: PLR2004 - a third stays clear
_MOST = 2_000_000  # bytes of a PNG; an account keeps at most 2 MiB per image


def _canvas(width: float, height: float, *, opaque: bool = False) -> Any:
    """Return the 2D context of a new canvas, kept in memory: the same strokes give the same bytes."""
    width, height = max(1, round(width)), max(1, round(height))
    if hasattr(js, "OffscreenCanvas"):
        canvas = js.OffscreenCanvas.new(width, height)
    else:
        canvas = js.document.createElement("canvas")
        canvas.width, canvas.height = width, height
    return canvas.getContext("2d", obj({"alpha": not opaque, "willReadFrequently": True}))


async def _blob(context: Any, kind: str, quality: float = 0.8) -> Any:
    canvas = context.canvas
    if hasattr(canvas, "convertToBlob"):
        return await canvas.convertToBlob(obj({"type": kind, "quality": quality}))
    made = asyncio.get_running_loop().create_future()
    canvas.toBlob(create_once_callable(made.set_result), kind, quality)
    return await made


def _paint(context: Any, paint: Any) -> Any:
    """Return a colour as it is, a gradient as the browser's own."""
    if isinstance(paint, str):
        return paint
    linear = len(paint.geometry) == 4  # noqa: PLR2004 - x0 y0 x1 y1
    make = context.createLinearGradient if linear else context.createRadialGradient
    gradient = make(*paint.geometry)
    for offset, colour in paint.stops:
        gradient.addColorStop(offset, colour)
    return gradient


def _bitmap(alpha: bytes, width: int, height: int, tone: bytes | None = None) -> Any:
    """Return a context that holds these opacities, black or in the given tones."""
    pixels = bytearray(4 * width * height)
    pixels[3::4] = alpha
    if tone:
        pixels[0::4] = pixels[1::4] = pixels[2::4] = tone
    context = _canvas(width, height)
    image = js.ImageData.new(js.Uint8ClampedArray.new(to_js(pixels)), width, height)
    context.putImageData(image, 0, 0)
    return context


def _fill(context: Any, operation: Any) -> None:
    paint = _paint(context, operation.paint)
    if not operation.path:
        context.fillStyle = paint
        context.fillRect(0, 0, context.canvas.width, context.canvas.height)
    elif operation.line:
        context.strokeStyle, context.lineWidth = paint, operation.line
        context.lineCap = context.lineJoin = "round"
        context.stroke(js.Path2D.new(operation.path))
    else:
        context.fillStyle = paint
        context.fill(js.Path2D.new(operation.path))


def _stamp(context: Any, operation: Any) -> None:
    path = js.Path2D.new(operation.path)
    context.fillStyle = _paint(context, operation.paint)
    place, fill = context.setTransform, context.fill
    for x, y, scale_x, scale_y in operation.places:
        place(scale_x, 0, 0, scale_y, x, y)
        fill(path)


def _glow(context: Any, operation: Any) -> None:
    """Stretch one small sprite: faster than a large gradient, and without its dither the PNG is half the size."""
    sprite = _canvas(_SPRITE, _SPRITE)
    half = _SPRITE / 2
    gradient = sprite.createRadialGradient(half, half, 0, half, half, half)
    for offset, colour in operation.stops:
        gradient.addColorStop(offset, colour)
    sprite.fillStyle = gradient
    sprite.fillRect(0, 0, _SPRITE, _SPRITE)
    image, draw = sprite.canvas, context.drawImage
    for x, y, across, down in operation.places:
        draw(image, x - across, y - down, 2 * across, 2 * down)


def _sum(noise: bytes, columns: int, rows: int, octaves: int) -> Any:
    """Return a small context whose opacity is the sum of octaves of noise."""
    finest = 2 ** (octaves - 1)
    width, height = columns * finest, rows * finest
    source, sheet = _bitmap(noise, width, height).canvas, _canvas(width * 2, height * 2)
    sheet.globalCompositeOperation = "lighter"
    for octave in range(octaves):
        across, down = columns << octave, rows << octave
        sheet.globalAlpha = 0.5**octave / (2 - 1 / finest)
        sheet.drawImage(source, (width - across) * (octave % 2), 0, across, down, 0, 0, width * 2, height * 2)
    return sheet


def _noise(operation: Any) -> tuple[bytes, int, int]:
    """Return the opacities of a texture before its curves, and their columns and rows."""
    shape = (*operation.cells, operation.octaves)
    sheet = _sum(operation.noise, *shape)
    width, height = sheet.canvas.width, sheet.canvas.height
    if any(operation.relief):
        reverse = _sum(operation.noise.translate(bytes(range(255, -1, -1))), *shape)
        flat = _canvas(width, height)
        flat.globalCompositeOperation, flat.globalAlpha = "lighter", 0.5
        flat.drawImage(sheet.canvas, 0, 0)
        flat.drawImage(reverse.canvas, *operation.relief)
        sheet = flat
    return sheet.getImageData(0, 0, width, height).data.to_bytes()[3::4], width, height


def _texture(context: Any, operation: Any) -> None:
    """Lay the coats over each other while they are small, then stretch them into the box."""
    noise, width, height = _noise(operation)
    left, top, across, down = operation.box
    sheet = _canvas(width, height)
    for coat in operation.coats:
        mask = _bitmap(noise.translate(coat.curve), width, height)
        mask.setTransform(width / across, 0, 0, height / down, -left * width / across, -top * height / down)
        mask.globalCompositeOperation = "source-in"
        mask.fillStyle = _paint(mask, coat.paint)
        mask.fillRect(left, top, across, down)
        sheet.globalAlpha = coat.alpha
        sheet.drawImage(mask.canvas, 0, coat.drop * height / down)
    if operation.within:
        context.clip(js.Path2D.new(operation.within))
    context.translate(left + across / 2, top + down / 2)
    context.rotate(operation.turn)
    context.drawImage(sheet.canvas, -across / 2, -down / 2, across, down)


def _reflection(context: Any, operation: Any) -> None:
    """Copy what stands above once, smeared downwards, then lay it out strip by strip."""
    width, top = context.canvas.width, operation.top
    height = sum(strip for strip, _ in operation.strips)
    seen = min(top, height * operation.depth)
    copy = _canvas(width, height / 3)
    copy.setTransform(1, 0, 0, -1, 0, height / 3)
    copy.drawImage(context.canvas, 0, top - seen, width, seen, 0, 0, width, height / 3)
    y = 0.0
    for strip, shift in operation.strips:
        context.drawImage(copy.canvas, 0, y / 3, width, strip / 3, shift - 20, top + y, width + 40, strip + 0.6)
        y += strip


def _grain(context: Any, operation: Any) -> None:
    """Lay the grain, then make every value even: nobody sees it, and the PNG is a sixth smaller."""
    side, noise = operation.side, operation.noise
    light_or_dark = bytes(128) + b"\xff" * 128
    tile = _bitmap(noise[1:].translate(_TWO_THIRDS) + b"\0", side, side, noise.translate(light_or_dark))
    width, height = context.canvas.width, context.canvas.height
    context.imageSmoothingEnabled = False
    context.scale(operation.size, operation.size)
    context.fillStyle = context.createPattern(tile.canvas, "repeat")
    context.fillRect(0, 0, width, height)
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.globalAlpha, context.fillStyle = 1, "rgb(0 0 0 / 0.5)"
    context.fillRect(0, 0, width, height)
    context.globalCompositeOperation = "lighter"
    context.drawImage(context.canvas, 0, 0)


_HANDS = {
    "Fill": _fill,
    "Stamp": _stamp,
    "Glow": _glow,
    "Texture": _texture,
    "Reflection": _reflection,
    "Grain": _grain,
}


async def paint(drawing: Any) -> Any:
    """Carry out the drawing and return it as a PNG Blob; the event loop gets its turn between operations.

    A picture too large to be kept as PNG (from about 1.2 megapixels on) becomes a JPEG of high quality.
    """
    context = _canvas(drawing.width, drawing.height, opaque=True)
    began = perf_counter()
    for operation in drawing.operations:
        context.save()
        context.globalCompositeOperation, context.globalAlpha = operation.blend, operation.alpha
        _HANDS[type(operation).__name__](context, operation)
        context.restore()
        if perf_counter() - began > _BREATH:
            await asyncio.sleep(0)
            began = perf_counter()
    blob = await _blob(context, "image/png")
    return blob if blob.size <= _MOST else await _blob(context, "image/jpeg", 0.95)


async def _decode(blob: Any) -> Any:
    """Return the image's pixels, to be closed; raises ValueError for what cannot be decoded."""
    try:
        return await js.createImageBitmap(blob)
    except JsException as error:
        raise ValueError(str(error)) from error


async def dimensions(blob: Any) -> tuple[int, int]:
    """Return the width and height of an image, as the browser decodes it."""
    bitmap = await _decode(blob)
    try:
        return bitmap.width, bitmap.height
    finally:
        bitmap.close()


async def thumbnail(blob: Any, size: int) -> Any:
    """Return the image as a WebP Blob with its long side at most `size` and 512 pixels, not distorted."""
    bitmap = await _decode(blob)
    try:
        share = min(1.0, min(size, 512) / max(bitmap.width, bitmap.height))
        context = _canvas(bitmap.width * share, bitmap.height * share)
        context.imageSmoothingQuality = "high"
        context.drawImage(bitmap, 0, 0, context.canvas.width, context.canvas.height)
    finally:
        bitmap.close()
    return await _blob(context, "image/webp")
