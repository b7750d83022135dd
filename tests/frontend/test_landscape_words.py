"""Words pick motifs in both languages, and the negative prompt takes them away."""

import pytest

from frontend.generators.landscape.scene import imagine
from frontend.generators.landscape.words import read
from frontend.models import ImageRequest

SAYINGS = [
    ("sunrise over the sea", "海上日出", {"dawn", "sea"}),
    ("birds over lakes", "湖上的飞鸟", {"birds", "lake"}),
    ("a lighthouse at night", "夜晚的灯塔", {"lighthouse", "night"}),
    ("cherry trees", "樱花", {"sakura"}),
    ("Milky Way above a desert", "沙漠上的银河", {"galaxy", "desert"}),
    ("Autumn forest, mist", "秋天的森林，薄雾", {"autumn", "forest", "fog"}),
    ("city skyline", "上海", {"city"}),
    ("snow-capped peaks", "雪山", {"snowcaps"}),
]


@pytest.mark.parametrize(("english", "chinese", "motifs"), SAYINGS)
def test_words_pick_motifs_in_both_languages(english: str, chinese: str, motifs: set[str]) -> None:
    assert motifs <= read(english, "").wanted
    assert motifs <= read(chinese, "").wanted


def test_the_longest_word_wins() -> None:
    assert read("上海", "").wanted == {"city"}
    assert read("seaside season search", "").wanted == {"sea"}


@pytest.mark.parametrize("negative", ["water", "水", "lakes, boats"])
def test_the_negative_prompt_takes_motifs_away(negative: str) -> None:
    assert read("a boat on a lake under the moon", negative).wanted == {"moon"}


@pytest.mark.parametrize("prompt", ["forest without birds", "no birds, forest", "没有鸟的森林"])
def test_a_negation_in_the_prompt_counts_as_negative(prompt: str) -> None:
    reading = read(prompt, "")
    assert "forest" in reading.wanted
    assert "birds" in reading.unwanted


def test_colours_are_told_apart_from_motifs() -> None:
    assert read("紫色 mountains", "").colours == read("purple mountains", "").colours != ()


def test_unknown_words_mean_nothing() -> None:
    assert read("quantum spaghetti", "").wanted == frozenset()


def scenes(prompt: str, negative: str = "") -> list[frozenset[str]]:
    return [imagine(ImageRequest(prompt, negative, 512, 512, seed, "landscape")).motifs for seed in range(40)]


def test_what_nobody_named_is_varied() -> None:
    assert len(set(scenes("hello"))) > 8


@pytest.mark.parametrize("banned", ["birds", "clouds", "water", "mountains", "fog", "moon"])
def test_nothing_banned_is_filled_in(banned: str) -> None:
    hidden = {"lake", "river", "sea"} if banned == "water" else {banned}
    assert all(hidden.isdisjoint(motifs) for motifs in scenes("hello", banned))


@pytest.mark.parametrize(
    ("word", "time"), [("夕阳", "sunset"), ("aurora", "night"), ("thunder", "storm"), ("水墨", "ink")]
)
def test_words_choose_the_light(word: str, time: str) -> None:
    assert imagine(ImageRequest(word, "", 512, 512, 1, "landscape")).time == time


def test_banned_light_is_not_chosen() -> None:
    times = {imagine(ImageRequest("lake", "night, sunset", 512, 512, seed, "landscape")).time for seed in range(40)}
    assert times.isdisjoint({"night", "sunset"})
    assert len(times) > 1
