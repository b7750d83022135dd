"""An app with everything around it: views that only remember what they were told, and a server that behaves."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from frontend.api import Answer, Api, Call
from frontend.app import App
from frontend.clock import Clock
from frontend.database import Database, MemoryDatabase
from frontend.generators.remote import Remote
from frontend.hd_image_manager import HDImageManager
from frontend.i18n import Translator
from frontend.models import Account, ImageRequest
from frontend.outbox import Outbox
from frontend.session import Session

from .conftest import START, FakeFiles, FakeServer, FakeTime, alone, picture

ADA = {"id": "ada", "username": "Ada", "email": "ada@example.org"}
BOB = {"id": "bob", "username": "Bob", "email": "bob@example.org"}


class Told:
    """A view: every call is remembered, and answered from `answers`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.answers: dict[str, Any] = {}
        self.on_call: Callable[[str, tuple[Any, ...]], None] = lambda _name, _arguments: None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, (*arguments, *named.values())))
            self.on_call(name, arguments)
            return self.answers.get(name)

        return call

    def said(self, name: str) -> list[Any]:
        return [arguments[0] for called, arguments in self.calls if called == name and arguments]


class Asked(Told):
    """Dialogs: the same, but awaited."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        tell = super().__getattr__(name)

        async def call(*arguments: Any, **named: Any) -> Any:
            await asyncio.sleep(0)
            return tell(*arguments, **named)

        return call


class Form:
    """What the studio reads."""

    def __init__(self, prompt: str = "a lake", count: int = 1, seed: int | None = 7, model: str = "landscape") -> None:
        self.prompt, self.count, self.seed, self.model = prompt, count, seed, model

    def request(self, seed: int) -> ImageRequest:
        return ImageRequest(self.prompt, "", 64, 48, seed, self.model)


class FakeEvents(Told):
    secure = True

    async def persist(self) -> None:
        self.calls.append(("persist", ()))

    async def usage(self) -> int:
        return 1

    def later(self, seconds: float, handler: Callable[[], Any]) -> Callable[[], None]:
        self.calls.append(("later", (seconds, handler)))
        return lambda: None


class Views:
    def __init__(self) -> None:
        self.header, self.status, self.studio, self.gallery, self.viewer = (Told() for _ in range(5))
        self.picker, self.tools, self.speech = (Told() for _ in range(3))
        self.dialogs = Asked()
        self.spoken: list[str] = []

    def speak(self, translate: Translator) -> None:
        self.spoken.append(translate.language)


class Preferences(dict[str, Any]):
    def put(self, name: str, value: Any) -> None:
        self[name] = value


class Painter:
    """A generator whose pictures follow from the seed."""

    async def generate(self, request: ImageRequest) -> tuple[ImageRequest, bytes]:
        await asyncio.sleep(0)
        return request, picture((request.seed or 0) % 256)


class World:
    """An app with everything around it."""

    def __init__(
        self, server: FakeServer, time: FakeTime, files: FakeFiles, remembered: dict[str, Any] | None = None
    ) -> None:
        self.server, self.time, self.views, self.events = server, time, Views(), FakeEvents()
        self.updates = Asked()
        self.updates.__dict__["language_changed"] = lambda: self.events.calls.append(("language_changed", ()))
        self.spaces: dict[str, Database] = defaultdict(MemoryDatabase)
        self.preferences = Preferences(remembered or {})
        self.user: dict[str, str] | None = None
        self.config: dict[str, Any] = {}
        self.answers: dict[str, Callable[[Call], Answer]] = {}
        self.waited: list[float] = []
        self.numbers = iter(range(1000))
        answer = server.answer

        def with_config(call: Call) -> Any:
            if call.path == "/api/config":
                return server.say(200, maxCount=server.limit, user=self.user, **self.config)
            if call.path.startswith(("/api/providers/", "/api/generate", "/api/prompts/", "/api/audio/")):
                return self.answers[call.path](call)
            if call.path in ("/api/auth/login", "/api/auth/register"):
                return server.say(200, user=self.user)
            return answer(call)

        server.answer = with_config  # type: ignore[method-assign]
        self.clock = Clock(lambda: START, time)
        self.api = Api(server, self.clock, lambda: "en")
        self.files = files
        self.app = App(
            api=self.api,
            session=Session(self.api, self.preferences),
            clock=self.clock,
            files=files,
            preferences=self.preferences,
            translate=Translator({"en": {}, "zh": {}}, "en"),
            generators={"landscape": Painter(), "remote": Remote(self.api, time, self.wait, lambda: 1.0)},
            views=self.views,
            events=self.events,
            updates=self.updates,
            open_space=self.open_space,
            erase_space=self.erase_space,
        )

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.time.seconds += seconds
        await asyncio.sleep(0)

    async def open_space(self, account: Account | None) -> HDImageManager:
        database = self.spaces[account.id if account else ""]
        outbox = Outbox(database, self.api, self.clock, lambda: 1.0, alone)

        def new_id() -> str:
            self.time.seconds += 0.001
            return f"image-{next(self.numbers)}"

        return HDImageManager(database, outbox, self.api, self.files, self.clock, new_id, signed_in=account is not None)

    async def erase_space(self, account: Account) -> None:
        self.spaces.pop(account.id, None)

    async def settle(self) -> None:
        while self.app._tasks:
            await asyncio.gather(*self.app._tasks)

    async def start(self, user: dict[str, str] | None = None) -> App:
        self.user = user
        if user:
            self.preferences["account"] = user
            self.app.session.reload()
        await self.app.start()
        await self.settle()
        return self.app

    async def generate(self, *forms: Form) -> None:
        for form in forms:
            self.views.studio.answers["read"] = form
            await self.app.making.generate()
            await self.settle()
