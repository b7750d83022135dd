"""A procedural landscape painter: words choose light, place and weather; chance does the rest. It is no AI model."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from frontend.models import ImageRequest

if TYPE_CHECKING:
    from frontend.generators.landscape.drawing import Drawing, Operation


class Landscape:
    """Paints in the browser, without key and network; the same request gives the same picture."""

    name = "landscape"

    def __init__(self, paint: Callable[["Drawing"], Awaitable[Any]]) -> None:
        self._paint = paint

    async def generate(self, request: ImageRequest) -> tuple[ImageRequest, Any]:
        """Return the request and the picture as a Blob; between its layers the page gets its turn."""
        # Imported with the first picture: compiling the painter would delay the page's start by a tenth of a second.
        from frontend.generators.landscape.scene import imagine  # noqa: PLC0415

        await asyncio.sleep(0)
        from frontend.generators.landscape.drawing import Drawing  # noqa: PLC0415
        from frontend.generators.landscape.painter import compose  # noqa: PLC0415

        scene = imagine(request)
        operations: list[Operation] = []
        for layer in compose(scene):
            operations += layer
            await asyncio.sleep(0)
        return request, await self._paint(Drawing(scene.width, scene.height, tuple(operations)))
