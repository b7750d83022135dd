"""Sign up, in and out, and what two people sharing a browser see of each other."""

from playwright.sync_api import expect

from .conftest import PASSWORD, MakeStory, Story


def test_wrong_password_and_taken_address_are_said_beside_the_field(story: Story) -> None:
    page = story.page
    story.expected |= {"401", "409"}
    email = story.sign_up()
    page.click("#logout-button")
    expect(page.locator("#login-button")).to_be_visible()

    story.sign_in(email, "not the password")
    expect(page.locator("#loginModal .complaint")).not_to_be_empty()
    expect(page.locator("#loginPassword")).to_have_attribute("aria-invalid", "true")
    page.fill("#loginPassword", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#user-name")).to_have_text("Ada")
    page.click("#logout-button")

    page.click("#register-button")
    for name, value in {
        "Username": "Eve",
        "Email": email.upper(),
        "Password": PASSWORD,
        "ConfirmPassword": PASSWORD,
    }.items():
        page.fill(f"#register{name}", value)
    page.click("#registerForm [type=submit]")
    expect(page.locator("#registerModal .complaint")).not_to_be_empty()


def test_dialogs_open_with_the_focus_inside_close_with_escape_and_keep_no_password(story: Story) -> None:
    page = story.page
    page.click("#login-button")
    expect(page.locator("#loginEmail")).to_be_focused()
    page.fill("#loginPassword", "secret")
    page.click("#loginModal [data-close]")
    page.click("#login-button")
    expect(page.locator("#loginEmail")).to_be_focused()
    assert page.input_value("#loginPassword") == ""
    page.keyboard.press("Escape")

    expect(page.locator("#loginModal")).to_be_hidden()
    expect(page.locator("#login-button")).to_be_focused()


def test_mistakes_in_the_form_are_said_before_anything_is_sent(story: Story) -> None:
    page = story.page
    story.requests.clear()
    page.click("#register-button")
    complaint = page.locator("#registerModal .complaint")
    page.click("#registerForm [type=submit]")
    expect(complaint).to_have_text("Please enter a name.")
    page.fill("#registerUsername", "Ada")
    page.fill("#registerEmail", "not an address")
    page.click("#registerForm [type=submit]")
    expect(complaint).to_have_text("This is not an e-mail address.")
    page.fill("#registerEmail", "ada@example.org")
    page.fill("#registerPassword", "short")
    page.click("#registerForm [type=submit]")
    expect(complaint).to_contain_text("8 characters")
    page.fill("#registerPassword", PASSWORD)
    page.fill("#registerConfirmPassword", PASSWORD + "!")
    page.click("#registerForm [type=submit]")
    expect(complaint).to_have_text("The two passwords differ.")

    assert [sent for sent in story.requests if "/api/" in sent] == []


def test_two_accounts_in_one_browser_see_nothing_of_each_other(story: Story) -> None:
    page = story.page
    ada = story.sign_up("Ada")
    image_id = story.generate("Ada's valley", size="custom")
    page.click("#logout-button")
    expect(page.locator(".image-card")).to_have_count(0)
    assert story.digest_here(image_id) == ""
    expect(page.locator("body")).not_to_contain_text("Ada")

    story.sign_up("Bob")
    expect(page.locator(".image-card")).to_have_count(0)
    assert story.ids() == []
    assert story.context.request.get(f"{story.url}/api/images/{image_id}/content").status == 404
    page.click("#logout-button")

    story.sign_in(ada)
    expect(page.locator(f"[data-image-id='{image_id}']")).to_be_visible()


def test_signing_out_with_unsent_images_asks_first(story: Story) -> None:
    page = story.page
    story.expected |= {"ERR_", "503"}
    story.sign_up()
    page.route("**/api/images/save", lambda route: route.abort())
    story.generate("not sent yet", state="pending", size="custom")
    page.click("#logout-button")
    expect(page.locator("#confirm-question")).to_contain_text("1 of your images")
    page.click("#confirmModal [data-close]")

    expect(page.locator(".image-card")).to_have_count(1)
    expect(page.locator("#user-name")).to_have_text("Ada")


def test_password_change_ends_other_sessions_and_deletion_ends_everything(story: Story, make_story: MakeStory) -> None:
    page = story.page
    email = story.sign_up()
    image_id = story.generate("to be deleted", size="custom")
    other = make_story()
    other.expected |= {"401"}
    other.open()
    other.sign_in(email)
    expect(other.page.locator("#user-name")).to_have_text("Ada")

    page.click("#user-name")
    page.fill("#accountPassword", PASSWORD)
    page.fill("#accountNewPassword", "a wholly new one")
    page.click("#accountForm [value=password]")
    expect(page.locator("#saving-status")).to_contain_text("Password changed")
    other.reload()
    expect(other.page.locator("#ended")).to_be_visible()

    story.expected |= {"403"}
    page.click("#user-name")
    page.fill("#accountPassword", PASSWORD)
    page.click("#accountForm [value=delete]")
    expect(page.locator("#accountModal .complaint")).not_to_be_empty()
    page.fill("#accountPassword", "a wholly new one")
    page.click("#accountForm [value=delete]")
    expect(page.locator("#login-button")).to_be_visible()

    assert story.context.request.get(f"{story.url}/api/images/{image_id}").status == 401
    assert story.digest_here(image_id) == ""
