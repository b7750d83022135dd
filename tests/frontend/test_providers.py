"""What a provider can do decides what is offered of it; its name decides nothing."""

import pytest

from frontend.providers import PAINTER, RATIOS, Provider, values


def test_any_size_offers_the_usual_ratios() -> None:
    assert PAINTER.ratios() == RATIOS


def test_sizes_are_named_by_their_ratio_and_by_themselves_where_two_share_one() -> None:
    provider = Provider("x", sizes=["1024x1024", "1536x1024", "1024x1536", "512x512"])

    assert provider.ratios() == {
        "1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536), "512x512": (512, 512),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("formats", "content_type", "smaller"),
    [
        (["png", "jpeg", "webp"], "image/png", "webp"),
        (["png", "jpeg"], "image/png", "jpeg"),
        (["png", "jpeg", "webp"], "image/jpeg", "webp"),
        (["png", "jpeg", "webp"], "image/webp", ""),
        (["png"], "image/png", ""),
        ([], "image/png", ""),
        (["webp"], "image/gif", ""),
    ],
)
def test_a_smaller_format_is_one_the_provider_has(formats: list[str], content_type: str, smaller: str) -> None:
    assert Provider("x", formats=formats).smaller_format(content_type) == smaller


def test_models_are_offered_with_the_providers_own_choice_first() -> None:
    models = [{"id": "b", "name": "Bee"}, {"id": "a/c"}]

    assert list(values(Provider("x", default_model="a/c"), models).items()) == [("x/a/c", "a/c"), ("x/b", "Bee")]
    assert values(Provider("x", default_model="z"), models) == {"x/z": "z", "x/b": "Bee", "x/a/c": "a/c"}
    assert list(values(Provider("x"), models)) == ["x/b", "x/a/c"]


def test_a_provider_without_a_known_model_is_offered_by_its_name() -> None:
    assert values(Provider("x", "Ex"), []) == {"x/": "Ex"}
