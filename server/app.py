"""The server put together: every object is made here, and the list of routes is the table of contents."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from server import answers
from server.accounts import Accounts
from server.auth import Auth
from server.errors import Refusal
from server.images import Images
from server.kv import Stores, open_stores
from server.limits import SWEEP_INTERVAL
from server.logs import log
from server.metrics import Metrics
from server.middleware import SecurityHeaders
from server.observing import Observed
from server.page import Page
from server.passwords import Passwords
from server.rates import Rates
from server.routes.accounts import AccountRoutes
from server.routes.docs import DocsRoutes
from server.routes.generation import GenerationRoutes
from server.routes.images import ImageRoutes
from server.routes.status import StatusRoutes
from server.secret import load_secret
from server.settings import Settings, networks, origins
from server.static import from_build, from_sources
from server.tokens import Tokens

ROOT = Path(__file__).resolve().parent.parent
_ASKED: Final = ("Authorization", "Content-Type", "Idempotency-Key", "Range", "Repr-Digest")
_TOLD: Final = ("Content-Disposition", "Idempotent-Replay", "Repr-Digest", "Retry-After", "X-Request-ID")


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    passwords: Passwords | None = None,
    root: Path = ROOT,
) -> Starlette:
    """Build the server on an opened store; raises CannotStart. `clock` gives seconds since 1970."""
    page, metrics = Page(root, sources=settings.serve_sources), Metrics()
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
    generation = GenerationRoutes(settings, auth, rates)
    status = StatusRoutes(settings, stores, auth, metrics, clock, generation.public())
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
        Route("/api/providers/{id}/models", generation.models),
        Route("/api/generate", generation.generate, methods=["POST"]),
        Route("/api/prompts/optimize", generation.optimize, methods=["POST"]),
        Route("/api/prompts/translate", generation.translate, methods=["POST"]),
        Route("/api/audio/speech", generation.speak, methods=["POST"]),
        Route("/health", status.health),
        Route("/health/ready", status.ready),
        Route("/metrics", status.metrics),
        Route("/", page.show),
        Route("/sw.js", page.worker),
        Route("/favicon.ico", status.favicon),
        Route("/robots.txt", status.robots),
        *(from_sources(root) if settings.serve_sources else from_build(root)),
    ]
    docs = DocsRoutes(routes)
    routes += [Route("/openapi.json", docs.openapi), Route("/docs", docs.docs)]
    app = Starlette(
        routes=routes,
        middleware=_guards(metrics, networks(settings.trusted_proxies), allowed),
        exception_handlers=dict.fromkeys((Refusal, HTTPException, ClientDisconnect), answers.refused),
        lifespan=lambda _: _running(stores, metrics, generation),
    )
    app.router.redirect_slashes = False
    return app


def _guards(metrics: Metrics, proxies: list[str], origins: Sequence[str]) -> list[Middleware]:
    """Return what every request passes, outermost first; pages of `origins` may use the API, without cookies."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=_ASKED,
        expose_headers=_TOLD,
    )
    believed = Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    return (
        [believed] * bool(proxies)
        + [Middleware(Observed, metrics=metrics), Middleware(SecurityHeaders)]
        + [cors] * bool(origins)
    )


@asynccontextmanager
async def _running(stores: Stores, metrics: Metrics, generation: GenerationRoutes) -> AsyncIterator[None]:
    sweeper = asyncio.create_task(_sweep(stores, metrics))
    generation.announce()
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        await generation.close()
        stores.close()


async def _sweep(stores: Stores, metrics: Metrics) -> None:
    while True:
        try:
            if erased := await stores.sweep():
                metrics.expired.inc(erased)
                log.info("expired", entries=erased)
        except Refusal as error:
            log.error("cannot_sweep", code=error.code)
        await asyncio.sleep(SWEEP_INTERVAL)
