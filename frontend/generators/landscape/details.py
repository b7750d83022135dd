"""Small things: birds, balloons, lightning, a boat, a lighthouse, a cabin, a wanderer, and the weather before all."""

from collections.abc import Iterator

from frontend.generators.landscape import shapes
from frontend.generators.landscape.drawing import Fill, Glow, Gradient, Operation, Stamp
from frontend.generators.landscape.land import tone
from frontend.generators.landscape.palette import fade, mix
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shore import scattered, shoreline
from frontend.generators.landscape.sky import glow

_SILK = ["#e4572e", "#f3a712", "#3f88c5", "#a23b72", "#44a776", "#f0e2c0"]


def flying(scene: Scene) -> Iterator[Operation]:
    """Paint what is in the air."""
    if scene.has("balloons"):
        yield from _balloons(scene)
    if scene.has("birds") and scene.time != "night" and not scene.has("storm"):
        yield _birds(scene)
    if scene.has("storm"):
        yield from _lightning(scene)


def floating(scene: Scene) -> Iterator[Operation]:
    """Paint what is on the water."""
    if scene.has("boat") and scene.has("sea", "lake", "river"):
        yield from _boat(scene)
    if scene.has("lighthouse"):
        yield from _lighthouse(scene)


def standing(scene: Scene) -> Iterator[Operation]:
    """Paint what stands on the near land."""
    if scene.has("cabin"):
        yield from _cabin(scene)
    if scene.has("people"):
        x, unit = scene.light[0] + scene.side * 6 * scene.unit, scene.unit
        place = (x, shapes.height_at(shoreline(scene), x) + unit, 7.5 * unit, 7.5 * unit)
        yield Stamp(shapes.PERSON, mix(scene.palette.near, "#000000", 0.25), (place,))


def _birds(scene: Scene) -> Operation:
    rng, unit = scene.chance("birds"), scene.unit
    x, y, places = scene.width * rng.uniform(0.2, 0.75), scene.horizon * rng.uniform(0.25, 0.55), []
    for _ in range(rng.randint(5, 11)):
        off, size = (rng.uniform(-14, 14) * unit, rng.uniform(-7, 7) * unit), unit * rng.uniform(0.7, 1.5)
        places.append((x + off[0], y + off[1], size * rng.choice((-1, 1)), size * rng.uniform(0.7, 1)))
    return Stamp(shapes.BIRD, mix(scene.palette.near, scene.palette.sky[0], 0.25), tuple(places), alpha=0.8)


def _balloons(scene: Scene) -> Iterator[Operation]:
    rng, unit, tones = scene.chance("balloons"), scene.unit, scene.palette
    silk, sizes = rng.sample(_SILK, 6), sorted(rng.uniform(3.5, 10) for _ in range(rng.randint(3, 6)))
    for i, size in enumerate((*sizes, 19)):
        x, y = rng.uniform(0.06, 0.94) * scene.width, rng.uniform(0.2, 0.75) * scene.horizon
        if i == len(sizes):  # the nearest one hangs opposite the sun
            x, y = scene.width * (0.5 + 0.2 * scene.side), scene.horizon * 0.5
        dim, air = mix(silk[i % 6], tones.near, 0.6 * scene.gloom), max(0.12, 0.5 - size * 0.025)
        place = ((x, y, size * unit, size * unit),)
        yield Stamp(shapes.BALLOON, mix(dim, tones.sky[2], air), place)
        yield Stamp(shapes.GORE, mix(mix(dim, "#ffffff", 0.45), tones.sky[2], air), place)
        away = 0.5 if scene.light[0] < x else -0.5
        stops = (0, "#ffffff30"), (0.5, fade(tones.near, 0)), (1, fade(tones.near, 0.55))
        yield Stamp(shapes.BALLOON, Gradient((-away, 0, away, 0), stops), place)


def _lightning(scene: Scene) -> Iterator[Operation]:
    """Break a line at its middles until it is a bolt, with three forks."""
    rng, unit, x, y = scene.chance("lightning"), scene.unit, scene.width / 2, scene.horizon * 0.12
    x += rng.uniform(-0.25, 0.25) * scene.width
    yield glow(x, scene.horizon * 0.3, 40 * unit, 40 * unit, "#dfe6ff", 0.5)
    bolt = shapes.rugged(rng, [(y, x), (scene.horizon * 0.9, x + rng.uniform(-12, 12) * unit)], 0.22, 6)
    path = shapes.polyline([(across, down) for down, across in bolt])
    for down, across in bolt[14:40:12]:
        end = (down + unit * 16, across + rng.choice((-1, 1)) * unit * rng.uniform(6, 14))
        path += shapes.polyline([(x, y) for y, x in shapes.rugged(rng, [(down, across), end], 0.25, 4)])
    for thick, alpha in ((1.6, 0.12), (0.7, 0.25), (0.22, 1.0)):
        yield Fill(path, "#f2f4ff", thick * unit, alpha=alpha)


def _boat(scene: Scene) -> Iterator[Operation]:
    rng, unit, tones = scene.chance("boat"), scene.unit, scene.palette
    size, x = unit * rng.uniform(8, 11), scene.light[0] + rng.choice((-1, 1)) * unit * rng.uniform(2, 12)
    y = scene.horizon + (scene.height - scene.horizon) * rng.uniform(0.16, 0.3)
    sail = mix(mix("#ffffff", tones.light, 0.4), tones.near, 0.9 * scene.gloom)
    for flip, alpha in ((-0.8, 0.35), (1.0, 1.0)):
        place = ((x, y + 0.06 * size * (flip < 0), size, size * flip),)
        yield Stamp(shapes.SAIL, sail, place, alpha=alpha)
        yield Stamp(shapes.HULL, mix(tones.near, tones.sky[0], 0.15), place, alpha=alpha)
    spots = [(rng.uniform(-0.9, 0.9), rng.uniform(0.06, 0.5), rng.uniform(0.1, 0.4)) for _ in range(26)]
    wake = tuple((x + size * a, y + size * b, size * wide, size * 0.012) for a, b, wide in spots)
    yield Stamp(shapes.LENS, mix(tones.sky[3], "#ffffff", 0.3), wake, alpha=0.4)


def _lighthouse(scene: Scene) -> Iterator[Operation]:
    """Stand a lighthouse on a rock that reaches out from the edge; by day its lamp is out."""
    unit, base, side, tones = scene.unit, scene.horizon, scene.side, scene.palette
    x, tall, lit = scene.width * (0.5 + 0.27 * side), 17 * unit, scene.time != "day"
    rock = [(-17, -1.5), (-9, 4), (0, 6), (8, 3), (15, -1.5)]
    outline = sorted((x + side * -across * unit, base - up * unit) for across, up in rock)
    outline[0 if side < 0 else -1] = (x + side * scene.width * 0.3, base + 1.5 * unit)
    place, lamp = ((x, base - 5.2 * unit, tall, tall),), base - 5.2 * unit - 0.885 * tall
    white = mix(mix("#f6f1e7", tones.light, 0.2), tones.near, 0.6 * scene.gloom)
    for reach, lean in ((-0.9, -0.05), (0.5, 0.03)) if lit else ():
        far, drop = side * reach * scene.width, abs(reach) * scene.width
        beam = f"M{x:.1f} {lamp:.1f}l{far:.1f} {drop * (lean - 0.07):.1f}v{drop * 0.14:.1f}Z"
        yield Fill(
            beam, Gradient((x, lamp, x + far, lamp), ((0, "#fff3c8b0"), (1, "#fff3c800"))), blend="screen", alpha=0.6
        )
    yield Stamp(shapes.TOWER, Gradient((-0.13, 0, 0.13, 0), ((0, white), (1, mix(white, tones.near, 0.45)))), place)
    yield Stamp(shapes.BANDS, mix("#b8322e", tones.near, 0.6 * scene.gloom), place)
    yield Stamp(shapes.LAMP, "#fff2b8", place)
    stops = (0, mix(tone(scene, 0.85), tones.light, 0.12)), (1, tones.near)
    path = shapes.polyline(shapes.rugged(scene.chance("rock"), outline, 0.22, 4)) + "Z"
    yield Fill(path, Gradient((0, base - 8 * unit, 0, base + 2 * unit), stops))
    yield glow(x, lamp, 9 * unit, 9 * unit, "#ffe9a8", 0.9 if lit else 0.0)


def _cabin(scene: Scene) -> Iterator[Operation]:
    rng, unit, near, lit = scene.chance("cabin"), scene.unit, scene.palette.near, scene.time != "day"
    x, size = scene.width * (0.5 + scene.side * rng.uniform(0.16, 0.28)), unit * rng.uniform(10, 13)
    y, dim = shapes.height_at(shoreline(scene), x) + 0.6 * unit, 0.15 + 0.5 * scene.gloom
    place = ((x, y, size, size),)
    yield Stamp(shapes.WALL, mix("#6b4630", near, dim), place)
    yield Stamp(shapes.ROOF, mix("#e8eef4" if scene.has("snow") else "#4a3030", near, dim), place)
    yield Stamp(shapes.PANE, "#ffd07a" if lit else mix("#ffe6b0", scene.palette.sky[2], 0.5), place)
    for pane in (-0.22, 0.2) if lit else ():
        yield glow(x + pane * size, y - 0.2 * size, size * 0.8, size * 0.6, "#ffb85a", 0.6)
    for i in range(7):  # smoke
        at, r = (x + size * (0.28 + 0.07 * i * rng.random()), y - size * (0.98 + 0.17 * i)), size * (0.08 + 0.033 * i)
        yield glow(*at, r, r, mix(scene.palette.haze, "#ffffff", 0.4), 0.42 - 0.045 * i, "source-over")


def weather(scene: Scene) -> Iterator[Operation]:
    """Paint what falls or drifts before the viewer, and darken the corners."""
    rng, unit, near = scene.chance("weather"), scene.unit, scene.palette.near
    for count, long, alpha in ((300, 3, 0.16), (110, 7, 0.22)) if scene.has("rain", "storm") else ():
        drops = scattered(scene, rng, count, 1, 1)
        fall = f"l{-0.22 * long * unit:.1f} {long * unit:.1f}"
        yield Fill(
            "".join(f"M{x:.0f} {y:.0f}{fall}" for x, y, *_ in drops), "#e6eef5", unit * 0.03 * long**0.8, alpha=alpha
        )
    for count, size, alpha in ((220, 0.28, 0.7), (70, 0.55, 0.65), (12, 1.3, 0.3)) if scene.has("snow") else ():
        soft = (0, "#ffffffff"), (0.4, "#ffffffcc"), (1, "#ffffff00")
        yield Glow(soft, scattered(scene, rng, count, 0.6 * size, 1.3 * size), alpha=alpha * (1 - 0.3 * scene.dark))
    if scene.has("fireflies"):
        low = [(x, scene.height - y * 0.4, r, r) for x, y, r, _ in scattered(scene, rng, 46, 0.8, 1.8)]
        yield Glow(((0, "#fbffd8ff"), (0.25, "#e8ff8acc"), (1, "#e8ff8a00")), tuple(low), blend="screen")
    far = (scene.width**2 + scene.height**2) ** 0.5 * 0.54
    corners = (0, fade(near, 0)), (0.6, fade(near, 0)), (1, near)
    yield Glow(corners, ((scene.width / 2, scene.height * 0.48, far, far),), alpha=0.1 if scene.time == "ink" else 0.42)
