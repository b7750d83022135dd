"""The foreground: a strip of near land or a beach, with grass, flowers, trees, a bough of blossom."""

from collections.abc import Iterator
from random import Random

from frontend.generators.landscape import shapes
from frontend.generators.landscape.drawing import Fill, Gradient, Operation, Place, Stamp, coat, texture
from frontend.generators.landscape.land import tone
from frontend.generators.landscape.palette import mix
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shapes import Point

_FLOWERS = (
    ("#e4572e", "#f6c445", "#f4f0e6"),
    ("#8e6bd1", "#b48be4", "#efe3ff"),
    ("#f28fb0", "#fbd0dd", "#ffffff"),
    ("#f6b13c", "#ffe27a", "#e86f3a"),
)
_BLOSSOMS = ("#e88fb0", "#f5b5cb", "#fbd3e0", "#fff0f5")


def shoreline(scene: Scene) -> list[Point]:
    """Return the upper edge of the near land, from left to right."""
    rng, unit, bend = scene.chance("shoreline"), scene.unit, 4 if scene.has("sea") else 7
    side, low = rng.choice((0, 1)), scene.height - unit * 5
    steps = [(i / 6, rng.uniform(0, 1.2 if scene.has("sea") else 3)) for i in range(7)]
    return [((1.2 * t - 0.1) * scene.width, low - unit * (lift + bend * (t - side) ** 2)) for t, lift in steps]


def shore(scene: Scene) -> Iterator[Operation]:
    """Paint the near land and what grows there."""
    line = shoreline(scene)
    if scene.has("sea"):
        yield from _beach(scene, line)
    elif not scene.has("desert") and not (scene.has("city") and scene.has("lake", "river")):
        yield from _bank(scene, line)
        yield from _grass(scene, line)
    if scene.has("flowers"):
        yield from _flowers(scene, line)
    if scene.has("sakura"):
        yield from _blossom(scene)
    elif scene.has("forest", "summer", "plants"):
        yield from _palms(scene) if scene.has("sea") else _spruces(scene, line)


def _bank(scene: Scene, line: list[Point]) -> Iterator[Operation]:
    colour, path = _close(scene, 0.45), shapes.closed(shapes.smooth(line), scene.width, scene.height + 1)
    top, light = min(y for _, y in line), scene.palette.light
    stops = (0, mix(colour, light, 0.1)), (1, mix(colour, scene.palette.near, 0.5))
    yield Fill(path, Gradient((0, top, 0, scene.height), stops))
    box = (0.0, top, float(scene.width), scene.height - top)
    yield texture(scene.chance("bank"), box, (9, 4), 4, coat(mix(colour, light, 0.3), 0.5, 0.75, 0.35), within=path)


def _close(scene: Scene, dark: float) -> str:
    """Return the colour of what stands close by."""
    return mix(tone(scene, 1.0), scene.palette.near, dark)


def _beach(scene: Scene, line: list[Point]) -> Iterator[Operation]:
    """Paint wet sand and the foam of the last waves."""
    rng, unit, tones, height = scene.chance("beach"), scene.unit, scene.palette, scene.height
    sand, foam = mix(mix("#e9cfa0", tones.sky[2], 0.25), tones.near, scene.gloom), mix("#ffffff", tones.sky[3], 0.35)
    path, top = shapes.smooth(line), min(y for _, y in line)
    body, dark = shapes.closed(path, scene.width, height + 1), mix(sand, tones.near, 0.4)
    yield Fill(body, Gradient((0, top, 0, height), ((0, mix(sand, tones.sky[1], 0.3)), (1, sand))))
    yield Fill(path, dark, unit * 2.2, alpha=0.35)
    for lift, thick, alpha in ((0.2, 1.3, 0.45), (0.0, 0.5, 0.9), (2.6, 0.5, 0.35), (5.2, 0.35, 0.2)):
        wave = [(x, y - unit * (lift + rng.uniform(-0.3, 0.5))) for x, y in line]
        yield Fill(shapes.smooth(wave), foam, thick * unit, alpha=alpha * (0.95 - 0.6 * scene.gloom))
    box = (0.0, top, float(scene.width), height - top)
    yield texture(rng, box, (5, 9), 4, coat(dark, 0.5, 0.8, 0.3), within=body)


def _grass(scene: Scene, line: list[Point]) -> Iterator[Operation]:
    rng, unit = scene.chance("grass"), scene.unit
    tall = unit * (3.2 if scene.has("meadow", "flowers") else 2.0)
    for depth, other, share in ((0.0, scene.palette.light, 0.16), (1.6, scene.palette.near, 0.3)):
        roots = []
        for _ in range(230):
            x = rng.uniform(0, scene.width)
            roots.append((x, shapes.height_at(line, x) + unit * (rng.uniform(0, 4) + depth)))
        yield Fill(shapes.grass(rng, roots, tall * (0.85 + 0.2 * depth)), mix(_close(scene, 0.35), other, share))


def _flowers(scene: Scene, line: list[Point]) -> Iterator[Operation]:
    """Scatter flowers, smaller with distance."""
    rng, unit = scene.chance("flowers"), scene.unit
    deep = 0.0 if scene.has("lake", "river", "sea") else (scene.height - scene.horizon) * 0.28
    for hue in rng.choice(_FLOWERS):
        places = []
        for _ in range(150):
            x, near = rng.uniform(0, scene.width), rng.random()
            y = shapes.height_at(line, x) + unit * (7 * near**2 - 2.5) - deep * (1 - near) ** 1.5
            r = unit * (0.18 + 0.8 * near**2) * rng.uniform(0.7, 1.2)
            places.append((x, y, r, r * 0.8))
        yield Stamp(shapes.PETAL, mix(hue, scene.palette.near, 0.65 * scene.gloom), tuple(places))


def _spruces(scene: Scene, line: list[Point]) -> Iterator[Operation]:
    """Frame the picture with near trees, dark against the light."""
    rng, unit, near = scene.chance("spruces"), scene.unit, scene.palette.near
    stops = (0, mix(_close(scene, 0.6), scene.palette.light, 0.07)), (1, mix(near, "#000000", 0.25))
    for _ in range(4):
        places = []
        for _ in range(5):
            edge = abs(rng.gauss(0, 0.16))
            x, size = scene.width * rng.choice((edge, 1 - edge)), unit * rng.uniform(11, 24) * max(0.3, 1 - edge)
            places.append((x, shapes.height_at(line, x) + 1.5 * unit, size * rng.choice((-1, 1)), size))
        yield Stamp(shapes.conifer(rng), Gradient((0, -1, 0, 0), stops), tuple(places))


def _palms(scene: Scene) -> Iterator[Operation]:
    unit, x = scene.unit, scene.width * (0.1 if scene.side < 0 else 0.84)
    high, low = (x, scene.height - 3 * unit), (x + 9 * unit, scene.height - unit)
    places = (*high, 30 * unit, 38 * unit), (*low, -24 * unit, 30 * unit)
    yield Stamp(shapes.PALM, mix(scene.palette.near, "#000000", 0.2), places)


def _blossom(scene: Scene) -> Iterator[Operation]:
    """Reach flowering boughs into the picture and let petals fall."""
    rng, unit, width, near = scene.chance("blossom"), scene.unit, scene.width, scene.palette.near
    tips: list[Point] = []
    for bough in range(4):
        x, y = (0.0 if scene.side < 0 else width) + scene.side * 2 * unit, unit * (9 + 4 * bough)
        for i in range(8 - bough):
            start, thick = f"M{x:.1f} {y:.1f}", unit * (1.9 - 0.25 * bough) * (1 - i / 9)
            x -= scene.side * unit * rng.uniform(3.2, 6.2)
            y += unit * (1.1 * bough - 1.2 + rng.uniform(-1.3, 1.7))
            yield Fill(f"{start}L{x:.1f} {y:.1f}", mix("#3a2426", near, 0.5), thick)
            tips.append((x, y))
    for shade, hue in enumerate(_BLOSSOMS):
        places: list[Place] = []
        for x, y in tips:
            for _ in range(8 - shade):
                r = unit * rng.uniform(0.5, 1.2) * (1 - 0.14 * shade)
                places.append((x + rng.gauss(0, 2.2) * unit, y + rng.gauss(-0.2 * shade, 1.5) * unit, r, r))
        yield Stamp(shapes.PETAL, mix(hue, near, 0.45 * scene.gloom), tuple(places), alpha=0.88)
    yield Stamp(shapes.LENS, mix(_BLOSSOMS[2], near, 0.1), scattered(scene, rng, 46, 0.3, 0.7), alpha=0.8)


def scattered(scene: Scene, rng: Random, count: int, low: float, high: float) -> tuple[Place, ...]:
    """Return places all over the picture, with sizes in units."""
    sizes = [scene.unit * rng.uniform(low, high) for _ in range(count)]
    return tuple((rng.uniform(0, scene.width), rng.uniform(0, scene.height), size, size) for size in sizes)
