"""Water: what stands above mirrored in it, ripples, the path of light; a river; the near shore's foam."""

from collections.abc import Iterator

from frontend.generators.landscape.drawing import Fill, Gradient, Operation, Reflection, Stamp, coat, falling, texture
from frontend.generators.landscape.palette import fade, mix
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shapes import LENS, smooth
from frontend.generators.landscape.sky import shines


def water(scene: Scene) -> Iterator[Operation]:
    """Paint lake or sea from the horizon down, or a river through the land."""
    if scene.has("sea", "lake"):
        yield from _surface(scene)
        yield from _ripples(scene)
        if shines(scene):
            yield from _glitter(scene)
    elif scene.has("river"):
        yield from _river(scene)


def _surface(scene: Scene) -> Iterator[Operation]:
    """Mirror what stands above, and let the deep show through towards the viewer."""
    rng, top, bottom, tones = scene.chance("surface"), scene.horizon, scene.height, scene.palette
    calm, strips, y = 0.4 if scene.has("lake") else 1.0, [], top
    while y < bottom:
        depth = (y - top) / (bottom - top)
        tall = scene.unit * (0.22 + 0.75 * depth)
        strips.append((tall, rng.uniform(-1, 1) * scene.unit * (0.12 + 1.5 * depth) * calm))
        y += tall
    yield Reflection(top, 1.25 if scene.has("lake") else 1.0, tuple(strips))
    deep, pale = mix(tones.sky[0], tones.near, 0.35), mix(tones.sky[3], tones.light, 0.3)
    if scene.time == "day" and scene.has("sea"):
        deep = mix(deep, "#0e8fa8", 0.45)
    stops = (0, fade(pale, 0.28)), (0.1, fade(deep, 0.12)), (1, fade(deep, 0.55 if scene.has("lake") else 0.72))
    yield Fill(f"M0 {top}H{scene.width}V{bottom}H0Z", Gradient((0, top, 0, bottom), stops))


def _ripples(scene: Scene) -> Iterator[Operation]:
    """Stretch noise into ripples that grow towards the viewer."""
    rng, span, tones = scene.chance("ripples"), scene.height - scene.horizon, scene.palette
    bright, dark = mix(tones.sky[3], tones.light, 0.4), mix(tones.near, tones.sky[0], 0.4)
    rough = 1.0 if scene.has("sea", "storm") else 0.55
    for start, end, rows in ((0.0, 0.16, 12), (0.1, 0.45, 9), (0.32, 1.05, 7)):
        top, depth = scene.horizon + span * start, span * (end - start)
        fall = 0.0 if start else 0.6, 1, 1, 1, 0.0 if end < 1 else 1
        crests = coat(falling(bright, top, depth, *fall), 0.54, 0.74, 0.36 * rough)
        troughs = coat(falling(dark, top, depth, *fall), 0.46, 0.26, 0.3 * rough)
        yield texture(rng, (-0.02 * scene.width, top, 1.04 * scene.width, depth), (2, rows), 4, crests, troughs)


def _glitter(scene: Scene) -> Iterator[Operation]:
    """Scatter the light's reflection in a path towards the viewer."""
    rng, span, unit = scene.chance("glitter"), scene.height - scene.horizon, scene.unit
    colour, x = mix(scene.palette.light, "#ffffff", 0.3), scene.light[0]
    for count, alpha, spread in ((150, 0.35, 1.0), (90, 0.75, 0.55)):
        places = []
        for _ in range(count):
            depth = rng.random() ** 1.3
            across = unit * spread * (4 + 13 * depth)
            wide = unit * rng.uniform(0.5, 1.7) * (0.5 + 1.9 * depth)
            places.append((x + rng.gauss(0, 0.42) * across, scene.horizon + span * depth, wide, wide * 0.11))
        strength = alpha * (0.5 if scene.time == "day" else 0.8)
        yield Stamp(LENS, colour, tuple(places), blend="screen", alpha=strength)


def _river(scene: Scene) -> Iterator[Operation]:
    """Wind a river through the land, wider towards the viewer."""
    rng, tones, top, unit = scene.chance("river"), scene.palette, scene.horizon + 3 * scene.unit, scene.unit
    span, middle, sign = scene.height - top, scene.width * rng.uniform(0.4, 0.6), rng.choice((-1, 1))
    left, right = [], []
    for bend in range(6):
        t = (bend / 5) ** 1.5
        x = middle + sign * (-1) ** bend * scene.width * (0.03 + 0.15 * t)
        y, half = top + span * 1.06 * t, unit * (0.4 + 17 * t**1.3)
        left.append((x - half, y))
        right.append((x + half, y))
    path = smooth(left) + "L" + smooth(right[::-1])[1:] + "Z"
    far, near = mix(tones.sky[3], tones.light, 0.3), mix(tones.sky[1], tones.near, 0.15)
    yield Fill(path, mix(tones.near, tones.ground, 0.4), unit * 0.7, alpha=0.6)
    yield Fill(path, Gradient((0, top, 0, scene.height), ((0, far), (0.4, mix(far, near, 0.35)), (1, near))))
    yield texture(rng, (0.0, top, float(scene.width), span), (2, 10), 4, coat(far, 0.52, 0.7, 0.5), within=path)
