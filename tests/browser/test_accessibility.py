"""axe-core finds nothing in any state, in both languages and both schemes; 320 px need no sideways scrolling."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.upstream import Upstream

from .conftest import MakeStory, StartServer, Story
from .providing import settings

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    # Evaluated by the debugger, which the page's policy does not bind: nothing is added to the page.
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run(document)).violations")
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def dialog(page: Page) -> None:
    """Wait until a dialog is open: Escape before that closes nothing."""
    expect(page.locator("dialog[open]")).to_be_visible()


def no_sideways_scrolling(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_every_state(locale: str, scheme: str, make_story: MakeStory) -> None:
    story: Story = make_story(locale=locale, color_scheme=scheme, reduced_motion="reduce")
    story.expected |= {"429", "401"}
    page = story.open()
    seen: dict[str, list[str]] = {"empty": violations(page)}
    page.click("#login-button")
    page.click("#loginForm [type=submit]")
    seen["login with a complaint"] = violations(page)
    page.keyboard.press("Escape")
    page.click("#register-button")
    dialog(page)
    seen["register"] = violations(page)
    page.keyboard.press("Escape")
    story.sign_up()
    page.click("#user-name")
    dialog(page)
    seen["account"] = violations(page)
    page.keyboard.press("Escape")
    page.click("#generate-button")
    seen["prompt missing"] = violations(page)
    for number in range(3):
        story.generate(f"picture {number}", size="custom")
    expect(page.locator("#imageCount")).to_have_text("3/3")
    story.generate("one too many", state="local", size="custom")
    page.set_viewport_size({"width": 320, "height": 700})
    seen["gallery with a refusal"] = violations(page)
    assert no_sideways_scrolling(page)
    page.click(".image-card[data-state=local] [data-action=replace]")
    dialog(page)
    seen["choose"] = violations(page)
    page.keyboard.press("Escape")
    page.click(".image-card[data-state=saved] >> nth=0 >> [data-action=delete]")
    dialog(page)
    seen["confirm"] = violations(page)
    page.keyboard.press("Escape")
    page.click(".image-card >> nth=0 >> [data-action=view]")
    expect(page.locator("#imageModal")).to_be_visible()
    seen["viewer"] = violations(page)
    assert no_sideways_scrolling(page)

    assert {state: found for state, found in seen.items() if found} == {}


# No text depends on the colours, and no colour on the language: two of the four see everything.
@pytest.mark.parametrize(("locale", "scheme"), [("zh-CN", "dark"), ("en-GB", "light")])
def test_every_state_of_providers_tools_and_speech(
    locale: str, scheme: str, make_story: MakeStory, start_server: StartServer
) -> None:
    with Upstream() as upstream:
        url = start_server(**settings(upstream)).url
        story = make_story(url, locale=locale, color_scheme=scheme, reduced_motion="reduce")
        story.expected |= {"502", "503"}
        page = story.open()
        seen = {"signed out": violations(page)}
        story.sign_up()
        page.select_option("#option-ai-model", "openai/gpt-image-2")
        seen["options that the provider lacks"] = violations(page)
        page.fill("#text-input", "湖")
        page.click("#optimize-button")
        page.wait_for_selector("#proposal:not([hidden])")
        seen["proposal"] = violations(page)
        page.set_viewport_size({"width": 320, "height": 700})
        assert no_sideways_scrolling(page)
        page.click("#proposal-take")
        seen["taken"] = violations(page)
        page.click("#speech summary")
        page.click("#speech-button")
        page.wait_for_selector("#speech-sound:not([hidden])")
        seen["speech"] = violations(page)
        assert no_sideways_scrolling(page)
        upstream.order("busy")
        page.click("#generate-button")
        page.wait_for_selector("#generation-wait:not(:empty)")
        seen["second attempt"] = violations(page)
        page.click("#cancel-button")
        upstream.order("unauthorized")
        page.click("#generate-button")
        page.wait_for_selector("#trouble:not([hidden])")
        seen["trouble"] = violations(page)
        assert no_sideways_scrolling(page)
        upstream.padding = 3 * 1024 * 1024
        page.click("#generate-button")
        page.wait_for_selector("[data-action=smaller]:not([hidden])")
        seen["too large"] = violations(page)
        assert no_sideways_scrolling(page)
        page.click("[data-action=view] >> nth=-1")
        expect(page.locator("#imageModal")).to_be_visible()
        seen["viewer"] = violations(page)

        assert {state: found for state, found in seen.items() if found} == {}


def test_the_page_is_readable_and_usable_before_python_is_live(make_story: MakeStory) -> None:
    story = make_story()
    story.page.route("**/assets/pyodide-*/**", lambda _route: None)  # never answered
    page = story.open(ready=False)
    page.fill("#text-input", "typed while it boots")

    expect(page.locator("#boot")).to_be_visible()
    assert violations(page) == []
    assert page.input_value("#text-input") == "typed while it boots"


@pytest.mark.parametrize("part", ["pyscript-*/*", "pyodide-*/pyodide.asm.mjs", "python-*.zip"])
def test_a_runtime_that_cannot_be_loaded_is_said_plainly(make_story: MakeStory, part: str) -> None:
    story = make_story()
    story.page.route(f"**/assets/{part}", lambda route: route.abort())
    page = story.open(ready=False)

    expect(page.locator("#unsupported")).to_be_visible()
    expect(page.locator("#boot")).to_be_hidden()
    assert story.problems  # the console has the reason
    page.close()  # nothing more comes
    story.problems.clear()
