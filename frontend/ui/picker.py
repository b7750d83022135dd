"""Which generator, and what can be asked of it: its models, sizes and formats, and what it cannot do."""

from collections.abc import Callable
from typing import Any

import js

from frontend.browser.ffi import listen
from frontend.i18n import Translator
from frontend.models import ImageRequest
from frontend.providers import FORMATS, PAINTER, Provider, Size
from frontend.ui.elements import element, option

SMALLEST, LARGEST, STEP = 256, 2048, 64  # pixels of a custom side
CUSTOM = "custom"


class Picker:
    """`#option-ai-model` and the options that follow from it."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self._offered: Any = None
        self._provider = PAINTER
        self._ratios = PAINTER.ratios()
        self.on_choice: Callable[[str], Any] = lambda _model: None
        listen(element("option-ai-model"), "change", lambda event: self.on_choice(event.target.value))
        listen(element("option-aspect-ratio"), "change", lambda _event: self._ratio_chosen())
        self._ratio_chosen()

    def offer(self, groups: list[tuple[str, dict[str, str]]], chosen: str) -> None:
        """Offer models by provider, and the painter last."""
        select = element("option-ai-model")
        offered = (groups, self._translate.language)
        if offered != self._offered:  # a list that somebody has opened stays as it is
            self._offered = offered
            made = [_group(name, options) for name, options in groups]
            select.replaceChildren(*made, option(PAINTER.id, self._translate.generator(PAINTER.id)))
        select.value = chosen

    def show(self, provider: Provider, note: str) -> None:
        """Show what can be asked of the provider that is chosen."""
        element("model-note").textContent = note
        self._offer_sizes(provider)
        if provider.formats != self._provider.formats:
            chosen = element("option-format").value
            options = [option(kind, FORMATS.get(kind, kind)) for kind in provider.formats]
            element("option-format").replaceChildren(element("option-format").options[0], *options)
            element("option-format").value = chosen if chosen in provider.formats else ""
        element("format-field").hidden = not provider.formats
        element("negative-prompt").disabled = not provider.negative
        element("option-seed").disabled = not provider.seed
        missing = [name for name, there in (("negative", provider.negative), ("seed", provider.seed)) if not there]
        key = {0: "", 1: f"cannot.{''.join(missing)}", 2: "cannot.both"}[len(missing)]
        element("cannot").hidden = not missing
        element("cannot").textContent = self._translate(key, name=provider.name) if missing else ""
        self._provider = provider

    def off(self, text: str) -> None:
        """Say what the server could do too."""
        element("off").hidden = not text
        element("off").textContent = text

    def size(self) -> Size:
        """Return the width and height asked for; a custom side is brought to the nearest that is allowed."""
        custom = (_side("option-width"), _side("option-height"))
        return self._ratios.get(element("option-aspect-ratio").value, custom)

    def options(self) -> dict[str, str]:
        """Return model, format and what to leave out, as far as the provider takes them."""
        return {
            "model": str(element("option-ai-model").value),
            "format": element("option-format").value if self._provider.formats else "",
            "negative": element("negative-prompt").value.strip() if self._provider.negative else "",
        }

    def fill(self, request: ImageRequest) -> None:
        """Show the options of a request; its model is chosen by then."""
        size = (request.width, request.height)
        element("option-aspect-ratio").value = next((r for r, each in self._ratios.items() if each == size), CUSTOM)
        element("option-width").value, element("option-height").value = (str(side) for side in size)
        element("negative-prompt").value = request.negative
        element("option-format").value = request.format if request.format in self._provider.formats else ""
        self._ratio_chosen()

    def _offer_sizes(self, provider: Provider) -> None:
        ratios, select = provider.ratios(), element("option-aspect-ratio")
        if ratios == self._ratios and (provider.sizes is None) == (self._provider.sizes is None):
            return
        chosen, custom = select.value, select.querySelector(f'[value="{CUSTOM}"]')
        self._ratios = ratios
        custom.hidden = custom.disabled = provider.sizes is not None
        texts = {ratio: f"{width}×{height}" for ratio, (width, height) in ratios.items()}
        options = [option(ratio, f"{ratio} · {size}" if ":" in ratio else size) for ratio, size in texts.items()]
        select.replaceChildren(*options, custom)
        usable = chosen in ratios or (chosen == CUSTOM and not custom.disabled)
        select.value = chosen if usable else next(iter(ratios), CUSTOM)
        self._ratio_chosen()

    def _ratio_chosen(self) -> None:
        element("custom-size").hidden = element("option-aspect-ratio").value != CUSTOM


def _group(name: str, options: dict[str, str]) -> Any:
    group = js.document.createElement("optgroup")
    group.label = name
    group.append(*(option(value, text) for value, text in options.items()))
    return group


def _side(name: str) -> int:
    try:
        value = int(float(element(name).value))
    except ValueError:
        value = 1024
    return min(max(round(value / STEP) * STEP, SMALLEST), LARGEST)
