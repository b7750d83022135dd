"""Ranges that fade with distance: rock lit from the side of the sun, snow on the summits."""

from collections.abc import Iterator, Sequence
from random import Random

from frontend.generators.landscape.drawing import Fill, Gradient, Operation, coat, falling, texture
from frontend.generators.landscape.palette import mix
from frontend.generators.landscape.scene import Scene
from frontend.generators.landscape.shapes import Point, closed, crest, polyline, rugged


def mountains(scene: Scene) -> Iterator[Operation]:
    """Paint three ranges, the middle one the highest."""
    rng, unit = scene.chance("mountains"), scene.unit
    highest = min(0.34 * scene.height, 0.42 * scene.width) * rng.uniform(0.85, 1.1)
    for near, share, summits in ((0.0, rng.uniform(0.55, 1), 4), (0.5, 1, 3), (1.0, rng.uniform(0.3, 0.55), 3)):
        foot, rise = scene.horizon - unit * (6 - 6 * near), highest * share
        peaks = crest(rng, scene.width, foot, rise, rng.randint(summits - 1, summits))
        yield from _range(scene, rng, peaks, 0.12 + 0.5 * near**1.2, rise)


def _range(scene: Scene, rng: Random, peaks: Sequence[Point], near: float, rise: float) -> Iterator[Operation]:
    line, tones = rugged(rng, peaks, 0.3, 5), scene.palette
    colour = mix(tones.haze, mix("#4d5d78", tones.near, 2 * scene.gloom), near)  # slate by day
    shade, lit = mix(colour, tones.near, 0.6), mix(colour, tones.light, 0.6)
    top, foot = min(y for _, y in line), mix(colour, mix(tones.haze, tones.sky[3], 0.45), 0.6)
    body = closed(polyline(line), scene.width, top + rise * 1.3)
    yield Fill(body, Gradient((0, top, 0, top + rise * 1.15), ((0, colour), (1, foot))))
    if scene.has("snow", "snowcaps") or (rise > 22 * scene.unit and scene.time != "ink"):
        lit = mix(mix("#ffffff", tones.light, 0.35), tones.haze, 0.4 * scene.gloom)
        yield Fill(body, falling(lit, top, rise * (1.0 if scene.has("snow", "snowcaps") else 0.45), 0.85, 0.6, 0.2, 0))
    yield Fill(_flanks(rng, peaks, line, rise, scene.side), falling(shade, top, rise * 0.95, 0.5 + 0.25 * near, 0))
    shadows = coat(falling(shade, top, rise * 1.1, 1, 0), 0.49, 0.36, 0.7)
    lights = coat(falling(lit, top, rise, 1, 0), 0.52, 0.64, 0.6)
    box, cells = (0.0, top, float(scene.width), rise * 1.25), (max(2, round(7 * scene.width / scene.height)), 3)
    yield texture(rng, box, cells, 5, shadows, lights, within=body, relief=(-3 * scene.side, -2))


def _flanks(rng: Random, peaks: Sequence[Point], line: Sequence[Point], rise: float, side: int) -> str:
    """Return the shaded side of each summit: down a ragged spine, back along the ridge."""
    path = ""
    for i in range(1, len(peaks) - 1, 2):
        (peak, _), (valley, _) = peaks[i], peaks[i + side]
        reach = abs(valley - peak) / 2
        summit = min((point for point in line if abs(point[0] - peak) <= reach), key=lambda point: point[1])
        low, high = sorted((summit[0], valley))
        spine, (x, y) = [summit], summit
        for _ in range(9):
            x += side * (high - low) * rng.uniform(-0.09, 0.13)
            y += rise * rng.uniform(0.06, 0.14)
            spine.append((x, y))
        path += polyline([*spine, (valley, y), *[point for point in line if low <= point[0] <= high][::-side]]) + "Z"
    return path
