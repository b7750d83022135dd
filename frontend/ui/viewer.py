"""One image, large, with everything that is known of it."""

from collections.abc import Callable
from typing import Any

from frontend.browser.ffi import listen
from frontend.i18n import Translator, megabytes
from frontend.models import Image
from frontend.providers import FORMATS
from frontend.ui.elements import ObjectURLs, clone, element, on_action
from frontend.ui.text import moment


class Viewer:
    """`#imageModal`: arrows go on, Delete deletes, Escape closes, the focus returns to where it was."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self._urls = ObjectURLs()
        self._image: Image | None = None
        self._order: list[str] = []
        self.on_action: Callable[[str, str], Any] = lambda _action, _image_id: None
        dialog = element("imageModal")
        on_action(dialog, lambda action, _at: self._announce(action))
        listen(dialog, "keydown", self._key)
        listen(dialog, "close", lambda _event: self._closed())
        listen(dialog, "click", self._clicked)

    def show(self, image: Image, blob: Any, order: list[str]) -> None:
        """Show an image; `order` is what the arrows go through."""
        self._image, self._order = image, order
        picture = element("modalImage")
        picture.src = self._urls.put("image", blob)
        picture.alt = image.prompt
        element("modalCaption").textContent = image.prompt or self._translate("card.no_prompt")
        self._details(image)
        for step in element("imageModal").querySelectorAll("[data-step]"):
            step.hidden = len(order) < 2  # noqa: PLR2004 - nowhere to go
        if not element("imageModal").open:
            element("imageModal").showModal()

    def close(self, image_id: str = "") -> None:
        """Close if it shows that image, or whatever it shows."""
        if element("imageModal").open and self._image and image_id in ("", self._image.id):
            element("imageModal").close()

    def _details(self, image: Image) -> None:
        language = self._translate.language
        facts = {
            "size": f"{image.width}×{image.height} · {megabytes(image.size)}",
            "type": image.content_type,
            "requested": _requested(image),
            "model": self._translate.generator(image.model),
            "seed": "" if image.seed is None else str(image.seed),
            "negative": image.negative,
            "original_prompt": image.original_prompt,
            "revised_prompt": image.revised_prompt if image.revised_prompt != image.prompt else "",
            "created": moment(image.created_at, language),
            "expires": moment(image.expires_at, language) if image.expires_at else self._translate("card.stays"),
            "state": self._translate(f"state.{image.state}"),
            "sha256": image.sha256,
        }
        rows = []
        for name, value in facts.items():
            if value:
                row = clone("info-template")
                row.querySelector("dt").textContent = self._translate(f"info.{name}")
                row.querySelector("dd").textContent = value
                row.querySelector("dd").classList.toggle("mono", name == "sha256")
                rows.append(row)
        element("modalInfo").replaceChildren(*rows)

    def _announce(self, action: str) -> None:
        if self._image:
            self.on_action(action, self._image.id)

    def _step(self, by: int) -> None:
        if self._image and self._image.id in self._order:
            at = (self._order.index(self._image.id) + by) % len(self._order)
            self.on_action("view", self._order[at])

    def _key(self, event: Any) -> None:
        steps = {"ArrowLeft": -1, "ArrowRight": 1}
        if event.key in steps:
            self._step(steps[event.key])
        elif event.key in ("Home", "End") and self._order:
            self.on_action("view", self._order[0 if event.key == "Home" else -1])
        elif event.key == "Delete":
            self._announce("delete")

    def _clicked(self, event: Any) -> None:
        if event.target.closest("[data-close]") or event.target.id == "imageModal":
            element("imageModal").close()
        elif step := event.target.closest("[data-step]"):
            self._step(int(step.dataset.step))

    def _closed(self) -> None:
        self._image = None
        self._urls.drop_all()
        element("modalImage").removeAttribute("src")


def _requested(image: Image) -> str:
    """Return what was asked for where something else came, empty where it is what came."""
    size, kind = (image.requested_width, image.requested_height), image.requested_format
    other_size = all(size) and size != (image.width, image.height)
    other_kind = kind and image.content_type != f"image/{kind}"
    return " · ".join([f"{size[0]}×{size[1]}"] * other_size + [FORMATS.get(kind, kind)] * bool(other_kind))
