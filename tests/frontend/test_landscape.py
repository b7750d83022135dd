"""The landscape painter from request to drawing: deterministic, finite, and at ease with any text."""

import asyncio
import re
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontend.generators.examples import EXAMPLES
from frontend.generators.landscape import Landscape
from frontend.generators.landscape.drawing import Drawing, Fill, Reflection, Stamp, Texture
from frontend.generators.landscape.painter import draw
from frontend.generators.landscape.scene import imagine
from frontend.models import ImageRequest

NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
MOTIFS = "sea lake river mountains desert city meadow flowers sakura cabin aurora galaxy storm snow rainbow balloons"


def request(prompt: str = "", negative: str = "", width: int = 512, height: int = 512, seed: int = 7) -> ImageRequest:
    return ImageRequest(prompt, negative, width, height, seed, "landscape")


def drawing(*asked: Any) -> Drawing:
    return draw(imagine(request(*asked)))


def leaves(value: Any) -> list[Any]:
    """Every number and string in a drawing."""
    if is_dataclass(value):
        return [leaf for field in fields(value) for leaf in leaves(getattr(value, field.name))]
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [value]


def test_the_same_request_gives_the_same_drawing() -> None:
    assert drawing("sunset lake", "birds") == drawing("sunset lake", "birds")


@pytest.mark.parametrize(
    "other",
    [("hill",), ("lake", "bird"), ("lake", "", 576), ("lake", "", 512, 576), ("lake", "", 512, 512, 8)],
    ids=["prompt", "negative", "width", "height", "seed"],
)
def test_each_part_of_the_request_changes_the_scene(other: tuple[Any, ...]) -> None:
    assert imagine(request("lake")).key != imagine(request(*other)).key
    assert drawing("lake") != drawing(*other)


@settings(max_examples=40, deadline=None)
@given(st.text(), st.text(), st.integers(4, 32), st.integers(4, 32), st.integers(0, 2**31 - 1))
def test_any_text_and_size_gives_finite_numbers(prompt: str, negative: str, w: int, h: int, seed: int) -> None:
    found = leaves(drawing(prompt, negative, w * 64, h * 64, seed))
    assert all(isfinite(leaf) for leaf in found if isinstance(leaf, (int, float)))
    assert not any(bad in leaf for leaf in found if isinstance(leaf, str) for bad in ("nan", "inf"))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(MOTIFS.split()), max_size=4), st.sampled_from(["dawn", "day", "dusk", "night"]))
def test_motifs_combine_into_paths_and_colours_a_browser_takes(motifs: set[str], time: str) -> None:
    for leaf in leaves(drawing(" ".join([time, *sorted(motifs)]))):
        if isinstance(leaf, str) and leaf.startswith("M"):
            assert re.fullmatch(r"[MLHVCQTAZmlhvqaz]*", re.sub(r"[\s,]", "", NUMBER.sub("", leaf)))
        elif isinstance(leaf, str) and leaf.startswith("#"):
            assert re.fullmatch(r"#[0-9a-f]{6}([0-9a-f]{2})?", leaf)


def test_a_lone_surrogate_is_text_too() -> None:
    assert drawing("\ud800 lake").operations


def test_a_texture_brings_noise_for_each_of_its_finest_cells() -> None:
    for operation in drawing("storm sea").operations:
        if isinstance(operation, Texture):
            columns, rows = operation.cells
            assert len(operation.noise) == columns * rows * 4 ** (operation.octaves - 1)


def test_only_water_mirrors() -> None:
    mirrors = [any(isinstance(o, Reflection) for o in drawing(prompt).operations) for prompt in ("lake", "desert")]
    assert mirrors == [True, False]


def test_a_drawing_is_few_fat_operations() -> None:
    operations = drawing("forest lake cabin meadow flowers night").operations
    assert len(operations) < 150
    assert any(isinstance(o, Fill) for o in operations)
    assert any(isinstance(o, Stamp) for o in operations)


def test_grain_is_coarser_on_large_pictures() -> None:
    sizes = [drawing("lake", "", side, side).operations[-1].size for side in (1024, 2048)]  # type: ignore[attr-defined]
    assert sizes == [1, 2]


def test_generate_hands_the_drawing_to_the_painter() -> None:
    async def paint(painted: Drawing) -> Drawing:
        return painted

    asked, painted = asyncio.run(Landscape(paint).generate(request("lake")))
    assert (asked, painted) == (request("lake"), drawing("lake"))


def test_generate_can_be_cancelled_between_layers() -> None:
    async def never(painted: Drawing) -> None:
        raise AssertionError(painted)

    async def start_and_cancel() -> None:
        task = asyncio.ensure_future(Landscape(never).generate(request("lake")))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(start_and_cancel())


def test_examples_say_the_same_in_both_languages() -> None:
    assert len(EXAMPLES) >= 12
    for chinese, english in EXAMPLES:
        assert imagine(request(chinese)).motifs & imagine(request(english)).motifs
