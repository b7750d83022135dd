"""Real providers' APIs behind the real server: what the person sees, what is stored, what was asked for upstream."""

import hashlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.upstream import KEY, Upstream

from .conftest import MakeStory, StartServer, Story
from .providing import settings

GPT = "openai/gpt-image-2"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture
def story(make_story: MakeStory, start_server: StartServer, upstream: Upstream) -> Story:
    """Somebody who is signed in, where every provider is on."""
    made = make_story(start_server(**settings(upstream)).url)
    made.open()
    made.sign_up()
    expect(made.page.locator("#option-ai-model optgroup")).to_have_count(2)
    return made


def ask(page: Page, prompt: str, model: str = "pollinations/flux") -> None:
    page.select_option("#option-ai-model", model)
    page.fill("#text-input", prompt)
    page.click("#generate-button")


def pass_time(page: Page, until: str) -> None:
    """Let the page's clock run, a second at a time: between two of them the page does what was due."""
    for _ in range(60):
        if page.locator(until).count():
            return
        page.clock.run_for(1000)
    page.wait_for_selector(until)


def queries(upstream: Upstream) -> list[dict[str, str]]:
    return [asked.query for asked in upstream.images]


def test_a_pollinations_image_is_saved_by_itself_and_reuse_sends_the_identical_request(
    story: Story, upstream: Upstream
) -> None:
    page = story.page
    page.fill("#negative-prompt", "鸟")
    page.select_option("#option-aspect-ratio", "16:9")
    ask(page, "夕阳下的湖 / a lake?")
    card = page.locator(".image-card[data-state=saved]")
    card.wait_for()
    (asked,) = upstream.images
    image_id = card.get_attribute("data-image-id")
    record = story.api(f"/api/images/{image_id}")
    assert asked.path.endswith("/image/夕阳下的湖 / a lake?")
    assert (record["prompt"], record["model"]) == ("夕阳下的湖 / a lake?", "pollinations/flux")
    assert str(record["seed"]) == asked.query["seed"]
    assert (record["negative"], asked.query["negative_prompt"]) == ("鸟", "鸟")
    assert (asked.query["width"], record["requested_width"], record["requested_height"]) == ("1280", 1280, 720)
    content = story.context.request.get(f"{story.url}/api/images/{image_id}/content").body()
    assert hashlib.sha256(content).hexdigest() == story.digest_here(str(image_id))
    assert record["content_type"] == "image/jpeg"

    page.select_option("#option-ai-model", "landscape")
    page.select_option("#option-aspect-ratio", "1:1")
    page.click("#clear-button")
    card.locator("[data-action=reuse]").click()
    page.click("#generate-button")
    expect(page.locator(".image-card[data-state=saved]")).to_have_count(2)
    assert queries(upstream)[0] == queries(upstream)[1]
    assert upstream.images[0].path == upstream.images[1].path
    assert KEY not in page.content()

    story.reload()
    expect(page.locator("#option-ai-model")).to_have_value("landscape")  # the last choice of the person's own


def test_a_chinese_prompt_is_improved_taken_kept_beside_what_was_typed_and_undone(
    story: Story, upstream: Upstream
) -> None:
    page = story.page
    upstream.order("slow", on="chat")
    page.fill("#text-input", "雪山湖泊")
    page.click("#optimize-button")
    upstream.wait_for("asked", 3)  # two lists of models, and the chat
    expect(page.locator("#tool-status")).to_have_text("Improving …")
    page.click("#tool-cancel-button")
    upstream.wait_for("disconnects", 1)
    expect(page.locator("#tool-status")).to_have_text("Stopped.")

    page.click("#optimize-button")
    expect(page.locator("#proposal-before")).to_have_text("雪山湖泊")
    expect(page.locator("#proposal-after")).to_have_text("雪山湖泊，光影细腻，构图考究")
    expect(page.locator("#text-input")).to_have_value("雪山湖泊")
    page.click("#proposal-take")
    expect(page.locator("#proposal")).to_be_hidden()
    ask(page, page.input_value("#text-input"))
    page.wait_for_selector(".image-card[data-state=saved]")
    record = story.api(f"/api/images/{story.ids()[0]}")
    assert (record["prompt"], record["original_prompt"]) == ("雪山湖泊，光影细腻，构图考究", "雪山湖泊")
    page.click(".image-card [data-action=view]")
    expect(page.locator("#modalInfo")).to_contain_text("First typed雪山湖泊")
    page.keyboard.press("Escape")

    page.click("#undo-button")
    expect(page.locator("#text-input")).to_have_value("雪山湖泊")
    expect(page.locator("#undo-button")).to_be_hidden()
    upstream.text = "雪山湖泊"
    page.click("#translate-button")
    expect(page.locator("#tool-status")).to_have_text("Nothing to change: the prompt stays as it is.")


def test_stopping_while_it_waits_ends_the_providers_request(story: Story, upstream: Upstream) -> None:
    page = story.page
    upstream.order("slow")
    ask(page, "a lake")
    expect(page.locator("#generation-progress")).to_have_text("Making 1/1 …")
    upstream.wait_for("asked", 3)  # two lists of models, and the image
    page.click("#cancel-button")

    upstream.wait_for("disconnects", 1)
    expect(page.locator("#saving-status")).to_have_text("Stopped. What was finished is kept.")
    expect(page.locator("#generate-button")).to_be_enabled()
    expect(page.locator(".image-card")).to_have_count(0)
    assert len(upstream.images) == 1


def test_a_busy_provider_is_asked_again_for_the_identical_image_and_the_attempt_is_shown(
    story: Story, upstream: Upstream
) -> None:
    story.expected |= {"503"}
    page = story.page
    page.clock.install()
    upstream.order("busy")
    ask(page, "a lake")
    expect(page.locator("#generation-progress")).to_have_text("Making 1/1 … Attempt 2 of 4")
    expect(page.locator("#generation-wait")).to_have_text(re.compile(r"^, in [4-7] s$"))
    pass_time(page, until=".image-card[data-state=saved]")
    assert len(upstream.images) == 2
    assert queries(upstream)[0] == queries(upstream)[1]


@pytest.mark.parametrize("fault", ["unauthorized", "unpaid", "html"])
def test_what_only_the_operator_can_mend_is_said_at_once(fault: str, story: Story, upstream: Upstream) -> None:
    story.expected |= {"502"}
    page = story.page
    upstream.order(fault)
    ask(page, "a lake")
    said = {
        "unauthorized": "does not accept this server's key. The operator has to check POLLINATIONS_API_TOKEN.",
        "unpaid": "This server's credit at Pollinations is used up. Please tell the operator.",
        "html": "Pollinations sent no image (text/html).",
    }
    expect(page.locator("#trouble-text")).to_contain_text(said[fault])
    assert len(upstream.images) == 1

    page.click("#trouble [data-action=painter]")
    expect(page.locator(".image-card[data-state=saved] .facts")).to_contain_text("Landscape painter")
    expect(page.locator("#trouble")).to_be_hidden()
    assert KEY not in page.content()


def test_an_unsafe_prompt_is_said_with_the_providers_reason_and_nothing_else_is_offered(
    story: Story, upstream: Upstream
) -> None:
    story.expected |= {"422"}
    upstream.order("unsafe")
    ask(story.page, "something else")

    expect(story.page.locator("#trouble-text")).to_contain_text("Pollinations holds this prompt for unsafe.")
    expect(story.page.locator("#trouble button:visible")).to_have_count(0)
    assert len(upstream.images) == 1


def test_a_provider_that_is_down_leaves_the_painter_for_one_click(story: Story, upstream: Upstream) -> None:
    story.expected |= {"502"}
    page = story.page
    page.clock.install()
    upstream.order(*["dropped"] * 4)
    ask(page, "a lake at sunset")
    pass_time(page, until="#trouble:not([hidden])")
    expect(page.locator("#trouble")).to_contain_text("Pollinations has a fault of its own; there is no image.")
    assert len(upstream.images) == 4
    assert all(query == queries(upstream)[0] for query in queries(upstream))

    page.click("#trouble [data-action=painter]")
    expect(page.locator(".image-card[data-state=saved] .facts")).to_contain_text("Landscape painter")
    record = story.api(f"/api/images/{story.ids()[0]}")
    assert str(record["seed"]) == queries(upstream)[0]["seed"]


def test_too_large_a_png_stays_here_and_is_made_again_in_a_smaller_format(story: Story, upstream: Upstream) -> None:
    page = story.page
    upstream.padding = 3 * 1024 * 1024
    ask(page, "a lake", GPT)
    expect(page.locator("#cannot")).to_contain_text("takes no seed, and cannot be told what to leave out")
    card = page.locator(".image-card[data-state=failed]")
    expect(card.locator(".reason")).to_contain_text("It can be made again as WebP")
    assert not any("/api/images/save" in sent for sent in story.requests)
    large = str(card.get_attribute("data-image-id"))
    with page.expect_download() as download:
        card.locator("[data-action=download]").click()
    digest = hashlib.sha256(download.value.path().read_bytes()).hexdigest()
    assert digest == story.digest_here(large)

    card.get_by_role("button", name="Make it as WebP").click()
    page.wait_for_selector(".image-card[data-state=saved]")
    first, second = (asked.json for asked in upstream.images)
    assert second == first | {"output_format": "webp"}
    record = story.api(f"/api/images/{story.ids()[0]}")
    assert (record["content_type"], record["requested_format"]) == ("image/webp", "webp")
    assert "seed" not in record or record["seed"] is None
    expect(card).to_be_visible()


def test_signed_out_the_provider_asks_to_sign_in(
    make_story: MakeStory, start_server: StartServer, upstream: Upstream
) -> None:
    story = make_story(start_server(**settings(upstream)).url)
    page = story.open()
    expect(page.locator("#option-ai-model")).to_have_value("pollinations/zimage")
    expect(page.locator("#model-note")).to_have_text("Sign in to make images with Pollinations.")
    page.fill("#text-input", "a lake")
    page.click("#generate-button")
    page.click("#trouble [data-action=sign_in]")

    expect(page.locator("#loginModal")).to_be_visible()
    assert upstream.images == []


def test_a_text_is_read_aloud_and_a_long_one_refused_with_the_limit(story: Story, upstream: Upstream) -> None:
    page = story.page
    page.fill("#text-input", "湖光山色")
    page.click("#speech summary")
    page.select_option("#speech-voice", "nova")
    page.select_option("#speech-speed", "1.25")
    page.click("#speech-button")
    expect(page.locator("#speech-player")).to_be_visible()
    asked = next(asked.json for asked in upstream.asked if "speech" in asked.path)
    assert {"input": "湖光山色", "voice": "nova", "speed": 1.25}.items() <= asked.items()
    page.wait_for_function("() => document.getElementById('speech-player').duration > 0.5")
    with page.expect_download() as download:
        page.click("#speech-download")
    assert download.value.suggested_filename == "speech.mp3"
    assert len(download.value.path().read_bytes()) == 40 * 417

    page.fill("#speech-text", "长" * 41)
    page.click("#speech-button")
    expect(page.locator("#speech-status")).to_have_text("The text is too long: 41 characters, at most 40 can be read.")


def test_with_nothing_configured_the_painter_paints_and_one_line_says_what_could_be(make_story: MakeStory) -> None:
    story = make_story()
    page = story.open()
    expect(page.locator("#off")).to_contain_text("Not turned on at this server: AI generators (POLLINATIONS_API_TOKEN")
    for name in ("optimize-button", "translate-button", "speech", "format-field", "cannot"):
        expect(page.locator(f"#{name}")).to_be_hidden()
    expect(page.locator("#option-ai-model option")).to_have_count(1)

    story.generate("a lake", state="local", size="custom")
