"""Composition root: makes each object of the page once, wires them, starts the app. PyScript runs this file."""

import asyncio
import gc
import json
import time
from pkgutil import get_data

import js
from pyscript import config

from frontend.api import Api
from frontend.app import App
from frontend.browser import canvas, exports, http, locks
from frontend.browser.database import delete_database, open_database
from frontend.browser.events import Events
from frontend.browser.files import Files
from frontend.browser.offline import Updates
from frontend.browser.preferences import LocalPreferences
from frontend.clock import Clock
from frontend.database import FallbackDatabase
from frontend.embedding import auth_manager, hd_image_manager
from frontend.generators.landscape import Landscape
from frontend.generators.remote import Remote
from frontend.hd_image_manager import HDImageManager
from frontend.i18n import LANGUAGES, Translator
from frontend.models import Account
from frontend.outbox import Outbox
from frontend.session import Session
from frontend.ui.views import Views

DATABASE = config["app"]["database"]


def database_name(account: Account | None) -> str:
    """Return the name of the database of an account, or of whoever is not signed in."""
    return f"{DATABASE}:{account.id if account else 'signed-out'}"


def new_id() -> str:
    """Return a new UUID; also where the browser makes none, over plain http."""
    from uuid import uuid4  # noqa: PLC0415 - no start waits for it

    return str(uuid4())


def language(preferences: LocalPreferences) -> str:
    """Return the language chosen before, else the one the page came in."""
    chosen = preferences.get("language")
    return chosen if chosen in LANGUAGES else "zh" if js.document.documentElement.lang.startswith("zh") else "en"


def sentences() -> dict[str, dict[str, str]]:
    """Return every sentence of the page, by language and key."""
    return {name: json.loads(get_data("frontend", f"locales/{name}.json") or "") for name in LANGUAGES}


async def main() -> None:
    """Build the page and start it."""
    preferences = LocalPreferences()
    translate = Translator(sentences(), language(preferences))
    clock = Clock(time.time, time.monotonic)
    api = Api(http.send, clock, lambda: translate.language)
    files = Files()
    events = Events(DATABASE)
    views = Views(translate)

    async def open_space(account: Account | None) -> HDImageManager:
        disk = await open_database(database_name(account), views.status.superseded)
        database = FallbackDatabase(disk, views.status.not_durable)
        outbox = Outbox(database, api, clock, js.Math.random, locks.exclusive)
        return HDImageManager(database, outbox, api, files, clock, new_id, signed_in=account is not None)

    app = App(
        api=api,
        session=Session(api, preferences),
        clock=clock,
        files=files,
        preferences=preferences,
        translate=translate,
        generators={
            "landscape": Landscape(canvas.paint),
            "remote": Remote(api, time.monotonic, asyncio.sleep, js.Math.random),
        },
        views=views,
        events=events,
        updates=Updates(),
        open_space=open_space,
        erase_space=lambda account: delete_database(database_name(account)),
    )
    views.speak(translate)
    views.gallery.when_full(preferences.get("when_full") or "ask")
    await app.start()
    exports.connect("hdImageManager", *hd_image_manager(app, exports.to_blob, exports.members, exports.to_base64))
    exports.connect("authManager", *auth_manager(app, exports.members))
    js.document.getElementById("boot").hidden = True
    js.document.documentElement.dataset.ready = "1"
    gc.freeze()  # all this stays as long as the page: the collector, off during the start, need not look at it
    gc.enable()


try:
    await main()  # type: ignore[top-level-await]  # noqa: F704, PLE1142 - PyScript runs this file as an async body
except Exception:
    js.hdPage.giveUp()
    raise
