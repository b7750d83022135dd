"""What only a real browser can say: IndexedDB keeps the promise, and the generator is deterministic in it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.live_server import LiveServer

from .conftest import MakeStory, StartServer, Story

ROOT = Path(__file__).parents[2]
CONTRACT = "tests/frontend/database_contract.py"
RUN_CONTRACT = """
import itertools, json, traceback
import js
from frontend.browser.database import delete_database, open_database
from tests.frontend.database_contract import TESTS, DatabaseContract

numbers = itertools.count()

async def empty():
    return await open_database(f"contract-{next(numbers)}", lambda: None)

results = {}
for name in TESTS:
    try:
        await getattr(DatabaseContract(empty), name)()
        results[name] = ""
    except BaseException:
        results[name] = traceback.format_exc()
js.document.documentElement.dataset.results = json.dumps(results)
js.document.documentElement.dataset.ready = "1"
"""

SEEN_AND_BEGUN = """() => {
  const [{ domContentLoadedEventEnd: parsed }] = performance.getEntriesByType('navigation');
  const asked = performance.getEntriesByType('resource').filter(({ name }) => /\\.(m?js|wasm|zip)$/.test(name));
  return {
    painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    begun: Math.min(...asked.map(({ startTime }) => startTime)),
    parsed,
  };
}"""
UNSEEN = "window.PerformanceObserver = class { observe() {} };"  # as where no frame is ever drawn: no paint is told of


@pytest.fixture
def sources(start_server: StartServer) -> LiveServer:
    """The server as a developer runs it: the page from its sources."""
    return start_server(SERVE_SOURCES="true")


def test_the_page_runs_from_its_sources(make_story: MakeStory, sources: LiveServer) -> None:
    story = make_story(sources.url)
    story.open()
    assert "GET /frontend/app.py" in story.requests


def test_the_built_page_asks_for_no_source(story: Story) -> None:
    assert not [request for request in story.requests if "/frontend/" in request or "/vendor/" in request]
    assert len(story.requests) < 25


def test_nothing_that_only_python_needs_is_asked_for_before_the_page_was_seen(story: Story) -> None:
    for _ in ("a first visit", "and another"):
        times = story.page.evaluate(SEEN_AND_BEGUN)
        assert times["begun"] > times["painted"] - 4  # ms: no finer does Chromium tell when it painted
        story.reload()


@pytest.mark.parametrize("hidden", [True, False])
def test_a_page_that_is_not_seen_starts_too(make_story: MakeStory, hidden: bool) -> None:
    story = make_story()
    story.page.add_init_script(f"{UNSEEN} Object.defineProperty(document, 'hidden', {{ value: {json.dumps(hidden)} }})")
    times = story.open().evaluate(SEEN_AND_BEGUN)
    assert (times["begun"] - times["parsed"] < 900) == hidden


def test_indexeddb_keeps_the_promise_of_the_database(make_story: MakeStory, sources: LiveServer) -> None:
    story = make_story(sources.url)
    toml = (ROOT / "pyscript.toml").read_text(encoding="utf-8") + f'"{CONTRACT}" = "{CONTRACT}"\n'
    source = (ROOT / CONTRACT).read_text(encoding="utf-8")

    def answer(body: str) -> object:
        return lambda route: route.fulfill(body=body, content_type="text/plain; charset=utf-8")

    page = story.page
    page.route("**/pyscript.toml", answer(toml))  # type: ignore[arg-type]
    page.route(f"**/{CONTRACT}", answer(source))  # type: ignore[arg-type]
    page.route("**/frontend/main.py", answer(RUN_CONTRACT))  # type: ignore[arg-type]
    story.open()
    results = json.loads(page.locator("html").get_attribute("data-results") or "{}")

    assert len(results) > 5
    assert "".join(results.values()) == ""


def make(story: Story, **changes: str) -> str:
    settings = {"text-input": "a lake", "negative-prompt": "", "option-seed": "1", "option-width": "256"} | changes
    page = story.page
    page.select_option("#option-aspect-ratio", "custom")
    page.fill("#option-height", "256")
    for name, value in settings.items():
        page.fill(f"#{name}", value)
    cards = page.locator(".image-card").count()
    page.click("#generate-button")
    expect(page.locator(".image-card")).to_have_count(cards + 1)
    digest = page.evaluate("async () => (await hdImageManager.getDailyImages()).images.at(-1).sha256")
    return str(digest)


def test_the_same_request_gives_the_same_bytes_and_each_setting_changes_them(story: Story) -> None:
    first, again = make(story), make(story)
    story.reload()
    after_reload = make(story)
    changed = [
        make(story, **change)
        for change in (
            {"text-input": "a sea"},
            {"negative-prompt": "birds"},
            {"option-seed": "2"},
            {"option-width": "320"},
        )
    ]

    assert first == again == after_reload
    assert len({first, *changed}) == 5


def test_indexeddb_refused_is_said_and_saving_goes_on_from_memory(make_story: MakeStory) -> None:
    story = make_story()
    story.page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: null })")
    page = story.open()
    assert page.locator("#warning").is_visible()
    story.sign_up()
    image_id = story.generate("kept by the server", size="custom")

    assert story.ids() == [image_id]


def test_a_start_collects_no_garbage_and_the_page_does_afterwards(story: Story) -> None:
    core = next(request.split()[1] for request in story.requests if request.endswith("/core.js"))
    ask = """async (core) => {
      const { interpreter } = await (await import(core)).whenDefined('py');
      return interpreter.runPython('import gc; [gc.isenabled(), gc.get_freeze_count() > 10_000]').toJs();
    }"""
    assert story.page.evaluate(ask, core) == [True, True]
