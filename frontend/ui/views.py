"""All views of the page, made together because they speak one language."""

from functools import cached_property
from typing import TYPE_CHECKING

from frontend.i18n import Translator
from frontend.ui import text
from frontend.ui.dialogs import Dialogs
from frontend.ui.gallery import Gallery
from frontend.ui.header import Header
from frontend.ui.picker import Picker
from frontend.ui.status import Status
from frontend.ui.studio import Studio
from frontend.ui.viewer import Viewer

if TYPE_CHECKING:
    from frontend.ui.speech import Speech
    from frontend.ui.tools import Tools


class Views:
    """What the app shows itself through."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self.header = Header(translate)
        self.status = Status(translate)
        self.picker = Picker(translate)
        self.studio = Studio(translate, self.picker)
        self.gallery = Gallery(translate)
        self.viewer = Viewer(translate)
        self.dialogs = Dialogs(translate)

    @cached_property
    def tools(self) -> "Tools":
        """The prompt tools, imported where the server has them on."""
        from frontend.ui.tools import Tools  # noqa: PLC0415

        return Tools(self._translate)

    @cached_property
    def speech(self) -> "Speech":
        """Reading aloud, imported where the server has it on."""
        from frontend.ui.speech import Speech  # noqa: PLC0415

        return Speech(self._translate)

    def speak(self, translate: Translator) -> None:
        """Say everything in the language that is on."""
        text.speak(translate)
        self.header.language(translate.language)
        self.studio.speak()
