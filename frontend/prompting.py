"""The prompt tools: a better prompt, or one in English, is shown beside the one typed; taken or left, and undone."""

import asyncio
from typing import TYPE_CHECKING, Any

from frontend.errors import ClientError

if TYPE_CHECKING:
    from frontend.app import App


class Prompting:
    """What the tools made of the prompt on this visit."""

    def __init__(self, app: "App") -> None:
        self._app = app
        self._steps: list[tuple[str, str]] = []  # taken: the prompt before, and after
        self._proposed = ""
        self._task: asyncio.Task[None] | None = None
        app.views.studio.on_new_prompt = self.forget

    def show(self) -> None:
        """Offer the tools that are on."""
        tools, view = self._app.config["tools"], self._app.views.tools
        view.on_tool, view.on_cancel, view.on_answer, view.on_undo = self.start, self.cancel, self.answer, self.undo
        view.offer([tool for tool in ("optimize", "translate") if tools.get(tool)])

    def original(self, prompt: str) -> str:
        """Return what the person typed before the tools made this prompt of it, empty if they did not."""
        typed = prompt
        for before, after in reversed(self._steps):
            if after == typed:
                typed = before
        return typed if typed != prompt else ""

    def remember(self, original: str, prompt: str) -> None:
        """Take over what was typed once, with a prompt that is used again."""
        self.forget()
        if original:
            self._steps = [(original, prompt)]
            self._app.views.tools.settle(undo=True)

    def start(self, tool: str) -> None:
        """Let a tool at the prompt, unless one is at it."""
        if self._task is None or self._task.done():
            self._task = self._app.background(self.rewrite(tool))

    def cancel(self) -> None:
        """Stop the tool."""
        if self._task:
            self._task.cancel()

    async def rewrite(self, tool: str) -> None:
        """Show what a tool makes of the prompt, or say why there is nothing to show."""
        view, translate = self._app.views.tools, self._app.translate
        prompt = self._app.views.studio.prompt()
        if not prompt:
            self._app.views.studio.complain(translate("studio.prompt_missing"))
            return
        view.work(tool)
        try:
            self._propose(prompt, await self._app.api.rewrite(tool, prompt))
        except asyncio.CancelledError:
            view.settle(translate("tools.cancelled"), undo=bool(self._steps))
        except ClientError as error:
            why = self._app.sentence(error, name=translate("tools.name"))
            view.settle(translate("tools.failed", why=why), undo=bool(self._steps))

    def _propose(self, prompt: str, answer: dict[str, Any]) -> None:
        self._proposed = str(answer["prompt"]).strip()
        if self._proposed == prompt:
            self._app.views.tools.settle(self._app.translate("tools.unchanged"), undo=bool(self._steps))
        else:
            self._app.views.tools.propose(prompt, self._proposed, str(answer.get("model") or ""))

    def answer(self, taken: bool) -> None:  # noqa: FBT001 - what the person answered
        """Take or leave what was proposed."""
        if taken:
            self._steps.append((self._app.views.studio.prompt(), self._proposed))
            self._app.views.studio.write(self._proposed)
        self._app.views.tools.settle(undo=bool(self._steps))

    def undo(self) -> None:
        """Put back the prompt as it was before the tool."""
        before, _ = self._steps.pop()
        self._app.views.studio.write(before)
        self._app.views.tools.settle(self._app.translate("tools.undone"), undo=bool(self._steps))

    def forget(self) -> None:
        """Begin anew: the prompt is another one."""
        if self._steps:
            self._steps.clear()
            self._app.views.tools.settle(undo=False)
