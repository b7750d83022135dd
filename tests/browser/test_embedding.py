"""The page's contract, and its actions called from plain JavaScript."""

import base64
import re
import struct
import zlib
from typing import Any

from playwright.sync_api import expect

from .conftest import MakeStory, Story

PIXEL = (  # a 1×1 PNG
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
IDS = (
    "text-input",
    "negative-prompt",
    "generate-button",
    "cancel-button",
    "option-ai-model",
    "option-aspect-ratio",
    "option-width",
    "option-height",
    "option-num-images",
    "option-seed",
    "image-result-container",
    "login-button",
    "register-button",
    "logout-button",
    "user-name",
    "loginModal",
    "loginForm",
    "loginEmail",
    "loginPassword",
    "registerModal",
    "registerForm",
    "registerUsername",
    "registerEmail",
    "registerPassword",
    "registerConfirmPassword",
    "daily-images",
    "image-stats",
    "imageCount",
    "imageModal",
    "modalImage",
    "modalCaption",
    "modalInfo",
    "saving-status",
    "error-message",
    "lang-select",
)


def call(story: Story, script: str, argument: Any = None) -> Any:
    return story.page.evaluate(script, argument)


def sign_up(story: Story) -> dict[str, Any]:
    user = {"username": "Ada", "email": f"js{id(story)}@example.org", "password": "correct horse"}
    answer: dict[str, Any] = call(story, "(user) => authManager.register(user)", user)
    return answer


def test_every_name_of_the_contract_is_there(story: Story) -> None:
    assert [name for name in IDS if story.page.locator(f"#{name}").count() != 1] == []
    expect(story.page.locator("#saving-status")).to_have_attribute("role", "status")
    expect(story.page.locator("#error-message")).to_have_attribute("role", "alert")


def test_save_list_get_and_delete_from_javascript(story: Story) -> None:
    assert sign_up(story)["success"]
    saved = call(
        story,
        "(data) => hdImageManager.saveHDImage("
        "{prompt: '湖', data, width: 9, height: 9, seed: 0, model: 'mine', original_prompt: '水'})",
        PIXEL,
    )
    assert (saved["success"], saved["state"], saved["width"], saved["seed"]) == (True, "saved", 1, 0)

    listed = call(story, "() => hdImageManager.getDailyImages()")
    assert (listed["count"], listed["maxCount"], listed["images"][0]["id"]) == (1, 3, saved["id"])
    assert listed["images"][0]["original_prompt"] == "水"
    assert call(story, "(id) => hdImageManager.getHDImage(id)", saved["id"])["data"] == PIXEL
    assert call(story, "() => hdImageManager.updateStats()")["remainingImages"] == 2
    content = story.context.request.get(f"{story.url}/api/images/{saved['id']}/content").body()
    assert content == base64.b64decode(PIXEL)

    call(story, "(id) => hdImageManager.viewImage(id)", saved["id"])
    expect(story.page.locator("#imageModal")).to_be_visible()
    call(story, "(id) => hdImageManager.deleteImage(id)", saved["id"])
    assert call(story, "() => hdImageManager.loadDailyImages()")["count"] == 0


def test_bytes_may_be_base64_a_data_url_a_blob_or_a_buffer(story: Story) -> None:
    script = """async (data) => {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const forms = ['data:image/png;base64,' + data, new Blob([bytes]), bytes.buffer, bytes];
      const saved = [];
      for (const form of forms) saved.push(await hdImageManager.saveHDImage({prompt: 'p', data: form}));
      return saved.map((image) => [image.size, image.sha256, image.state]);
    }"""
    answers = call(story, script, PIXEL)

    assert len(answers) == 4
    assert {tuple(answer) for answer in answers} == {(70, answers[0][1], "local")}


def test_failures_reject_with_an_error_that_carries_its_code(story: Story) -> None:
    story.expected |= {"401", "422", "429"}
    script = """async ([name, method, argument]) => {
      try { await window[name][method](argument); return 'no error'; }
      catch (error) { return [error instanceof Error, error.code, String(error.message).includes('Traceback')]; }
    }"""
    bad = [
        ("hdImageManager", "saveHDImage", {"prompt": "p", "data": "%%%"}, "bad_input"),
        ("hdImageManager", "saveHDImage", {"prompt": "p"}, "bad_input"),
        ("hdImageManager", "saveHDImage", None, "bad_input"),
        ("hdImageManager", "saveHDImage", {"prompt": "p", "data": "aGVsbG8="}, "not_an_image"),
        ("hdImageManager", "saveHDImage", {"prompt": "p", "data": PIXEL[:40]}, "damaged_image"),
        ("hdImageManager", "getHDImage", "nobody", "not_found"),
        ("hdImageManager", "deleteImage", None, "not_found"),
        ("authManager", "login", {"email": "nobody@example.org", "password": "x" * 9}, "invalid_credentials"),
        ("authManager", "register", {"username": "x"}, "missing_field"),
    ]
    answers = [call(story, script, [name, method, argument]) for name, method, argument, _ in bad]

    assert answers == [[True, code, False] for *_, code in bad]


def test_a_refused_save_rejects_with_the_quota_and_keeps_the_image(story: Story) -> None:
    story.expected |= {"429"}
    sign_up(story)
    script = """async (data) => {
      for (let n = 0; n < 3; n++) await hdImageManager.saveHDImage({prompt: 'p' + n, data});
      return hdImageManager.saveHDImage({prompt: 'p3', data}).catch((error) => [error.code, error.images.length]);
    }"""
    assert call(story, script, PIXEL) == ["quota_exceeded", 3]
    expect(story.page.locator(".image-card[data-state=local]")).to_have_count(1)


def test_a_damaged_image_is_refused_and_leaves_nothing_here_nor_on_the_server(story: Story) -> None:
    story.expected |= {"422", "no thumbnail", "404"}
    sign_up(story)
    pixel = base64.b64decode(PIXEL)
    head, tail = pixel[:33], pixel[-12:]
    chunk = b"IDAT" + b"no zlib stream"  # its checksum is right: the server cannot know, only who decodes
    undecodable = head + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + tail
    script = "({data}) => hdImageManager.saveHDImage({prompt: 'p', data}).then(() => 'saved', (error) => error.code)"
    for data in (pixel[:50], pixel[:-14] + b"xx" + pixel[-12:], undecodable):
        assert call(story, script, {"data": base64.b64encode(data).decode()}) == "damaged_image"

    expect(story.page.locator(".image-card")).to_have_count(0)
    loaded = call(story, "() => hdImageManager.loadDailyImages()")
    assert (loaded["images"], story.api("/api/images/daily")["images"]) == ([], [])
    assert "POST /api/images/save" in story.requests


def test_calls_made_before_python_is_live_wait_their_turn(make_story: MakeStory) -> None:
    story = make_story()
    page = story.open(ready=False)
    answer = page.evaluate("(data) => hdImageManager.saveHDImage({prompt: 'early', data})", PIXEL)

    assert answer["state"] == "local"
    assert page.evaluate("authManager.isLoggedIn()") is False


def test_auth_manager_tells_who_is_in_and_fires_its_event(story: Story) -> None:
    call(
        story,
        "() => { window.told = []; addEventListener('authChanged', (e) => told.push(e.detail.isAuthenticated)); }",
    )
    user = sign_up(story)["user"]
    assert call(story, "() => [authManager.isLoggedIn(), authManager.getCurrentUser().id]") == [True, user["id"]]
    assert call(story, "() => authManager.validateToken()") is True
    call(story, "() => authManager.logout()")

    assert call(story, "() => [authManager.isLoggedIn(), authManager.getCurrentUser()]") == [False, None]
    assert call(story, "() => told") == [True, False]


def test_a_prompt_is_text_and_never_markup(story: Story) -> None:
    prompt = "<img src=x onerror=alert(1)><b>bold</b>"
    call(story, "([prompt, data]) => hdImageManager.saveHDImage({prompt, data, model: '<i>m</i>'})", [prompt, PIXEL])
    card = story.page.locator(".image-card")
    expect(card.locator(".prompt")).to_have_text(prompt)

    assert card.locator("b, i, img[src=x]").count() == 0
    assert not re.search(r"<b>bold", card.inner_html())
