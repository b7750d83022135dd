"""Whatever breaks, every image that was made is stored exactly once: lost = 0, doubled = 0.

The images of a story are made by `window.hdImageManager`, so that many rounds take little time; they go the same way
through IndexedDB and the outbox as those of the generator.
"""

import itertools
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live_server import LiveServer

from .conftest import MakeStory, StartProxy, StartServer, Story
from .fault_proxy import FaultProxy

ROOM = {"MAX_IMAGES_PER_DAY": "500", "IMAGE_TTL": "86400"}
# A different 1×1 PNG for each number: its text chunk differs, and the browser decodes it all the same.
MAKE = """async (name) => {
  const canvas = new OffscreenCanvas(2, 2), context = canvas.getContext('2d');
  context.fillRect(0, 0, 1, 1);
  const data = await canvas.convertToBlob({ type: 'image/png' });
  hdImageManager.saveHDImage({ prompt: name, data }).catch(() => {});
}"""


@pytest.fixture
def own_server(start_server: StartServer) -> LiveServer:
    return start_server(**ROOM)


@pytest.fixture
def proxy(start_proxy: StartProxy, own_server: LiveServer) -> FaultProxy:
    return start_proxy(own_server)


def make(story: Story, name: str) -> None:
    """Start saving an image; returns when it is on disk in the browser."""
    story.page.evaluate(MAKE, name)
    expect(story.page.locator("#daily-images").get_by_text(name, exact=True)).to_be_visible()


def all_saved(page: Page, count: int) -> None:
    expect(page.locator(".image-card[data-state=saved]")).to_have_count(count, timeout=30_000)


def stored(story: Story) -> Counter[str]:
    images: Any = story.api("/api/images/daily")["images"]
    return Counter(image["prompt"] for image in images)


def person(make_story: MakeStory, url: str) -> Story:
    story = make_story(url)
    story.expected |= {"ERR_", "401", "Failed to load resource"}
    story.open()
    story.sign_up()
    return story


def test_made_offline_it_survives_reload_and_tab_and_is_sent_once(
    make_story: MakeStory, own_server: LiveServer
) -> None:
    story = person(make_story, own_server.url)
    make(story, "before")
    all_saved(story.page, 1)
    own_server.kill()
    for number in range(3):
        make(story, f"server down {number}")
    story.context.set_offline(True)
    make(story, "no network")
    expect(story.page.locator("#offline")).to_be_visible()
    story.page.close()

    story.context.set_offline(False)
    own_server.start()
    story.page = story.context.new_page()
    story.open()

    all_saved(story.page, 5)
    assert set(stored(story).values()) == {1}
    assert len(stored(story)) == 5


def test_coming_back_online_sends_what_waits_without_a_reload(make_story: MakeStory, own_server: LiveServer) -> None:
    story = person(make_story, own_server.url)
    for number in range(5):  # flapping
        story.context.set_offline(True)
        make(story, f"flap {number}")
        story.context.set_offline(False)

    all_saved(story.page, 5)
    assert stored(story) == Counter(f"flap {number}" for number in range(5))


@pytest.mark.parametrize("fault", ["refuse", "lose", "cut", "twice"])
def test_a_fault_on_the_way_loses_and_doubles_nothing(
    fault: str, make_story: MakeStory, own_server: LiveServer, proxy: FaultProxy
) -> None:
    story = person(make_story, proxy.url)
    saves = itertools.count()
    proxy.plan = lambda method, path: fault if path.endswith("/save") and next(saves) % 2 == 0 else ""
    for number in range(6):
        make(story, f"{fault} {number}")
        story.page.evaluate("dispatchEvent(new Event('online'))")  # do not wait for the back-off

    for _ in range(12):
        story.page.evaluate("dispatchEvent(new Event('online'))")
    all_saved(story.page, 6)
    assert stored(story) == Counter(f"{fault} {number}" for number in range(6))
    assert sum(seen[2] == fault for seen in proxy.seen) >= 3


def test_the_server_killed_between_commit_and_answer(
    make_story: MakeStory, own_server: LiveServer, proxy: FaultProxy
) -> None:
    story = person(make_story, proxy.url)
    rounds = 20
    for number in range(rounds):

        def kill_before_answering(_method: str, path: str) -> None:
            if path.endswith("/save"):
                proxy.before_answer = lambda _m, _p: None
                own_server.kill()
                raise ConnectionResetError

        proxy.before_answer = kill_before_answering
        make(story, f"kill {number}")
        expect(story.page.locator("#offline")).to_be_visible()
        own_server.start()
        story.page.evaluate("dispatchEvent(new Event('online'))")
        all_saved(story.page, number + 1)

    assert stored(story) == Counter(f"kill {number}" for number in range(rounds))


@pytest.mark.parametrize("when", ["before the upload", "during the upload", "after the answer was sent"])
def test_the_tab_killed_at_a_chosen_point(
    when: str, make_story: MakeStory, own_server: LiveServer, proxy: FaultProxy
) -> None:
    story = person(make_story, proxy.url)
    fault = {"before the upload": "refuse", "during the upload": "cut", "after the answer was sent": "lose"}[when]
    rounds = 7
    for number in range(rounds):
        proxy.plan = lambda _method, path: fault if path.endswith("/save") else ""
        make(story, f"tab {number}")
        page = story.page
        story.page = story.context.new_page()
        page.close()  # without unload handlers: as if it was killed
        proxy.plan = lambda _method, _path: ""
        story.open()
        all_saved(story.page, number + 1)

    assert stored(story) == Counter(f"tab {number}" for number in range(rounds))


def test_two_tabs_send_each_image_once(make_story: MakeStory, own_server: LiveServer) -> None:
    story = person(make_story, own_server.url)
    other = Story(story.context, story.context.new_page(), story.url)
    other.open()
    story.requests.clear()
    for number in range(3):
        make(story, f"left {number}")
        make(other, f"right {number}")

    all_saved(story.page, 6)
    all_saved(other.page, 6)
    assert set(stored(story).values()) == {1}
    saves = [sent for sent in story.requests + other.requests if "/api/images/save" in sent]
    assert len(saves) <= 6


def test_the_session_ends_mid_way_and_signing_in_goes_on(make_story: MakeStory, own_server: LiveServer) -> None:
    story = person(make_story, own_server.url)
    email = story.page.evaluate("authManager.getCurrentUser().email")
    make(story, "before")
    all_saved(story.page, 1)
    story.context.clear_cookies()
    make(story, "after")
    expect(story.page.locator("#ended")).to_be_visible()
    story.page.click("#again-button")
    story.page.fill("#loginEmail", email)
    story.page.fill("#loginPassword", "correct horse battery")
    story.page.keyboard.press("Enter")

    all_saved(story.page, 2)
    assert stored(story) == Counter(["before", "after"])


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_wrong_clock_does_not_change_the_time_left(hours: int, make_story: MakeStory, own_server: LiveServer) -> None:
    story = make_story(own_server.url)
    story.page.add_init_script(f"const now = Date.now; Date.now = () => now() + {hours} * 3600e3;")
    story.open()
    story.sign_up()
    make(story, "tick")
    all_saved(story.page, 1)
    text = story.page.locator(".image-card .left").inner_text()
    left = [int(part) for part in text.split()[-1].split(":")]

    assert 86_400 - (left[0] * 3600 + left[1] * 60 + left[2]) <= 5


def test_a_full_account_gives_the_slot_on_when_it_opens(make_story: MakeStory, start_server: StartServer) -> None:
    server = start_server(MAX_IMAGES_PER_DAY="1", IMAGE_TTL="6")
    story = make_story(server.url)
    story.expected |= {"429"}
    story.open()
    story.sign_up()
    make(story, "first")
    make(story, "second")
    expect(story.page.locator(".image-card[data-state=local]")).to_have_count(1)

    expect(story.page.locator(".image-card[data-state=saved]", has_text="second")).to_be_visible(timeout=20_000)
    assert stored(story) == Counter(["second"])


@pytest.mark.parametrize("fault", ["lose", "cut", "refuse", "kill"])
def test_a_replacement_cut_in_the_middle_is_never_both_and_never_neither(
    fault: str, make_story: MakeStory, start_server: StartServer, start_proxy: StartProxy
) -> None:
    server = start_server(MAX_IMAGES_PER_DAY="1")
    proxy = start_proxy(server)
    story = person(make_story, proxy.url)
    story.expected |= {"429"}
    make(story, "old")
    all_saved(story.page, 1)
    make(story, "new")
    expect(story.page.locator(".image-card[data-state=local]")).to_have_count(1)

    def kill(_method: str, path: str) -> None:
        if fault == "kill" and path.endswith("/save"):
            proxy.before_answer = lambda _m, _p: None
            server.kill()
            raise ConnectionResetError

    faults = iter([fault])
    proxy.plan = lambda _method, path: next(faults, "") if path.endswith("/save") else ""
    proxy.before_answer = kill
    story.page.click(".image-card[data-state=local] [data-action=replace]")
    story.page.click("#choices button")
    if fault == "kill":
        expect(story.page.locator("#offline")).to_be_visible()
        server.start()
        assert len(stored(story)) == 1
    story.page.evaluate("dispatchEvent(new Event('online'))")

    expect(story.page.locator(".image-card[data-state=saved]", has_text="new")).to_be_visible()
    expect(story.page.locator(".image-card")).to_have_count(1)
    assert stored(story) == Counter(["new"])


def test_over_plain_http_on_another_host_everything_works(make_story: MakeStory, own_server: LiveServer) -> None:
    # Chromium resolves *.test to loopback (see conftest); the page is then no secure context.
    story = make_story(own_server.url.replace("127.0.0.1", "app.test"))
    story.expected |= {"Cross-Origin-Opener-Policy"}
    page = story.open()
    assert page.evaluate("[isSecureContext, 'locks' in navigator, 'subtle' in crypto]") == [False, False, False]
    expect(page.locator("#warning")).to_contain_text("plain http")
    story.sign_up()
    image_id = story.generate("a lake over http", size="custom")
    record: Any = page.evaluate("(id) => hdImageManager.getHDImage(id)", image_id)
    with page.expect_download() as download:
        page.click(".image-card [data-action=download]")

    assert download.value.path().stat().st_size == record["size"]
    story.reload()
    expect(page.locator("#warning")).to_be_hidden()


def test_a_captive_portal_is_no_answer(make_story: MakeStory, own_server: LiveServer) -> None:
    story = person(make_story, own_server.url)
    story.page.route(
        "**/api/**", lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Hotel</h1>")
    )
    make(story, "in the hotel")
    expect(story.page.locator("#offline")).to_be_visible()
    story.page.unroute("**/api/**")
    story.page.evaluate("dispatchEvent(new Event('online'))")

    all_saved(story.page, 1)
    assert stored(story) == Counter(["in the hotel"])


def test_a_full_disk_is_said_and_saving_goes_on(make_story: MakeStory, own_server: LiveServer) -> None:
    story = make_story(own_server.url)
    story.page.add_init_script("""
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (record) {
        if (this.name === 'blobs') throw new DOMException('no space', 'QuotaExceededError');
        return put.call(this, record);
      };""")
    page = story.open()
    story.sign_up()
    make(story, "no room")

    all_saved(page, 1)
    expect(page.locator("#warning")).to_be_visible()
    assert stored(story) == Counter(["no room"])
