"""Reading aloud: a small form behind a disclosure, and a player."""

from collections.abc import Callable
from typing import Any

from frontend.browser.ffi import listen
from frontend.i18n import Translator
from frontend.ui.elements import ObjectURLs, element, on_click, option

EXTENSIONS = {"audio/mpeg": "mp3", "audio/ogg": "opus", "audio/aac": "aac", "audio/flac": "flac", "audio/wav": "wav"}


class Speech:
    """`#speech`."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self._urls = ObjectURLs()
        self._offered: list[str] = []
        self.on_speak: Callable[[], Any] = lambda: None
        self.on_cancel: Callable[[], Any] = lambda: None
        listen(element("speech-form"), "submit", self._submitted)
        on_click("speech-cancel-button", lambda: self.on_cancel())

    def offer(self, voices: list[str], voice: str, speeds: list[float]) -> None:
        """Show the voices and the speeds, once: what was chosen stays."""
        if voices == self._offered:
            return
        self._offered = voices
        element("speech-voice").replaceChildren(*(option(each, each) for each in voices))
        element("speech-voice").value = voice
        element("speech-speed").replaceChildren(*(option(str(speed), f"{speed:g}×") for speed in speeds))
        element("speech-speed").value = "1.0"
        element("speech").hidden = False

    def text(self) -> str:
        """Return the person's own text, empty for the prompt."""
        return str(element("speech-text").value).strip()

    def voice(self) -> tuple[str, float]:
        """Return voice and speed."""
        return str(element("speech-voice").value), float(element("speech-speed").value or 1)

    def work(self) -> None:
        """Show that the sound is on its way."""
        self.settle(self._translate("speech.runs"))
        element("speech-button").disabled = True
        element("speech-cancel-button").hidden = False

    def play(self, sound: Any) -> None:
        """Play a sound, and offer it as a file."""
        self.settle("")
        player, link = element("speech-player"), element("speech-download")
        player.src = link.href = self._urls.put("sound", sound)
        link.download = f"speech.{EXTENSIONS.get(sound.type.partition(';')[0], 'mp3')}"
        element("speech-sound").hidden = False
        player.play().catch(lambda _refused: None)

    def settle(self, text: str) -> None:
        """Show that nothing is on its way, and why not."""
        element("speech-status").textContent = text
        element("speech-button").disabled = False
        element("speech-cancel-button").hidden = True

    def _submitted(self, event: Any) -> None:
        event.preventDefault()
        self.on_speak()
