"""Outlines as SVG paths: ridges, trees, birds, boats. Small shapes stand at the origin, one unit tall, y downwards."""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, sin
from random import Random

Point = tuple[float, float]
_LIT = 0.16  # of all panes
DISC = "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z"
LENS = "M-1 0Q0-1 1 0Q0 1-1 0Z"
DUNE = "M-1.25 0C-.6 0-.35-.98 0-1C.14-.6 .3-.1 .7 0Z"
LEE = "M0-1C-.16-.62 .26-.42 -.12 0H.7C.3-.1 .14-.6 0-1Z"
STRIP = "M0 0H1V1H0Z"
BIRD = "M-1-.28Q-.45-.62 0 0Q.45-.62 1-.28Q.45-.4 0 .16Q-.45-.4-1-.28Z"
PETAL = "M0-.25C.3-1 .9-.7 .45-.1C1.1 0 .8 .8 .2 .45C.1 1-.6 .9-.35 .3C-1 .4-1-.4-.4-.3C-.6-.9 .1-1 0-.25Z"
SAIL = "M.06-1Q.2-.5.4-.14Q.2-.1.06-.14ZM.01-.92Q-.06-.45-.36-.14Q-.15-.11.01-.14Z"
HULL = "M-.46-.07H.46Q.36.1.26.1H-.3Q-.42.06-.46-.07ZM.02-1.02H.05V0H.02Z"
WALL = "M-.5 0V-.42H.5V0ZM.22-.9V-.55H.34V-.9Z"
ROOF = "M-.62-.38L-.36-.84H.36L.62-.38Z"
PANE = "M-.32-.1V-.3H-.12V-.1ZM.1-.1V-.3H.3V-.1Z"
TOWER = "M-.13 0L-.075-.8H.075L.13 0ZM-.1-.8H.1V-.84H-.1ZM-.07-.93L0-1L.07-.93Z"
BANDS = "M-.12-.08L-.107-.26H.107L.12-.08ZM-.098-.4L-.086-.58H.086L.098-.4Z"
LAMP = "M-.055-.84V-.93H.055V-.84Z"
BALLOON = "M0-1C.42-1 .5-.55 .3-.32Q.16-.18 .09-.12H-.09Q-.16-.18-.3-.32C-.5-.55-.42-1 0-1ZM-.07-.07H.07V0H-.07Z"
GORE = "M0-1C.16-1 .2-.55 .1-.32L.04-.12H-.04L-.1-.32C-.2-.55-.16-1 0-1Z"
PERSON = (
    "M0-1A.09.09 0 1 1 0-.82A.09.09 0 1 1 0-1Z"
    "M-.12-.78Q0-.84.12-.78L.15-.42H.1L.09 0H.02L0-.36L-.02 0H-.09L-.1-.42H-.15Z"
)
PALM = (
    "M-.03 0Q.08-.4.1-.74L.14-.74Q.14-.4.05 0Z"
    "M.12-.76Q-.1-1-.36-.7Q-.1-.86.12-.72ZM.12-.76Q.3-1.04.6-.74Q.3-.88.12-.72Z"
    "M.12-.76Q-.08-.8-.26-.46Q-.02-.68.12-.72ZM.12-.76Q.36-.8.5-.48Q.28-.7.12-.72ZM.12-.76Q.02-1.08-.16-1Q.04-.98.12-.72Z"
    "M.12-.76Q.2-1.08.42-1.02Q.2-.98.12-.72Z"
)


def polyline(points: Sequence[Point]) -> str:
    """Return straight lines through the points."""
    return "M" + " ".join([f"{x:.1f} {y:.1f}" for x, y in points])


def smooth(points: Sequence[Point]) -> str:
    """Return one soft curve that follows the points."""
    curves = [
        f"{x:.1f} {y:.1f} {(x + next_x) / 2:.1f} {(y + next_y) / 2:.1f}"
        for (x, y), (next_x, next_y) in pairwise(points)
    ]
    x, y = points[-1]
    return f"M{points[0][0]:.1f} {points[0][1]:.1f}Q{' '.join(curves)}T{x:.1f} {y:.1f}"


def closed(line: str, width: float, bottom: float) -> str:
    """Return the land under a line that runs from left to right."""
    return f"{line}V{bottom:.1f}H{-0.1 * width:.1f}Z"


def crest(rng: Random, width: float, y: float, rise: float, bumps: int) -> list[Point]:
    """Return valleys and summits in turn, from beyond the left edge to beyond the right one."""
    gaps = [rng.uniform(0.55, 1.6) for _ in range(2 * bumps)]
    highest, x = rng.randrange(bumps), -0.1 * width
    points = [(x, y - rise * rng.uniform(0, 0.5))]
    for i, gap in enumerate(gaps):
        x += gap * 1.2 * width / sum(gaps)
        height = (1.0 if i // 2 == highest else rng.uniform(0.4, 0.85)) if i % 2 == 0 else rng.uniform(0, 0.38)
        points.append((x, y - rise * height))
    return points


def rugged(rng: Random, points: Sequence[Point], roughness: float, times: int) -> list[Point]:
    """Return the line broken again and again at its middles, as rock is."""
    line = list(points)
    for _ in range(times):
        finer = [line[0]]
        for (x, y), (next_x, next_y) in pairwise(line):
            length, share = next_x - x, rng.uniform(0.4, 0.6)
            drop = rng.uniform(-roughness, roughness) * length
            finer += [(x + length * share, y + (next_y - y) * share + drop), (next_x, next_y)]
        line = finer
    return line


def height_at(points: Sequence[Point], x: float) -> float:
    """Return y of a line that runs from left to right."""
    for (left, y), (right, next_y) in pairwise(points):
        if x <= right:
            return y + (next_y - y) * max(0.0, x - left) / max(right - left, 0.01)
    return points[-1][1]


def conifer(rng: Random) -> str:
    """Return a spruce, tiers of ragged branches."""
    tiers = rng.randint(9, 12)
    left: list[Point] = []
    right: list[Point] = []
    lean = rng.uniform(-0.02, 0.02)
    for i in range(tiers):
        y, reach = -1 + 0.9 * (i + 1) / tiers, 0.02 + 0.24 * ((i + 1) / tiers) ** 0.85
        for side, points in ((-1, left), (1, right)):
            tip = side * reach * rng.uniform(0.72, 1.08)
            points += [(tip + lean, y + rng.uniform(0, 0.03)), (tip * 0.42 + lean, y - 0.015)]
    outline = [(lean, -1.0), *right, (0.025, -0.1), (0.025, 0.02), (-0.025, 0.02), (-0.025, -0.1), *reversed(left)]
    return "M" + "L".join([f"{x:.3f} {y:.3f}" for x, y in outline]) + "Z"


def crown(rng: Random, puffs: int = 26) -> str:
    """Return the foliage of a broad tree: many small discs in a dome."""
    path = ""
    for _ in range(puffs):
        angle, far, r = rng.uniform(0, 2 * pi), rng.random() ** 0.5, rng.uniform(0.06, 0.13)
        x, y = 0.34 * far * cos(angle), -0.66 + 0.26 * far * sin(angle)
        path += f"M{x + r:.3f} {y:.3f}a{r:.3f} {r:.3f} 0 1 1-{2 * r:.3f} 0a{r:.3f} {r:.3f} 0 1 1 {2 * r:.3f} 0Z"
    return path


def trunk(rng: Random) -> str:
    """Return the trunk and boughs under a crown."""
    a, b = rng.uniform(0.12, 0.24), rng.uniform(0.12, 0.24)
    return (
        f"M-.05 .02Q-.02-.25-.03-.38L-{a:.2f}-.64L-{a - 0.03:.2f}-.65L0-.46L.02-.75L.04-.46"
        f"L{b:.2f}-.68L{b + 0.02:.2f}-.66L.035-.36Q.03-.2.06 .02Z"
    )


def grass(rng: Random, places: Sequence[Point], height: float) -> str:
    """Return a blade at each place."""
    blades = []
    for x, y in places:
        tall, bend = height * rng.uniform(0.5, 1.2), height * rng.uniform(-0.45, 0.45)
        blades.append(f"M{x:.1f} {y:.1f}q{bend * 0.2:.1f}-{tall * 0.6:.1f} {bend:.1f}-{tall:.1f}"
                      f"q{-bend * 0.5:.1f} {tall * 0.4:.1f} {height * 0.08 - bend:.1f} {tall:.1f}Z")  # fmt: skip
    return "".join(blades)


def tower(rng: Random, x: float, base: float, wide: float, tall: float) -> str:
    """Return a high building: flat, stepped, with a mast or a gable."""
    roofs = ("", "", f"m{wide * 0.2:.1f} 0v{-wide * 0.35:.1f}h{wide * 0.6:.1f}v{wide * 0.35:.1f}Z",
             f"m{wide * 0.46:.1f} 0l{wide * 0.04:.1f} {-wide * 1.2:.1f}l{wide * 0.04:.1f} {wide * 1.2:.1f}Z",
             f"l{wide / 2:.1f} {-wide * 0.7:.1f}l{wide / 2:.1f} {wide * 0.7:.1f}Z")  # fmt: skip
    return f"M{x:.1f} {base:.1f}v{-tall:.1f}h{wide:.1f}v{tall:.1f}ZM{x:.1f} {base - tall:.1f}{rng.choice(roofs)}"


def windows(rng: Random, x: float, top: float, wide: float, tall: float, unit: float) -> str:
    """Return some of the panes of a high building."""
    columns, rows, size = int(wide / (unit * 0.8)), int(tall / (unit * 1.1)), unit * 0.36
    chosen = [(c, r) for r in range(rows) for c in range(columns) if rng.random() < _LIT]
    left, gap, pane = x + wide * 0.8 / (columns + 1), wide / (columns + 1), f"h{size:.1f}v{size * 1.4:.1f}h{-size:.1f}Z"
    return "".join(f"M{left + gap * c:.1f} {top + unit * (0.7 + 1.1 * r):.1f}{pane}" for c, r in chosen)
