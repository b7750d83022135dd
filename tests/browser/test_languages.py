"""Chinese and English from the first byte, switched without a reload, remembered."""

import re

import pytest
from playwright.sync_api import expect

from .conftest import MakeStory, Story


@pytest.mark.parametrize(("locale", "language", "button"), [("zh-CN", "zh", "生成图片"), ("en-GB", "en", "Generate")])
def test_the_first_byte_speaks_the_visitors_language(
    locale: str, language: str, button: str, make_story: MakeStory
) -> None:
    story = make_story(locale=locale)
    html = story.context.request.get(story.url, headers={"Accept-Language": locale}).text()
    assert button in html
    assert re.search(rf'<html lang="{language}', html)

    story.open()
    expect(story.page.locator("#generate-button")).to_have_text(button)
    expect(story.page.locator("#lang-select")).to_have_value(language)


def test_switching_needs_no_reload_and_is_remembered(story: Story) -> None:
    page = story.page
    story.generate("a lake", state="local", size="custom")
    page.select_option("#lang-select", "zh")
    expect(page.locator("#generate-button")).to_have_text("生成图片")
    expect(page.locator(".image-card .badge")).to_have_text("仅在此浏览器")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    story.reload()

    expect(page.locator("#generate-button")).to_have_text("生成图片")
    assert "生成图片" in story.context.request.get(story.url).text()


def test_nothing_stays_english_in_chinese(make_story: MakeStory) -> None:
    story = make_story(locale="zh-CN")
    page = story.open()
    story.sign_up("王")
    story.generate("湖", size="custom")
    text = re.sub(r"\b[A-Z]+(_[A-Z]+)+\b", "", page.locator("body").inner_text())  # names of settings
    allowed = {"English", "example", "org", "person", "px", "KiB", "MiB", "B", "SHA", "AI", "Python"}

    assert set(re.findall(r"[A-Za-z]{2,}", text)) - allowed == set()
