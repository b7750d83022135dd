"""Colours that go together: a sky from top to horizon, the haze, the nearest ground, and the light."""

from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from random import Random

_SKIES = {
    "dawn": (
        "#33467a #8288b4 #e0adab #ffdfb5 #b9a3b8 #28304a #ffe6bd",
        "#5279ae #a5bbd4 #f3d3c2 #ffecd2 #a9b8cd #2c4256 #fff1d2",
        "#3f3068 #93629b #ea9fa0 #ffd6ac #b58aa6 #2b2242 #ffe0b0",
    ),
    "day": (
        "#1c66bb #4f9adc #9fcff2 #e6f4fb #a6c8e0 #27533f #fffbe6",
        "#2a83c8 #6cb4e4 #bbe0f2 #f7f5e2 #afcfdc #2f5a38 #fff8da",
        "#1f7fa3 #5fb5c4 #b9e2da #f7f3d8 #a9cdd0 #2a5a4a #fff6d2",
    ),
    "sunset": (
        "#1c1d50 #6e327c #e35d6c #ffb970 #c2617c #1a1233 #ffd88c",
        "#28366a #80507f #f18f61 #ffd870 #c27c77 #1e1b36 #ffe6a2",
        "#3b1d44 #a83c54 #f37c4b #ffc862 #bb5a58 #231025 #ffdc8e",
        "#123660 #52659a #f3a680 #ffdca6 #a38293 #152036 #ffe9bd",
    ),
    "dusk": (
        "#101c46 #33477f #8a7bab #f2bca6 #6f6d9c #0d1430 #ffd9b8",
        "#1a1440 #45357c #a1679f #f7a991 #7d5f94 #120e2c #ffc9a5",
    ),
    "night": (
        "#040919 #0b1b40 #1e4272 #517a9e #2f527c #040a17 #e4edff",
        "#090620 #1d1349 #432c72 #82629d #3d2f6a #070513 #efe6ff",
        "#03131a #08303d #155a62 #559690 #26606a #03100f #e2fff4",
    ),
    "storm": ("#1d232b #39434e #65727d #a9b2b0 #6b7881 #12181d #dfe8ea",),
    "ink": ("#c9c8c2 #dcdad2 #ebe8df #f4f1e8 #c3c3bf #1d2124 #fbf8f0",),
    "fantasy": (
        "#123a4a #2d7f82 #9ccfae #fbeec0 #86b3a4 #0e2b33 #fff3c9",
        "#2a1a5e #6a4fa8 #d79bd0 #ffe0d0 #a98cc4 #1c1440 #fff0de",
        "#4a1f3d #a04a6a #f0a08a #fde3b4 #c98f92 #2b1430 #ffeec2",
    ),
}
_GROUNDS = {"summer": "#4c8a45", "spring": "#74ab4e", "autumn": "#b5672a", "snow": "#dfe9f2", "desert": "#d99a5b"}


@dataclass(frozen=True, slots=True)
class Palette:
    """All colours of one picture."""

    sky: tuple[str, ...]  # top to horizon
    haze: str
    near: str
    light: str
    ground: str  # what grows or lies on the land


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: str, other: str, share: float) -> str:
    """Return a colour between two: at share 0 the one, at 1 the other."""
    share = min(1.0, max(0.0, share))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_parts(one), _parts(other), strict=True))


def fade(colour: str, alpha: float) -> str:
    """Return the colour with this opacity."""
    return f"{colour[:7]}{round(255 * min(1.0, max(0.0, alpha))):02x}"


def turn(colour: str, hue: float, saturation: float = 1.0) -> str:
    """Return the colour with its hue turned (1 is the full circle) and its saturation scaled."""
    h, lightness, s = rgb_to_hls(*(part / 255 for part in _parts(colour)))
    rgb = hls_to_rgb((h + hue) % 1, lightness, min(1.0, s * saturation))
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)


def choose(rng: Random, time: str, season: str, colours: tuple[str, ...]) -> Palette:
    """Return one of the palettes of that time, turned a little, tinted by the colours that were named."""
    hue, saturation = rng.uniform(-0.018, 0.018), rng.uniform(0.92, 1.12)
    tones = [turn(tone, hue, saturation) for tone in rng.choice(_SKIES[time]).split()]
    for colour in colours[:2]:
        strengths = (0.42, 0.4, 0.34, 0.2, 0.34, 0.12, 0.08)
        tones = [mix(tone, colour, strength) for tone, strength in zip(tones, strengths, strict=True)]
    *sky, haze, near, light = tones
    daylight = {"day": 0.2, "dawn": 0.5, "fantasy": 0.55, "sunset": 0.68, "dusk": 0.74}.get(time, 0.82)
    daylight *= 0.62 if season == "snow" else 1.0  # snow keeps what light there is
    ground = mix(turn(_GROUNDS[season], rng.uniform(-0.02, 0.02)), near, 1.0 if time == "ink" else daylight)
    return Palette(tuple(sky), haze, near, light, ground)
