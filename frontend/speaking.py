"""Reading aloud: the prompt, or a text of the person's."""

import asyncio
from typing import TYPE_CHECKING

from frontend.errors import ClientError

if TYPE_CHECKING:
    from frontend.app import App

SPEEDS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)


class Speaking:
    """One text, read aloud on request."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None

    def show(self) -> None:
        """Offer the voices and speeds that there are."""
        speech, view = self._app.config["speech"], self._app.views.speech
        view.on_speak, view.on_cancel = self.start, self.cancel
        speeds = [speed for speed in SPEEDS if speech["minSpeed"] <= speed <= speech["maxSpeed"]]
        view.offer(list(speech["voices"]), speech["default_voice"], speeds)

    def start(self) -> None:
        """Begin, unless a text is on its way."""
        if self._task is None or self._task.done():
            self._task = self._app.background(self.speak())

    def cancel(self) -> None:
        """Stop asking for the sound."""
        if self._task:
            self._task.cancel()

    async def speak(self) -> None:
        """Play the text, or say why it cannot be read."""
        view, translate = self._app.views.speech, self._app.translate
        text, most = view.text() or self._app.views.studio.prompt(), self._app.config["speech"]["maxChars"]
        if not text or len(text) > most:
            key = "error.text_too_long" if text else "speech.missing"
            view.settle(translate(key, max_chars=most, length=len(text)))
            return
        view.work()
        try:
            view.play(await self._app.api.speech(text, *view.voice()))
        except asyncio.CancelledError:
            view.settle(translate("tools.cancelled"))
        except ClientError as error:
            view.settle(self._app.sentence(error, name=translate("speech.name")))
