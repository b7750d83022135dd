"""The cards, the numbers above them, and the times left."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import js
from pyodide.ffi import create_proxy

from frontend.browser.ffi import listen, obj
from frontend.i18n import Translator, megabytes
from frontend.models import Image
from frontend.providers import FORMATS
from frontend.ui.elements import ObjectURLs, clone, element, on_action
from frontend.ui.text import moment

SOON = 3600  # seconds left from which a card shows it


class Gallery:
    """`#daily-images`: one card an image, kept and only changed where its image changed."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self._urls = ObjectURLs()
        self._cards: dict[str, Any] = {}
        self._shown: dict[str, tuple[Image, str]] = {}
        self._loading: set[asyncio.Task[None]] = set()
        self._seen = js.IntersectionObserver.new(create_proxy(self._came_near), obj({"rootMargin": "100%"}))
        self.on_action: Callable[[str, str], Any] = lambda _action, _image_id: None
        self.on_when_full: Callable[[str], Any] = lambda _choice: None
        self.smaller_format: Callable[[Image], str] = lambda _image: ""
        self.thumbnail: Callable[[str], Awaitable[Any]]
        on_action(element("daily-images"), self._clicked)
        listen(element("when-full"), "change", lambda event: self.on_when_full(event.target.value))

    def when_full(self, choice: str) -> None:
        """Show what happens when the account is full."""
        element("when-full").value = choice

    def show(self, images: list[Image], now: float) -> None:
        """Show these images, in this order."""
        known = {image.id for image in images}
        for image_id in [key for key in self._cards if key not in known]:
            self._remove(image_id)
        for image in images:
            self._show(image, now)
        cards = [self._cards[image.id] for image in images]
        if [child.dataset.imageId for child in element("daily-images").children] != [image.id for image in images]:
            element("daily-images").replaceChildren(*cards)
        element("empty").hidden = bool(images)

    def progress(self, image_id: str, fraction: float) -> None:
        """Show how much of an image is sent, 0.0 to 1.0."""
        if card := self._cards.get(image_id):
            bar = card.querySelector("progress")
            bar.hidden, bar.value = False, fraction

    def numbers(self, stats: dict[str, Any], signed_in: bool, usage: int | None) -> None:  # noqa: FBT001 - a fact
        """Show the account's statistics, and the bytes this browser keeps."""
        element("imageCount").textContent = f"{stats['totalImages']}/{stats['maxImages']}"
        element("when-full-row").hidden = not signed_in
        key = "gallery.stats" if signed_in else "gallery.stats_signed_out"
        text = self._translate(key, size=megabytes(stats["totalSize"]), limit=megabytes(stats["maxSize"]))
        if stats["next_slot_at"]:
            time = moment(stats["next_slot_at"], self._translate.language)
            text += " " + self._translate("gallery.next_slot", time=time)
        if usage is not None:
            text += " " + self._translate("gallery.usage", size=megabytes(usage))
        element("image-stats").textContent = text

    def tick(self, now: float) -> None:
        """Bring the times left up to date."""
        for image_id, (image, _) in self._shown.items():
            self._time_left(self._cards[image_id], image, now)

    def _clicked(self, action: str, at: Any) -> None:
        self.on_action(action, at.closest(".image-card").dataset.imageId)

    def _show(self, image: Image, now: float) -> None:
        if self._shown.get(image.id) == (image, self._translate.language):
            return
        card = self._cards.get(image.id) or self._add(image)
        self._shown[image.id] = (image, self._translate.language)
        self._fill(card, image)
        self._time_left(card, image, now)

    def _add(self, image: Image) -> Any:
        card = self._cards[image.id] = clone("card-template")
        card.dataset.imageId = image.id
        self._seen.observe(card)
        return card

    def _came_near(self, changes: Any, _observer: Any) -> None:
        """Load the pictures of cards that are, or soon will be, on the screen."""
        for change in changes:
            if change.isIntersecting:
                self._seen.unobserve(change.target)
                task = asyncio.ensure_future(self._load(change.target.dataset.imageId, change.target))
                self._loading.add(task)
                task.add_done_callback(self._loading.discard)

    async def _load(self, image_id: str, card: Any) -> None:
        try:
            blob = await self.thumbnail(image_id)
        except Exception as error:  # noqa: BLE001 - a card without its picture still has its buttons
            js.console.warn(f"no thumbnail: {error}")
            return
        if blob and image_id in self._cards:
            card.querySelector("img").src = self._urls.put(image_id, blob)

    def _fill(self, card: Any, image: Image) -> None:
        translate = self._translate
        card.dataset.state = image.state
        for node in card.querySelectorAll("[data-i18n]"):
            node.textContent = translate(node.dataset.i18n)
        prompt = image.prompt or translate("card.no_prompt")
        card.querySelector("img").alt = prompt
        card.querySelector(".picture").setAttribute("aria-label", translate("card.view", prompt=prompt[:80]))
        card.querySelector(".badge").textContent = translate(f"state.{image.state}")
        card.querySelector(".prompt").textContent = prompt
        size = f"{image.width}×{image.height} · {megabytes(image.size)}"
        card.querySelector(".facts").textContent = (
            f"{size} · {translate.generator(image.model)}" if image.model else size
        )
        if image.state != "pending":
            card.querySelector("progress").hidden = True
        self._reason(card, image)

    def _reason(self, card: Any, image: Image) -> None:
        reason, ways = card.querySelector(".reason"), card.querySelector(".ways")
        reason.hidden = not image.reason or image.state == "pending"
        ways.hidden = image.state not in ("local", "failed") or _code(image) == "signed_out"
        if image.reason:
            facts = {"actual": megabytes(image.size), "allowed": megabytes(image.reason.get("max_size") or 0)}
            if slot := image.reason.get("next_slot_at"):
                facts["time"] = moment(slot, self._translate.language)
            reason.textContent = self._translate.refusal(image.reason | facts)
        smaller = self.smaller_format(image) if _code(image) == "image_too_large" else ""
        if smaller:
            key = "card.smaller_anew" if image.seed is None else "card.smaller"
            reason.textContent += " " + self._translate(key, format=FORMATS[smaller])
            again = self._translate("action.smaller", format=FORMATS[smaller])
            card.querySelector('[data-action="smaller"]').textContent = again
        offered = {
            "replace": _code(image) in ("quota_exceeded", "kept_here"),
            "smaller": bool(smaller),
            "retry": not smaller,
            "keep": _code(image) == "quota_exceeded",
        }
        for action, shown in offered.items():
            card.querySelector(f'[data-action="{action}"]').hidden = not shown

    def _time_left(self, card: Any, image: Image, now: float) -> None:
        left = card.querySelector(".left")
        text, soon = self._translate("card.stays"), False
        if image.expires_at is not None:
            seconds = max(0, int(image.expires_at - now))
            hours, minutes = seconds // 3600, seconds // 60 % 60
            text = self._translate("card.left", time=f"{hours:02}:{minutes:02}:{seconds % 60:02}")
            soon = seconds < SOON
        if left.textContent != text:
            left.textContent = text
        left.classList.toggle("soon", soon)

    def _remove(self, image_id: str) -> None:
        card = self._cards.pop(image_id)
        self._seen.unobserve(card)
        card.remove()
        self._shown.pop(image_id, None)
        self._urls.drop(image_id)


def _code(image: Image) -> str:
    return str((image.reason or {}).get("code", ""))
