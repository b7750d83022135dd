"""The server put together: every object is made here, and the list of routes is the table of contents."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Mount, Route

from server import answers
from server.accounts import Accounts
from server.auth import Auth
from server.errors import Refusal
from server.images import Images
from server.kv import Stores, open_stores
from server.limits import SWEEP_INTERVAL
from server.middleware import guards
from server.page import Page
from server.passwords import Passwords
from server.rates import Rates
from server.routes.accounts import AccountRoutes
from server.routes.images import ImageRoutes
from server.routes.status import StatusRoutes
from server.secret import load_secret
from server.settings import Settings, networks, origins
from server.static import OURS, VENDOR, Files
from server.tokens import Tokens

ROOT = Path(__file__).resolve().parent.parent
_log = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    passwords: Passwords | None = None,
    root: Path = ROOT,
) -> Starlette:
    """Build the server on an opened store; raises CannotStart. `clock` gives seconds since 1970."""
    page = Page(root)
    tokens = Tokens(load_secret(settings), settings.token_ttl, clock)
    stores = open_stores(  # last: it has to be closed
        settings.store_urls, clock=clock, max_bytes=settings.max_storage, min_free=settings.min_free_space
    )
    users = Accounts(stores.users, passwords or Passwords(), clock)
    kept = Images(stores.images, max_images=settings.max_images_per_day, ttl=settings.image_ttl, clock=clock)
    rates, allowed = Rates(settings), origins(settings.allowed_origins)
    auth = Auth(users, tokens, rates, allowed)
    accounts = AccountRoutes(users, kept, tokens, auth, rates)
    images = ImageRoutes(kept, auth, rates, settings.max_image_size)
    status = StatusRoutes(settings, stores, auth, clock)
    routes: list[BaseRoute] = [
        Route("/api/auth/register", accounts.register, methods=["POST"]),
        Route("/api/auth/login", accounts.login, methods=["POST"]),
        Route("/api/auth/validate", accounts.validate),
        Route("/api/auth/logout", accounts.logout, methods=["POST"]),
        Route("/api/auth/password", accounts.password, methods=["POST"]),
        Route("/api/auth/account", accounts.delete, methods=["DELETE"]),
        Route("/api/config", status.config),
        Route("/api/images/save", images.save, methods=["POST"]),
        Route("/api/images/daily", images.daily),
        Route("/api/images/stats", images.stats),
        Route("/api/images/download/{id}", images.download),
        Route("/api/images/{id}/content", images.content),
        Route("/api/images/{id}", images.get),
        Route("/api/images/{id}", images.delete, methods=["DELETE"]),
        Route("/health", status.health),
        Route("/health/ready", status.ready),
        Route("/", page.show),
        Route("/pyscript.toml", Files(root, OURS, only="pyscript.toml")),
        Route("/favicon.ico", status.favicon),
        Route("/robots.txt", status.robots),
        Mount("/frontend", Files(root / "frontend", OURS)),
        Mount("/vendor/pyscript", Files(root / "node_modules" / "@pyscript" / "core" / "dist", VENDOR)),
        Mount("/vendor/pyodide", Files(root / "node_modules" / "pyodide", VENDOR)),
    ]
    app = Starlette(
        routes=routes,
        middleware=guards(networks(settings.trusted_proxies), allowed),
        exception_handlers=dict.fromkeys((Refusal, HTTPException, ClientDisconnect, Exception), answers.refused),
        lifespan=lambda _: _running(stores),
    )
    app.router.redirect_slashes = False
    return app


@asynccontextmanager
async def _running(stores: Stores) -> AsyncIterator[None]:
    sweeper = asyncio.create_task(_sweep(stores))
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        stores.close()


async def _sweep(stores: Stores) -> None:
    while True:
        try:
            erased = await stores.sweep()
            _log.debug("erased %d expired entries", erased)
        except Refusal as error:
            _log.warning("could not sweep: %s %s", error.code, error.facts)
        await asyncio.sleep(SWEEP_INTERVAL)
