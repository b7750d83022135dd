"""The prompt tools beside the prompt: what was typed and what is proposed, to take or to leave."""

from collections.abc import Callable
from typing import Any

from frontend.i18n import Translator
from frontend.ui.elements import element, on_click

TOOLS = ("optimize", "translate")


class Tools:
    """`#optimize-button`, `#translate-button`, and what comes of them."""

    def __init__(self, translate: Translator) -> None:
        self._translate = translate
        self.on_tool: Callable[[str], Any] = lambda _tool: None
        self.on_cancel: Callable[[], Any] = lambda: None
        self.on_answer: Callable[[bool], Any] = lambda _taken: None
        self.on_undo: Callable[[], Any] = lambda: None
        on_click("optimize-button", lambda: self.on_tool("optimize"))
        on_click("translate-button", lambda: self.on_tool("translate"))
        on_click("tool-cancel-button", lambda: self.on_cancel())
        on_click("proposal-take", lambda: self._answered(taken=True))
        on_click("proposal-leave", lambda: self._answered(taken=False))
        on_click("undo-button", lambda: self._undone())

    def offer(self, tools: list[str]) -> None:
        """Show the tools that are on."""
        for tool in TOOLS:
            element(f"{tool}-button").hidden = tool not in tools

    def work(self, tool: str) -> None:
        """Show that a tool is at work."""
        self.settle(self._translate(f"running.{tool}"), undo=False)
        element("tool-cancel-button").hidden = False
        self._enable(on=False)

    def propose(self, before: str, after: str, model: str) -> None:
        """Show what was typed and what is proposed."""
        self.settle(self._translate("tools.proposed", model=model), undo=False)
        element("proposal-before").textContent = before
        element("proposal-after").textContent = after
        element("proposal").hidden = False

    def settle(self, text: str = "", *, undo: bool) -> None:
        """Take everything back but a last word, and the way back to the prompt before where there is one."""
        element("tool-status").textContent = text
        element("tool-cancel-button").hidden = True
        element("proposal").hidden = True
        element("undo-button").hidden = not undo
        self._enable(on=True)

    def _enable(self, *, on: bool) -> None:
        for tool in TOOLS:
            element(f"{tool}-button").disabled = not on

    def _answered(self, *, taken: bool) -> None:
        self.on_answer(taken)
        element("text-input").focus()

    def _undone(self) -> None:
        self.on_undo()
        element("text-input").focus()
