"""What a painter is told: a drawing is a size and a few fat operations, plain data that needs no browser.

`frontend/browser/canvas.py` carries each operation out by the name of its class. Lengths are pixels of the picture.
"""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Gradient:
    """Colours along a line (x0 y0 x1 y1) or between two circles (x0 y0 r0 x1 y1 r1)."""

    geometry: tuple[float, ...]
    stops: tuple[tuple[float, str], ...]


Paint = str | Gradient
Place = tuple[float, float, float, float]  # x, y, scale of x, scale of y


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """How an operation meets what is already there."""

    blend: str = "source-over"
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Fill(Operation):
    """An SVG path, filled, or drawn as a line where it has a thickness; no path is the whole picture."""

    path: str
    paint: Paint
    line: float = 0.0


@dataclass(frozen=True, slots=True)
class Stamp(Operation):
    """One path around the origin, filled at many places: x, y, scale of x, scale of y. The paint is scaled too."""

    path: str
    paint: Paint
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Glow(Operation):
    """A soft round light, the same in each oval: x, y, half its width, half its height. Stops go outwards."""

    stops: tuple[tuple[float, str], ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Coat:
    """One colour of a texture: noise through a curve of 256 values is its opacity."""

    paint: Paint
    curve: bytes
    alpha: float
    drop: float = 0.0  # how much lower it lies


@dataclass(frozen=True, slots=True)
class Texture(Operation):
    """Fractal noise in a box (x, y, width, height): octaves of random cells, seen through its coats.

    With a relief the noise is lit from that side: 128 is flat, more faces the light.
    """

    box: tuple[float, float, float, float]
    coats: tuple[Coat, ...]
    noise: bytes  # one byte for each of the finest cells
    cells: tuple[int, int]  # of the coarsest octave
    octaves: int
    within: str = ""  # an SVG path that bounds it
    relief: tuple[int, int] = (0, 0)  # towards the light
    turn: float = 0.0  # radians about the centre


@dataclass(frozen=True, slots=True)
class Reflection(Operation):
    """What stands above `top` mirrored below it, in strips that sway; each strip is height and shift."""

    top: float
    depth: float  # how much of what stands above is seen in it
    strips: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Grain(Operation):
    """Film grain from a square tile of noise; coarser on large pictures, so that the PNG stays small."""

    noise: bytes
    side: int
    size: int  # pixels


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture, told but not yet painted."""

    width: int
    height: int
    operations: tuple[Operation, ...]


def falling(colour: str, top: float, depth: float, *alphas: float) -> Gradient:
    """Return a colour whose opacity changes evenly from the top downwards."""
    stops = tuple((i / (len(alphas) - 1), f"{colour[:7]}{round(255 * alpha):02x}") for i, alpha in enumerate(alphas))
    return Gradient((0, top, 0, top + depth), stops)


@cache
def _curve(low: float, high: float) -> bytes:
    """Return the response that rises smoothly from nothing at `low` to all at `high`; downwards if high < low."""
    steps = [min(1.0, max(0.0, (i / 255 - low) / (high - low))) for i in range(256)]
    return bytes(round(255 * t * t * (3 - 2 * t)) for t in steps)


def coat(paint: Paint, low: float, high: float, alpha: float = 1.0, drop: float = 0.0) -> Coat:
    """Return a coat that begins to show where the noise is `low` and is full where it is `high`."""
    return Coat(paint, _curve(round(low, 2), round(high, 2)), alpha, drop)


def texture(
    rng: Random,
    box: tuple[float, float, float, float],
    cells: tuple[int, int],
    octaves: int,
    *coats: Coat,
    **options: Any,
) -> Texture:
    """Return a texture of new noise."""
    noise = rng.randbytes(cells[0] * cells[1] * 4 ** (octaves - 1))
    return Texture(box=box, coats=coats, noise=noise, cells=cells, octaves=octaves, **options)
