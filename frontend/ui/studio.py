"""The form that makes images, and what it made last."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import js

from frontend.browser.ffi import listen
from frontend.generators.examples import EXAMPLES
from frontend.i18n import Translator
from frontend.models import Image, ImageRequest
from frontend.ui.elements import ObjectURLs, clone, element, on_action, on_click

RATIOS = {"1:1": (1024, 1024), "16:9": (1280, 720), "9:16": (720, 1280), "4:3": (1152, 864), "3:4": (864, 1152)}
SMALLEST, LARGEST, STEP = 256, 2048, 64  # pixels of a custom side


@dataclass(frozen=True, slots=True)
class Form:
    """What the person asked for; `seed` is None for a random one."""

    prompt: str
    negative: str
    model: str
    width: int
    height: int
    count: int
    seed: int | None

    def request(self, seed: int) -> ImageRequest:
        """Return the request for one image."""
        return ImageRequest(self.prompt, self.negative, self.width, self.height, seed, self.model)


class Studio:
    """`#text-input` and what belongs to it."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self._urls = ObjectURLs()
        self._seed: int | None = None
        self.on_generate: Callable[[], Any] = lambda: None
        self.on_cancel: Callable[[], Any] = lambda: None
        self.on_view: Callable[[str], Any] = lambda _image_id: None
        listen(element("studio"), "submit", self._submitted)
        listen(element("text-input"), "keydown", self._shortcut)
        listen(element("text-input"), "input", lambda _event: self.complain(""))
        listen(element("option-aspect-ratio"), "change", lambda _event: self._ratio_chosen())
        on_click("cancel-button", lambda: self.on_cancel())
        on_click("example-button", self._example)
        on_click("clear-button", self.clear)
        on_action(element("image-result-container"), lambda _action, at: self.on_view(at.dataset.imageId))
        self._ratio_chosen()

    def read(self) -> Form:
        """Return the form, out-of-range numbers brought to the nearest that is allowed."""
        custom = (_side("option-width"), _side("option-height"))
        width, height = RATIOS.get(element("option-aspect-ratio").value, custom)
        seed = element("option-seed").value.strip()
        return Form(
            prompt=element("text-input").value.strip(),
            negative=element("negative-prompt").value.strip(),
            model=element("option-ai-model").value,
            width=width,
            height=height,
            count=int(element("option-num-images").value),
            seed=min(max(int(float(seed)), 0), 2**31 - 1) if seed else None,
        )

    def fill(self, image: Image) -> None:
        """Put an image's prompt and settings into the form."""
        element("text-input").value = image.prompt
        element("negative-prompt").value = image.negative
        ratio = next((name for name, size in RATIOS.items() if size == (image.width, image.height)), "custom")
        element("option-aspect-ratio").value = ratio
        element("option-width").value = str(image.width)
        element("option-height").value = str(image.height)
        element("option-seed").value = "" if image.seed is None else str(image.seed)
        if image.model in [option.value for option in element("option-ai-model").options]:
            element("option-ai-model").value = image.model
        self._ratio_chosen()
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

    def start(self) -> None:
        """Show that images are being made."""
        element("generate-button").disabled = True
        element("cancel-button").hidden = False
        element("image-result-container").replaceChildren()
        self._urls.drop_all()

    def progress(self, number: int, count: int) -> None:
        """Show which image of how many is being made; `number` counts from 0."""
        element("generation-progress").textContent = self._translate("studio.progress", number=number + 1, count=count)

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

    def made(self, seed: int) -> None:
        """Show the seed that was used."""
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
        element("generation-progress").textContent = ""

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
        self.complain("")
        element("text-input").focus()

    def _submitted(self, event: Any) -> None:
        event.preventDefault()
        self.on_generate()

    def _shortcut(self, event: Any) -> None:
        if event.key == "Enter" and (event.ctrlKey or event.metaKey):
            event.preventDefault()
            self.on_generate()

    def _ratio_chosen(self) -> None:
        element("custom-size").hidden = element("option-aspect-ratio").value != "custom"

    def _example(self) -> None:
        chinese, english = EXAMPLES[int(js.Math.random() * len(EXAMPLES))]
        element("text-input").value = chinese if self._translate.language == "zh" else english
        self.complain("")


def _side(name: str) -> int:
    try:
        value = int(float(element(name).value))
    except ValueError:
        value = 1024
    return min(max(round(value / STEP) * STEP, SMALLEST), LARGEST)
