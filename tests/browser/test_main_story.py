"""Generate, saved by itself, listed, viewed, downloaded, deleted: seen at both ends."""

import hashlib
import re

from playwright.sync_api import expect

from .conftest import MakeStory, Story

STOP_AT = """(text) => {
  const progress = document.getElementById('generation-progress');
  window.stopped = { seen: [] };
  new MutationObserver(() => {
    if (progress.textContent) stopped.seen.push(progress.textContent);
    if (progress.textContent.includes(text)) document.getElementById('cancel-button').click();
  }).observe(progress, { childList: true });
}"""


def test_an_image_is_saved_by_itself_and_can_be_viewed_downloaded_and_deleted(story: Story) -> None:
    page = story.page
    story.sign_up()
    page.fill("#option-seed", "7")
    image_id = story.generate("a quiet lake at sunset", size="16:9")

    record = story.api(f"/api/images/{image_id}")
    assert (record["prompt"], record["seed"], record["model"]) == ("a quiet lake at sunset", 7, "landscape")
    assert (record["width"], record["height"], record["content_type"]) == (1280, 720, "image/png")
    content = story.context.request.get(f"{story.url}/api/images/{image_id}/content").body()
    digest = hashlib.sha256(content).hexdigest()
    assert digest == record["sha256"] == story.digest_here(image_id)
    expect(page.locator("#imageCount")).to_have_text("1/3")

    page.click(f"[data-image-id='{image_id}'] [data-action=view]")
    expect(page.locator("#imageModal")).to_be_visible()
    expect(page.locator("#modalCaption")).to_have_text("a quiet lake at sunset")
    for fact in ("1280×720", "Seed7", digest, "image/png"):
        expect(page.locator("#modalInfo")).to_contain_text(fact)
    assert page.locator("#modalImage").evaluate("async (img) => (await img.decode(), img.naturalWidth)") == 1280

    with page.expect_download() as download:
        page.click("#imageModal [data-action=download]")
    assert download.value.suggested_filename == f"a-quiet-lake-at-sunset-{image_id[:8]}.png"
    assert download.value.path().read_bytes() == content

    page.keyboard.press("Delete")
    expect(page.locator("#confirmModal")).to_be_visible()
    page.click("#confirm-button")
    expect(page.locator(".image-card")).to_have_count(0)
    expect(page.locator("#saving-status")).to_have_text("Image deleted!")
    assert story.context.request.get(f"{story.url}/api/images/{image_id}/content").status == 404
    assert story.digest_here(image_id) == ""


def test_a_reload_keeps_everything_and_the_session(story: Story) -> None:
    story.sign_up("Grace")
    image_id = story.generate("dunes at dawn", size="custom")
    before = story.digest_here(image_id)
    story.reload()

    expect(story.page.locator("#user-name")).to_have_text("Grace")
    expect(story.page.locator(f"[data-image-id='{image_id}'][data-state=saved]")).to_be_visible()
    assert story.digest_here(image_id) == before
    assert story.ids() == [image_id]


def test_another_device_sees_the_same_images_with_the_same_bytes(story: Story, make_story: MakeStory) -> None:
    email = story.sign_up()
    image_id = story.generate("fog in the forest", size="custom")
    other = make_story()
    other.open()
    other.sign_in(email)

    picture = other.page.locator(f"[data-image-id='{image_id}'] img[src^='blob:']")
    expect(picture).to_be_visible()
    assert other.digest_here(image_id) == story.digest_here(image_id)


def test_several_images_are_made_with_progress_and_can_be_stopped(story: Story) -> None:
    page = story.page
    story.sign_up()
    page.select_option("#option-num-images", "4")
    page.fill("#text-input", "snowy mountains")
    page.fill("#option-seed", "5")
    page.evaluate(STOP_AT, "2/4")
    page.click("#generate-button")
    expect(page.locator("#confirm-question")).to_contain_text("room for 3")
    page.click("#confirm-button")

    expect(page.locator(".image-card").first).to_be_visible()
    expect(page.locator("#cancel-button")).to_be_hidden()
    assert page.evaluate("stopped.seen") == ["Making 1/4 …", "Making 2/4 …"]
    expect(page.locator(".image-card[data-state=pending]")).to_have_count(0)
    made = page.locator(".image-card").count()
    assert 1 <= made <= 2
    seeds = [image["seed"] for image in story.api("/api/images/daily")["images"]]  # type: ignore[attr-defined]
    assert sorted(seeds) == list(range(5, 5 + made))


def test_signed_out_images_stay_here_and_come_along_at_sign_up(story: Story) -> None:
    image_id = story.generate("aurora over the sea", state="local", size="custom")
    story.reload()
    expect(story.page.locator(f"[data-image-id='{image_id}'][data-state=local]")).to_be_visible()

    story.sign_up()

    expect(story.page.locator(f"[data-image-id='{image_id}'][data-state=saved]")).to_be_visible()
    assert story.ids() == [image_id]


def test_reuse_brings_the_settings_back(story: Story) -> None:
    page = story.page
    page.fill("#negative-prompt", "birds")
    page.fill("#option-seed", "123")
    story.generate("meadow in spring", state="local", size="custom")
    page.click("#clear-button")
    assert page.input_value("#option-seed") == ""

    page.click(".image-card [data-action=reuse]")

    settings = {
        "text-input": "meadow in spring",
        "negative-prompt": "birds",
        "option-seed": "123",
        "option-width": "256",
    }
    for name, value in settings.items():
        expect(page.locator(f"#{name}")).to_have_value(value)


def test_the_viewer_is_driven_by_keys_and_gives_the_focus_back(story: Story) -> None:
    page = story.page
    for prompt in ("first", "second"):
        story.generate(prompt, state="local", size="custom")
    opener = page.locator(".image-card", has_text="second").locator("[data-action=view]")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#modalCaption")).to_have_text("second")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#modalCaption")).to_have_text("first")
    page.keyboard.press("Home")
    expect(page.locator("#modalCaption")).to_have_text("second")
    page.keyboard.press("Escape")

    expect(page.locator("#imageModal")).to_be_hidden()
    expect(opener).to_be_focused()


def test_an_open_page_asks_the_server_for_nothing_while_nobody_does_anything(story: Story) -> None:
    page = story.page
    page.clock.install()
    story.reload()
    story.sign_up()
    story.generate("a calm sea", size="custom")
    expect(page.locator("#saving-status")).to_have_text("HD original saved!")
    story.requests.clear()
    before = page.locator(".image-card .left").inner_text()
    page.clock.fast_forward(10 * 60 * 1000)

    expect(page.locator(".image-card .left")).not_to_have_text(before)
    assert [sent for sent in story.requests if "/api/" in sent] == []


def test_a_picture_is_loaded_when_its_card_comes_near_the_screen(make_story: MakeStory) -> None:
    story = make_story(viewport={"width": 320, "height": 300})
    page = story.open()
    image_id = story.generate("a far lake", state="local", size="custom")
    page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")
    story.reload()
    picture = page.locator(f"[data-image-id='{image_id}'] img")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # it was looked for
    assert picture.get_attribute("src") is None

    picture.scroll_into_view_if_needed()
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
