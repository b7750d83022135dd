"""The fourth image: refused with its reason and its ways out, and never lost."""

import pytest
from playwright.sync_api import expect

from .conftest import Story


@pytest.fixture
def full(story: Story) -> Story:
    """An account with three images, and a fourth that the server refused."""
    story.expected |= {"429"}
    story.sign_up()
    for number in range(3):
        story.generate(f"picture {number}", size="custom")
    expect(story.page.locator("#imageCount")).to_have_text("3/3")
    story.generate("one too many", state="local", size="custom")
    return story


def test_it_stays_here_with_the_reason_and_can_be_downloaded(full: Story) -> None:
    page = full.page
    card = page.locator(".image-card[data-state=local]")
    expect(card.locator(".reason")).to_contain_text("full (3/3)")
    expect(page.locator("#slots")).to_contain_text("full")
    with page.expect_download() as download:
        card.locator("[data-action=download]").click()

    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    assert len(full.ids()) == 3


def test_it_can_replace_a_chosen_image_in_one_step(full: Story) -> None:
    page = full.page
    before = full.ids()
    page.click(".image-card[data-state=local] [data-action=replace]")
    page.click(f"#choices button[value='{before[1]}']")
    expect(page.locator(".image-card[data-state=saved]", has_text="one too many")).to_be_visible()
    expect(page.locator(".image-card")).to_have_count(3)

    assert before[1] not in full.ids()
    assert len(full.ids()) == 3


def test_it_goes_by_itself_when_another_is_deleted(full: Story) -> None:
    page = full.page
    page.locator(".image-card", has_text="picture 1").locator("[data-action=delete]").click()
    page.click("#confirm-button")

    expect(page.locator(".image-card[data-state=saved]", has_text="one too many")).to_be_visible()
    assert len(full.ids()) == 3


def test_it_can_be_kept_here_only(full: Story) -> None:
    page = full.page
    page.click(".image-card[data-state=local] [data-action=keep]")
    expect(page.locator(".image-card[data-state=local] .reason")).to_contain_text("as you chose")
    full.reload()

    expect(page.locator(".image-card[data-state=local]")).to_have_count(1)
    assert len(full.ids()) == 3
