"""The form that makes images, and what it made last."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import js

from frontend.browser.ffi import listen, obj
from frontend.generators.examples import EXAMPLES
from frontend.i18n import Translator
from frontend.models import Image, ImageRequest
from frontend.providers import Size
from frontend.ui.elements import ObjectURLs, clone, element, on_action, on_click
from frontend.ui.picker import Picker


@dataclass(frozen=True, slots=True)
class Form:
    """What the person asked for; `seed` is None for a random one."""

    prompt: str
    negative: str
    model: str
    format: str
    size: Size
    count: int
    seed: int | None

    def request(self, seed: int) -> ImageRequest:
        """Return the request for one image."""
        return ImageRequest(self.prompt, self.negative, *self.size, seed, self.model, self.format)


class Studio:
    """`#text-input` and what belongs to it."""

    def __init__(self, translate: Translator, picker: Picker) -> None:
        self._translate = translate
        self._picker = picker
        self._urls = ObjectURLs()
        self._seed: int | None = None
        self.on_generate: Callable[[], Any] = lambda: None
        self.on_cancel: Callable[[], Any] = lambda: None
        self.on_way: Callable[[str], Any] = lambda _way: None
        self.on_new_prompt: Callable[[], Any] = lambda: None
        self.on_view: Callable[[str], Any] = lambda _image_id: None
        listen(element("studio"), "submit", self._submitted)
        listen(element("text-input"), "keydown", self._shortcut)
        listen(element("text-input"), "input", lambda _event: self._typed())
        on_click("cancel-button", lambda: self.on_cancel())
        on_click("example-button", self._example)
        on_click("clear-button", self.clear)
        on_action(element("image-result-container"), lambda _action, at: self.on_view(at.dataset.imageId))
        on_action(element("trouble"), lambda way, _at: self.on_way(way))

    def read(self) -> Form:
        """Return the form, out-of-range numbers brought to the nearest that is allowed."""
        seed = element("option-seed").value.strip()
        return Form(
            prompt=self.prompt(),
            size=self._picker.size(),
            count=int(element("option-num-images").value),
            seed=min(max(int(float(seed)), 0), 2**31 - 1) if seed else None,
            **self._picker.options(),
        )

    def prompt(self) -> str:
        """Return the prompt as it stands."""
        return str(element("text-input").value).strip()

    def write(self, prompt: str) -> None:
        """Put another prompt in the place of what stands."""
        element("text-input").value = prompt
        self.complain("")

    def fill(self, request: ImageRequest) -> None:
        """Put a request into the form: what is generated next is the same; its model is chosen by then."""
        self.write(request.prompt)
        self._picker.fill(request)
        element("option-seed").value = "" if request.seed is None else str(request.seed)
        element("option-num-images").value = "1"
        element("text-input").focus()

    def complain(self, text: str) -> None:
        """Say what is wrong with the prompt, beside it; empty takes it back."""
        complaint, prompt = element("prompt-error"), element("text-input")
        complaint.textContent = text
        complaint.hidden = not text
        prompt.setAttribute("aria-invalid", "true" if text else "false")
        if text:
            prompt.focus()

    def slots(self, left: int | None) -> None:
        """Say how many images the account still takes; None when nobody is signed in."""
        key = "studio.slots_signed_out" if left is None else "studio.slots" if left else "studio.slots_none"
        element("slots").textContent = self._translate(key, left=left)

    def start(self, *, anew: bool) -> None:
        """Show that images are being made; those of the last time go, unless these belong to them."""
        element("generate-button").disabled = True
        element("cancel-button").hidden = False
        self.trouble("", [])
        if anew:
            element("result").hidden = True
            element("image-result-container").replaceChildren()
            self._urls.drop_all()

    def progress(self, number: int, count: int, attempt: tuple[int, int] | None = None, seconds: int = 0) -> None:
        """Show which image of how many is being made, counted from 0, which attempt it is, and when that begins."""
        text = self._translate("studio.progress", number=number + 1, count=count)
        if attempt:
            text += " " + self._translate("studio.attempt", number=attempt[0], count=attempt[1])
        if element("generation-progress").textContent != text:
            element("generation-progress").textContent = text
        # Apart from the line above, which is read out: nobody wants to hear each second.
        element("generation-wait").textContent = self._translate("studio.again_in", seconds=seconds) if seconds else ""

    def trouble(self, text: str, ways: list[str]) -> None:
        """Tell why there is no image, and offer ways out; empty takes it back."""
        element("trouble-text").textContent = text
        element("trouble").hidden = not text
        for button in element("trouble").querySelectorAll("[data-action]"):
            button.hidden = button.dataset.action not in ways
        if text:
            element("trouble").scrollIntoView(obj({"block": "nearest"}))

    def result(self, image: Image, blob: Any) -> None:
        """Show an image that was just made."""
        element("result").hidden = False
        shown = clone("result-template")
        shown.dataset.imageId = image.id
        picture = shown.querySelector("img")
        picture.src = self._urls.put(image.id, blob)
        picture.width, picture.height = image.width, image.height
        picture.alt = image.prompt
        element("image-result-container").append(shown)

    def made(self, seed: int | None) -> None:
        """Show the seed that was used, if one was."""
        self._seed = seed
        self.speak()

    def speak(self) -> None:
        """Say again, in the language that is on, what was put together here."""
        element("seed-used").hidden = self._seed is None
        element("seed-used").textContent = self._translate("studio.seed_used", seed=self._seed)

    def stop(self) -> None:
        """Show that nothing is being made."""
        element("generate-button").disabled = False
        element("cancel-button").hidden = True
        element("generation-progress").textContent = element("generation-wait").textContent = ""

    def clear_result(self) -> None:
        """Take the last result off the page."""
        element("result").hidden = True
        element("image-result-container").replaceChildren()
        self._urls.drop_all()

    def clear(self) -> None:
        """Empty the form's texts."""
        for name in ("text-input", "negative-prompt", "option-seed"):
            element(name).value = ""
        self._seed = None
        self.speak()
        self._typed()
        element("text-input").focus()

    def _submitted(self, event: Any) -> None:
        event.preventDefault()
        self.on_generate()

    def _shortcut(self, event: Any) -> None:
        if event.key == "Enter" and (event.ctrlKey or event.metaKey):
            event.preventDefault()
            self.on_generate()

    def _typed(self) -> None:
        self.complain("")
        if not self.prompt():
            self.on_new_prompt()

    def _example(self) -> None:
        chinese, english = EXAMPLES[int(js.Math.random() * len(EXAMPLES))]
        element("text-input").value = chinese if self._translate.language == "zh" else english
        self.complain("")
        self.on_new_prompt()
