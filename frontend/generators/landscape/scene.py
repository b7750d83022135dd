"""From a request to a scene: what is in the picture, in which light, and where."""

import hashlib
import json
from dataclasses import dataclass
from random import Random

from frontend.generators.landscape import palette, words
from frontend.generators.landscape.palette import Palette
from frontend.models import ImageRequest

_PLACES = {"mountains", "hills", "desert", "city", "sea", "lake", "river", "forest", "meadow"}
_TIMES = ("dawn", "day", "sunset", "dusk", "night")
_GLOOM = {  # from clear day to night
    "day": 0.06, "fantasy": 0.25, "dawn": 0.28, "ink": 0.5, "sunset": 0.55, "storm": 0.65, "dusk": 0.75, "night": 0.8,
}  # fmt: skip
_WHOLES = (  # what a picture shows when no place is named
    {"mountains", "lake", "forest"},
    {"mountains", "forest", "fog"},
    {"mountains", "meadow", "flowers"},
    {"mountains", "river", "forest"},
    {"mountains"},
    {"hills", "meadow"},
    {"mountains", "lake"},
    {"sea"},
    {"desert"},
)
_TAKES_ALONG = {
    "boat": "lake", "lighthouse": "sea", "galaxy": "stars", "flowers": "meadow", "storm": "rain", "water": "lake",
    "snowcaps": "mountains",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides the picture."""

    width: int
    height: int
    key: str  # of all chance in it
    time: str
    motifs: frozenset[str]
    palette: Palette
    horizon: float  # y
    light: tuple[float, float]  # x, y of sun or moon

    @property
    def unit(self) -> float:
        """A hundredth of the picture's mean side: the measure of things in it."""
        return float((self.width * self.height) ** 0.5) / 100

    @property
    def gloom(self) -> float:
        """How much of the colour of things the light leaves unseen: nothing by day, most at night."""
        return _GLOOM[self.time]

    @property
    def dark(self) -> bool:
        """Whether lamps are lit."""
        return self.time in {"night", "dusk"}

    @property
    def side(self) -> int:
        """Where shadows fall: -1 to the left, 1 to the right."""
        return -1 if self.light[0] > self.width / 2 else 1

    @property
    def moonlit(self) -> bool:
        """Whether the light is the moon."""
        return self.time == "night" or ("moon" in self.motifs and "sun" not in self.motifs)

    def chance(self, part: str) -> Random:
        """Return the part's own source of chance, so that parts do not disturb each other."""
        return Random(f"{self.key} {part}")  # noqa: S311 - it paints, it guards nothing

    def has(self, *motifs: str) -> bool:
        """Whether any of the motifs is in the picture."""
        return not self.motifs.isdisjoint(motifs)


def _key(request: ImageRequest) -> str:
    asked = [request.prompt, request.seed, request.negative, request.width, request.height]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _fill_in(rng: Random, time: str, wanted: set[str], unwanted: frozenset[str]) -> set[str]:
    """Add the places and small things that nobody named."""
    motifs = set(wanted)
    along = {_TAKES_ALONG[motif] for motif in wanted & _TAKES_ALONG.keys()}
    motifs |= along - {"lake", "meadow"} if motifs & {"sea", "river"} else along
    if not motifs & _PLACES:
        wholes = [whole for whole in _WHOLES if whole.isdisjoint(unwanted)] or [set()]
        motifs |= rng.choice(wholes)
    if not motifs & {"mountains", "hills", "desert", "city", "sea"}:
        motifs.add(rng.choice(("hills", "mountains")) if "meadow" in motifs else "mountains")
    if "city" in motifs and not motifs & {"sea", "river", "meadow", "forest"}:
        motifs.add("lake")
    clear = motifs & {"stars", "galaxy", "aurora", "meteor"}
    for motif, odds in (("clouds", 0.75), ("birds", 0.35), ("fog", 0.15), ("moon", 0.85)):
        if rng.random() < odds and not clear and (motif != "moon" or time == "night"):
            motifs.add(motif)
    if "moon" not in motifs and time != "night":
        motifs.add("sun")
    return motifs - unwanted


def _time(rng: Random, wanted: frozenset[str], unwanted: frozenset[str]) -> str:
    if "ink" in wanted:
        return "ink"
    if "storm" in wanted and not wanted & {"night", "sunset"}:
        return "storm"
    for time in ("night", "sunset", "dawn", "dusk", "day"):
        if time in wanted:
            return time
    if wanted & {"stars", "galaxy", "aurora", "moon", "fireflies", "meteor"}:
        return "night"
    if wanted & {"rainbow", "summer", "spring", "balloons", "sakura"}:
        return rng.choice(("day", "dawn"))
    times = [*_TIMES, "day", "sunset"] if wanted else [*_TIMES, "fantasy", "fantasy", "sunset"]
    return rng.choice([time for time in times if time not in unwanted] or ["day"])


def _season(motifs: set[str]) -> str:
    return next((season for season in ("snow", "desert", "autumn", "spring") if season in motifs), "summer")


def imagine(request: ImageRequest) -> Scene:
    """Return the scene that the request describes; the same request, the same scene."""
    key = _key(request)
    rng = Random(key)  # noqa: S311 - it paints, it guards nothing
    reading = words.read(request.prompt, request.negative)
    time = _time(rng, reading.wanted, reading.unwanted)
    motifs = _fill_in(rng, time, set(reading.wanted), reading.unwanted)
    water = motifs & {"sea", "lake"}
    horizon = rng.uniform(0.56, 0.66) if water else rng.uniform(0.6, 0.68)
    low, high = (0.1, 0.36) if time in {"day", "night", "storm"} else (-0.02, 0.14)
    side = rng.choice((rng.uniform(0.2, 0.42), rng.uniform(0.58, 0.8)))
    return Scene(
        width=request.width,
        height=request.height,
        key=key,
        time=time,
        motifs=frozenset(motifs),
        palette=palette.choose(rng, time, _season(motifs), reading.colours),
        horizon=round(request.height * horizon),
        light=(request.width * side, request.height * (horizon - 0.12 - rng.uniform(low, high))),
    )
