"""All views of the page, made together because they speak one language."""

from frontend.i18n import Translator
from frontend.ui import text
from frontend.ui.dialogs import Dialogs
from frontend.ui.gallery import Gallery
from frontend.ui.header import Header
from frontend.ui.status import Status
from frontend.ui.studio import Studio
from frontend.ui.viewer import Viewer


class Views:
    """What the app shows itself through."""

    def __init__(self, translate: Translator) -> None:
        self.header = Header(translate)
        self.status = Status(translate)
        self.studio = Studio(translate)
        self.gallery = Gallery(translate)
        self.viewer = Viewer(translate)
        self.dialogs = Dialogs(translate)

    def speak(self, translate: Translator) -> None:
        """Say everything in the language that is on."""
        text.speak(translate)
        self.header.language(translate.language)
        self.studio.speak()
