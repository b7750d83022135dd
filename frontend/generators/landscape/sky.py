"""Everything above the land: gradient, stars, aurora, sun or moon, clouds, rainbow."""

from collections.abc import Iterator
from math import pi, sin

from frontend.generators.landscape.drawing import Fill, Glow, Gradient, Operation, Place, Stamp, coat, falling, texture
from frontend.generators.landscape.palette import fade, mix
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shapes import DISC, STRIP

_SOFT = ((0, 1), (0.15, 0.72), (0.35, 0.36), (0.6, 0.12), (0.82, 0.03), (1, 0))


def glow(x: float, y: float, across: float, down: float, colour: str, alpha: float, blend: str = "screen") -> Glow:
    """Return a soft oval of light."""
    stops = tuple((at, fade(colour, share)) for at, share in _SOFT)
    return Glow(stops, ((x, y, across, down),), blend=blend, alpha=alpha)


def sky(scene: Scene) -> Iterator[Operation]:
    """Paint the sky, from far to near."""
    top, middle, low, bottom = scene.palette.sky
    stops = ((0, top), (0.42, middle), (0.78, low), (1, bottom))
    yield Fill("", Gradient((0, 0, 0, scene.horizon * 0.98), stops))
    if scene.time not in {"storm", "ink"}:
        x, unit, warmth = scene.light[0], scene.unit, 0.34 if scene.dark else 0.62
        yield glow(x, scene.horizon, 85 * unit, 42 * unit, mix(bottom, scene.palette.light, 0.5), warmth, "soft-light")
    for motif, part in (("galaxy", _galaxy), ("stars", _stars), ("aurora", _aurora), ("meteor", _meteors)):
        if scene.has(motif) or (motif == "stars" and scene.dark):
            yield from part(scene)
    yield from _light(scene)
    if scene.has("clouds", "storm", "rain"):
        yield from _clouds(scene)
        yield from _shine(scene)
    if scene.has("rainbow"):
        yield _rainbow(scene)


def _stars(scene: Scene) -> Iterator[Operation]:
    rng, tint = scene.chance("stars"), mix("#ffffff", scene.palette.light, 0.4)
    amount, strength = 1.6 if scene.has("stars", "galaxy") else 1.0, 0.5 if scene.time == "dusk" else 1.0
    places: list[Place] = []
    for count, size, alpha in ((260, 0.055, 0.5), (90, 0.09, 0.8), (22, 0.14, 1.0)):
        sizes = [scene.unit * size * rng.uniform(0.7, 1.3) for _ in range(int(count * amount))]
        places = [(rng.uniform(0, scene.width), scene.horizon * rng.random() ** 1.4, r, r) for r in sizes]
        yield Stamp(DISC, tint, tuple(places), alpha=alpha * strength)
    halo = (0, fade(tint, 0.5)), (0.3, fade(tint, 0.14)), (1, fade(tint, 0))
    yield Glow(halo, tuple((x, y, r * 7, r * 7) for x, y, r, _ in places), alpha=strength)


def _galaxy(scene: Scene) -> Iterator[Operation]:
    """Lay a band of bright fractal dust across the sky, and darker lanes in it."""
    rng, tones = scene.chance("galaxy"), scene.palette
    across, down, lean = (
        1.9 * max(scene.width, scene.height),
        scene.unit * 58,
        rng.choice((-1, 1)) * rng.uniform(0.7, 1),
    )
    x, y = scene.width * rng.uniform(0.4, 0.6), scene.horizon * 0.42
    box, core = (x - across / 2, y - down / 2, across, down), mix(tones.sky[3], "#ffd9c2", 0.55)
    for colour, low, high, alpha in (
        (tones.sky[3], 0.2, 0.6, 0.6),
        (core, 0.34, 0.66, 0.7),
        ("#fff6ee", 0.46, 0.66, 0.55),
    ):
        band = falling(colour, box[1], down, 0, 0.1, 0.55, 1, 0.55, 0.1, 0)
        yield texture(rng, box, (12, 4), 5, coat(band, low, high, alpha), turn=lean, blend="screen")
    lanes = falling(tones.sky[0], box[1], down, 0, 0, 0.5, 1, 0.5, 0, 0)
    yield texture(rng, box, (9, 5), 5, coat(lanes, 0.48, 0.64, 0.75), turn=lean)


def _aurora(scene: Scene) -> Iterator[Operation]:
    rng, unit = scene.chance("aurora"), scene.unit
    hues = rng.choice((("#7a4dff", "#3dffa2"), ("#d04dff", "#4dffc8"), ("#3f7dff", "#7dff8a")))
    for _ in range(3):
        base, sway, phase = scene.horizon * rng.uniform(0.5, 0.8), rng.uniform(4, 9) * unit, rng.uniform(0, 6)
        waves, tall = rng.uniform(1.2, 2.2), rng.uniform(26, 44) * unit
        places, x, flicker = [], -2 * unit, 1.0
        while x < scene.width:
            turn = x / scene.width * pi * waves + phase
            flicker += 0.22 * (rng.uniform(0.4, 1.3) - flicker)
            y = base + sway * (sin(turn) + 0.4 * sin(2.7 * turn))
            places.append((x, y - tall * flicker, unit * 2.4, tall * flicker))
            x += unit * 0.42
        veil = tuple(zip((0, 0.35, 0.72, 0.94, 1), (0, 0.16, 0.3, 0.62, 0), strict=True))
        stops = tuple((at, fade(hues[at > 0.5], alpha)) for at, alpha in veil)  # noqa: PLR2004 - the upper half
        yield Stamp(STRIP, Gradient((0, 0, 0, 1), stops), tuple(places), blend="screen", alpha=0.17)
    yield glow(scene.width / 2, scene.horizon, scene.width * 0.8, 40 * unit, hues[1], 0.3)


def _meteors(scene: Scene) -> Iterator[Operation]:
    rng, unit = scene.chance("meteors"), scene.unit
    for _ in range(rng.randint(3, 6)):
        x, y = rng.uniform(0.15, 1) * scene.width, rng.uniform(0.03, 0.5) * scene.horizon
        long, down = unit * rng.uniform(7, 18), unit * rng.uniform(5, 9)
        stops = (0, "#ffffffff"), (0.2, "#ffffff80"), (1, "#ffffff00")
        yield Fill(f"M{x:.1f} {y:.1f}l{long:.1f} {-down:.1f}", Gradient((x, y, x + long, y - down), stops), unit * 0.2)


def shines(scene: Scene) -> bool:
    """Whether the sun or the moon stands in the sky."""
    return scene.time not in {"storm", "ink"} and scene.has("moon" if scene.moonlit else "sun")


def _light(scene: Scene) -> Iterator[Operation]:
    """Paint the sun or the moon and the light around it."""
    (x, y), unit, colour = scene.light, scene.unit, scene.palette.light
    if scene.time == "ink":
        yield Stamp(DISC, "#b8402f", ((x, y, 5 * unit, 5 * unit),), alpha=0.85)
    if not shines(scene):
        return
    shape = 1.0 if scene.moonlit else 0.8 if scene.time == "day" else 1.15
    size = scene.chance("light").uniform(3.4, 4.8) * unit * shape
    yield glow(x, y, 60 * unit, 60 * unit, colour, 0.2 if scene.moonlit else 0.5)
    yield glow(x, y, 20 * unit, 20 * unit, colour, 0.38 if scene.moonlit else 0.7)
    yield Stamp(DISC, mix(colour, "#ffffff", 0.55), ((x, y, size, size),))
    if scene.moonlit:
        yield from _seas(scene, size)


def _shine(scene: Scene) -> Iterator[Operation]:
    """Let the light through the clouds before it."""
    if shines(scene):
        (x, y), unit, dim = scene.light, scene.unit, 0.5 if scene.moonlit else 1.0
        yield glow(x, y, 9 * unit, 9 * unit, scene.palette.light, 0.95 * dim)
        yield glow(x, y, 34 * unit, 26 * unit, scene.palette.light, 0.4 * dim)


def _seas(scene: Scene, size: float) -> Iterator[Operation]:
    """Paint the moon's seas and the shade on one side."""
    (x, y), rng, dark = scene.light, scene.chance("moon"), scene.palette.sky[1]
    half = f"a{size:.1f} {size:.1f} 0 1 1"
    disc = f"M{x + size:.1f} {y:.1f}{half}{-2 * size:.1f} 0{half}{2 * size:.1f} 0Z"
    box = (x - size, y - size, 2 * size, 2 * size)
    yield texture(rng, box, (3, 3), 5, coat(scene.palette.sky[2], 0.48, 0.72, 0.34), within=disc)
    circles = (x - size * 0.4, y - size * 0.4, size * 0.6, x - size * 0.2, y - size * 0.2, size * 1.4)
    yield Fill(disc, Gradient(circles, ((0, fade(dark, 0)), (1, fade(dark, 0.65)))))


def _clouds(scene: Scene) -> Iterator[Operation]:
    """Paint fractal clouds in two depths, bright where they are thin, shaded in their hearts."""
    rng, horizon, heavy = scene.chance("clouds"), scene.horizon, scene.has("storm", "rain")
    high, low, heart = _cloud_colours(scene)
    columns, strength = max(1, round(2.4 * scene.width / scene.height)), 0.42 if scene.time == "night" else 1.0
    for top, down, rows, alpha in ((-0.05, 0.8, 3, 0.85), (0.52, 0.46, 4, 0.6)):
        cover = 0.5 - rng.uniform(0.12, 0.18) if heavy else 0.5 + rng.uniform(-0.03, 0.05)
        box = (-0.05 * scene.width, top * horizon, 1.1 * scene.width, horizon * down)
        ends, begin = (0, box[1], 0, box[1] + box[3]), 0.0 if top > 0 else 0.95
        lit = Gradient(ends, ((0, fade(high, begin)), (0.4, fade(mix(high, low, 0.4), 0.9)), (1, fade(low, 0))))
        shade = Gradient(ends, ((0, fade(heart, begin)), (0.4, fade(heart, 0.8)), (1, fade(heart, 0))))
        edges = coat(lit, cover, cover + 0.22, alpha * strength)
        hearts = coat(shade, cover + 0.06, cover + 0.3, alpha * strength * 0.75, drop=scene.unit * 1.4)
        yield texture(rng, box, (columns, rows), 6, edges, hearts)


def _cloud_colours(scene: Scene) -> tuple[str, str, str]:
    """Return the colours of clouds high up, near the horizon, and in their hearts."""
    (top, middle, low, bottom), heavy = scene.palette.sky, scene.has("storm", "rain")
    if scene.time == "day":
        return "#ffffff", "#ffffff", mix(middle, "#e9eef3", 0.3 if heavy else 0.55)
    if scene.time in {"night", "ink"}:
        return mix(low, bottom, 0.4), mix(low, bottom, 0.6), mix(top, middle, 0.6)
    return mix(low, middle, 0.15), mix(bottom, scene.palette.light, 0.5), mix(middle, top, 0.6 if heavy else 0.2)


def _rainbow(scene: Scene) -> Operation:
    """Paint the bow opposite the sun, red outside."""
    hues = ("#9a5fff", "#4da6ff", "#5fe06a", "#fff04d", "#ffa54d", "#ff4d4d")
    r, x = scene.width * scene.chance("rainbow").uniform(0.42, 0.55), scene.width - scene.light[0]
    bow = tuple((0.93 + 0.011 * i, fade(hue, 0.5)) for i, hue in enumerate(hues))
    stops = ((0.915, fade(hues[0], 0)), *bow, (1.0, fade(hues[-1], 0)))
    return Stamp(
        DISC, Gradient((0, 0, 0, 0, 0, 1), stops), ((x, scene.horizon + r * 0.1, r, r),), blend="screen", alpha=0.6
    )
