"""From a scene to a drawing: the order of the layers."""

from collections.abc import Iterator

from frontend.generators.landscape.details import floating, flying, standing, weather
from frontend.generators.landscape.drawing import Drawing, Grain, Operation
from frontend.generators.landscape.land import land
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shore import shore
from frontend.generators.landscape.sky import sky
from frontend.generators.landscape.water import water

_LAYERS = (sky, flying, land, water, floating, shore, standing, weather)
_TILE = 256  # pixels


def compose(scene: Scene) -> Iterator[tuple[Operation, ...]]:
    """Give the operations layer by layer, so that the caller can breathe between them."""
    for layer in _LAYERS:
        yield tuple(layer(scene))
    size = max(1, round((scene.width * scene.height / 1_300_000) ** 0.5))
    yield (Grain(noise=scene.chance("grain").randbytes(_TILE * _TILE), side=_TILE, size=size, alpha=0.008),)


def draw(scene: Scene) -> Drawing:
    """Return the whole drawing of a scene."""
    return Drawing(scene.width, scene.height, tuple(operation for layer in compose(scene) for operation in layer))
