"""The land from the horizon to the viewer: hills, woods, dunes, a skyline, and the haze between them."""

from collections.abc import Iterator, Sequence
from random import Random

from frontend.generators.landscape import shapes
from frontend.generators.landscape.drawing import Fill, Gradient, Operation, Stamp, coat, falling, texture
from frontend.generators.landscape.mountains import mountains
from frontend.generators.landscape.palette import fade, mix
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shapes import Point
from frontend.generators.landscape.sky import glow

_LEAVES = {
    "sakura": ("#f3a9c4", "#f8c6d8", "#ea8fb2"),
    "autumn": ("#d9642a", "#e8a23a", "#b8402c"),
    "spring": ("#7fb04c", "#9cc258", "#5f9a4a"),
}
_LAMPS = ("#ffd98a", "#ffe9bd", "#9fd8ff", "#ff9fc0")


def land(scene: Scene) -> Iterator[Operation]:
    """Paint everything up to the far shore, or to the lower edge where there is no water."""
    yield from _far(scene)
    if scene.time != "ink":
        x, y = scene.light
        yield glow(x, y, 75 * scene.unit, 60 * scene.unit, scene.palette.light, 0.1 if scene.dark else 0.28)
    if scene.has("city"):
        yield from _city(scene)
    yield _mist(scene)
    if scene.has("sea", "lake"):
        if scene.has("forest", "hills", "sakura", "autumn") and not scene.has("city"):
            yield from _far_shore(scene)
    elif scene.has("desert"):
        yield from _dunes(scene)
    else:
        yield from _near(scene)


def tone(scene: Scene, nearness: float) -> str:
    """Return the colour of land: haze far away, its own colour in the middle, dark close by."""
    body = mix(scene.palette.near, scene.palette.ground, 0.92 if scene.has("snow") else 0.75)
    return mix(scene.palette.haze, body, nearness**0.85)


def _far(scene: Scene) -> Iterator[Operation]:
    """Paint what closes the view: mountains, islands, or hills."""
    rng, unit = scene.chance("far"), scene.unit
    if scene.has("mountains"):
        yield from mountains(scene)
        if scene.has("fog", "clouds"):
            yield _wisps(scene, rng, scene.horizon - 7 * unit, 9)
    elif scene.has("sea") and not scene.has("hills"):
        for near in (0.12, 0.3)[: rng.randint(0, 2)]:
            x, across = rng.uniform(0, 1) * scene.width, unit * rng.uniform(14, 34)
            tops = [(x + across * i / 3.2, scene.horizon - unit * rng.uniform(2, 7)) for i in (-1, 0, 1, 2)]
            outline = [(x - across, scene.horizon), *tops, (x + across, scene.horizon)]
            yield Fill(shapes.polyline(shapes.rugged(rng, outline, 0.2, 4)) + "Z", tone(scene, near))
    else:
        for i in range(3):
            y = scene.horizon - unit * (7 - 3.2 * i)
            line = shapes.crest(rng, scene.width, y, unit * rng.uniform(5, 10), rng.randint(2, 4))
            yield _slope(scene, line, y - 9 * unit, 16 * unit, 0.12 + 0.15 * i)


def _slope(scene: Scene, line: Sequence[Point], y: float, drop: float, nearness: float, foot: float = 0.6) -> Fill:
    """Fill the land under a line: its own colour above, haze at its foot."""
    colour = tone(scene, nearness)
    below = mix(colour, mix(scene.palette.haze, scene.palette.sky[3], 0.45), foot)
    paint = Gradient((0, y, 0, y + drop), ((0, colour), (1, below)))
    return Fill(shapes.closed(shapes.smooth(line), scene.width, scene.height), paint)


def _mist(scene: Scene) -> Fill:
    """Lay a band of haze across the picture at the horizon."""
    colour, strength = mix(scene.palette.haze, scene.palette.sky[3], 0.5), 0.85 if scene.has("fog") else 0.4
    depth = scene.unit * (16 if scene.has("fog") else 9)
    top, down = scene.horizon - depth, depth * 1.7
    return Fill(
        f"M0 {top:.1f}H{scene.width}v{down:.1f}H0Z",
        falling(colour, top, down, 0, strength * 0.5, strength, strength * 0.5, 0),
    )


def _wisps(scene: Scene, rng: Random, y: float, depth: float) -> Operation:
    """Drift torn fog across the picture."""
    colour, depth = mix(scene.palette.haze, scene.palette.sky[3], 0.65), depth * scene.unit
    box = (-0.05 * scene.width, y - depth, 1.1 * scene.width, 2 * depth)
    veil = falling(colour, y - depth, 2 * depth, 0, 1, 0)
    return texture(rng, box, (4, 3), 4, coat(veil, 0.3, 0.7, 0.8 if scene.has("fog") else 0.32))


def _far_shore(scene: Scene) -> Iterator[Operation]:
    """Paint the wooded bank on the other side of the water."""
    rng, unit, base = scene.chance("far shore"), scene.unit, scene.horizon
    for i in range(2):
        line, near = shapes.crest(rng, scene.width, base - 0.2 * unit, unit * (9 - 4 * i), 2 + i), 0.45 + 0.22 * i
        yield _slope(scene, line, base - 8 * unit, 9 * unit, near, 0.35)
        if i or scene.has("forest", "autumn", "sakura"):
            yield from _woods(scene, rng, line, near + 0.08, unit * (3.4 + 1.2 * i), 1.15)


def _woods(
    scene: Scene, rng: Random, line: Sequence[Point], near: float, tall: float, dense: float
) -> Iterator[Operation]:
    """Stand trees along a line; broad ones in autumn and spring, spruces otherwise."""
    colour = mix(scene.palette.haze, scene.palette.near, near) if scene.has("snow") else tone(scene, near)
    leaves = next((_LEAVES[season] for season in _LEAVES if scene.has(season)), ())
    for _ in range(3):
        places = []
        for _ in range(int(dense * scene.width / tall * 0.8)):
            share, size = rng.uniform(-0.05, 1.05), tall * rng.uniform(0.6, 1.25)
            if rng.random() < 0.65 + 0.35 * ((share * 3.7 + near * 5) % 1.0):  # in groves
                x = share * scene.width
                places.append((x, shapes.height_at(line, x) + tall * 0.16, size * rng.choice((-1, 1)), size))
        places.sort(key=lambda place: place[1])
        if leaves:
            leaf = mix(colour, rng.choice(leaves), (0.95 - 0.8 * scene.gloom) * (0.55 + 0.45 * near))
            foot, tree = mix(leaf, scene.palette.near, 0.35), shapes.crown(rng, 16) + shapes.trunk(rng)
        else:
            leaf, foot, tree = colour, mix(colour, scene.palette.haze, 0.5), shapes.conifer(rng)
        paint = Gradient((0, -1, 0, 0), ((0, mix(leaf, scene.palette.light, 0.08)), (1, foot)))
        yield Stamp(tree, paint, tuple(places))


def _near(scene: Scene) -> Iterator[Operation]:
    """Fill the picture below the horizon with hills, each nearer one darker."""
    rng, unit, span = scene.chance("near land"), scene.unit, scene.height - scene.horizon
    forest = scene.has("forest") or (scene.has("snow") and not scene.has("meadow"))
    for i in range(4):
        near, last, rise = 0.4 + 0.18 * i, i == 3, unit * (8 - i * 0.8)  # noqa: PLR2004 - the last of the four
        y = scene.horizon + span * (0.02 + 0.62 * (i / 3) ** 1.15)
        line = shapes.crest(rng, scene.width, y, rise, rng.randint(2, 3))
        if forest and not last:
            yield from _woods(scene, rng, line, near, unit * (3.2 + 2.6 * i), 1.3)
        yield _slope(scene, line, y - rise, span * 0.42, near, 0.05 if last else 0.4)
        yield _ground(scene, rng, line, y - rise, near)
        if not forest and not last:
            yield from _woods(scene, rng, line, near + 0.1, unit * (2.2 + 1.9 * i), 0.16)
        if i == 0 or (scene.has("fog") and not last):
            yield _wisps(scene, rng, y + span * 0.1, 7)


def _ground(scene: Scene, rng: Random, line: Sequence[Point], top: float, near: float) -> Operation:
    """Give open land its light and shade."""
    depth = (scene.height - scene.horizon) * 0.5
    lit = coat(mix(tone(scene, near), scene.palette.light, 0.4), 0.5, 0.72, 0.4)
    body = shapes.closed(shapes.smooth(line), scene.width, top + depth)
    box = (0.0, top, float(scene.width), depth)
    return texture(rng, box, (4, 7), 4, lit, coat(scene.palette.near, 0.5, 0.28, 0.36), within=body)


def _dunes(scene: Scene) -> Iterator[Operation]:
    """Paint dunes from far to near: a sharp crest, the side of the light bright, the other in shade."""
    rng, unit, light, near = scene.chance("dunes"), scene.unit, scene.palette.light, scene.palette.near
    span, top = scene.height - scene.horizon, scene.horizon
    sand = [tone(scene, 0.18 + 0.66 * depth) for depth in (0, 0.3, 1)]
    paint = Gradient((0, top, 0, scene.height), ((0, sand[0]), (0.3, sand[1]), (1, sand[2])))
    yield Fill(f"M0 {top}H{scene.width}V{scene.height}H0Z", paint)
    box = (0.0, top, float(scene.width), float(span))
    yield texture(rng, box, (2, 14), 4, coat(near, 0.5, 0.72, 0.2), coat(light, 0.5, 0.3, 0.16))
    for i in range(13):
        depth = (i + rng.random()) / 13
        half, x = unit * (9 + 44 * depth), rng.uniform(-0.05, 1.05) * scene.width
        place = ((x, top + span * 1.12 * depth**1.5, half * scene.side, half * rng.uniform(0.24, 0.36)),)
        colour = tone(scene, 0.18 + 0.66 * depth**1.5)
        lit, dark = mix(colour, light, 0.12 if scene.dark else 0.3), mix(colour, near, 0.55)
        yield Stamp(
            shapes.DUNE, Gradient((0, -1, 0, 0), ((0, lit), (0.4, fade(lit, 0.9)), (1, fade(colour, 0)))), place
        )
        yield Stamp(shapes.LEE, falling(dark, -1, 1.05, 1, 0.8, 0), place)


def _city(scene: Scene) -> Iterator[Operation]:
    """Paint a skyline in three depths; lamps are lit when the light goes."""
    rng, unit, base = scene.chance("city"), scene.unit, scene.horizon
    lit = scene.gloom >= 0.5  # noqa: PLR2004 - from sunset on
    for i in range(3):
        colour, x, towers, windows = tone(scene, 0.25 + 0.3 * i), -2 * unit, "", ["", ""]
        while x < scene.width:
            wide, middle = unit * rng.uniform(2.6, 6), 1 - abs(x / scene.width - 0.5)
            tall = unit * rng.uniform(8, 46) * middle**1.4 * (1.1 - 0.25 * i)
            towers += shapes.tower(rng, x, base, wide, tall)
            for half in range(2 if i else 0):
                windows[half] += shapes.windows(rng, x, base - tall, wide, tall, unit)
            x += wide * rng.uniform(0.75, 1.15)
        haze = mix(colour, mix(scene.palette.haze, scene.palette.sky[3], 0.6), 0.55)
        yield Fill(towers, Gradient((0, base - 26 * unit, 0, base), ((0, colour), (1, haze))))
        for path, lamp in zip(windows, (_LAMPS[rng.randint(0, 1)], rng.choice(_LAMPS)), strict=True):
            glass = lamp if lit else mix(colour, scene.palette.sky[2], 0.5)
            yield Fill(path or "M0 0", glass, alpha=(0.5 + 0.2 * i) if lit else 0.35)
        if lit:
            yield glow(scene.width / 2, base, scene.width * 0.7, 14 * unit, _LAMPS[0], 0.16)
    if not scene.has("sea", "lake"):
        line = shapes.crest(rng, scene.width, base + 3 * unit, 3 * unit, 3)
        yield _slope(scene, line, base, scene.height - base, 0.85, 0.0)
