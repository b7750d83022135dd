"""Files that the page loads, of known types only, never a hidden one."""

from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

TYPES: Final = {
    ".css": "text/css",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".py": "text/plain",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".whl": "application/zip",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}
OURS: Final = "no-cache"  # asked for again each time, answered 304
VENDOR: Final = "public, max-age=86400"  # pinned packages; a day, in seconds
NAMED_BY_CONTENT: Final = "public, max-age=31536000, immutable"  # a year, in seconds
SIBLINGS: Final = {"br": ".br", "gzip": ".gz"}  # smallest first; the build wrote both beside each file


def from_sources(root: Path) -> list[BaseRoute]:
    """Return the routes of a page that a developer changes."""
    vendor = root / "node_modules"
    return [
        Route("/pyscript.toml", Files(root, OURS, only="pyscript.toml")),
        Mount("/frontend", Files(root / "frontend", OURS)),
        Mount("/vendor/pyscript", Files(vendor / "@pyscript" / "core" / "dist", VENDOR)),
        Mount("/vendor/client-zip", Files(vendor / "client-zip", VENDOR)),
        Mount("/vendor/pyodide", Files(vendor / "pyodide", VENDOR)),
    ]


def from_build(root: Path) -> list[BaseRoute]:
    """Return the routes of a page as `server/build` made it."""
    return [
        Route("/build.json", Files(root / ".build", OURS, only="manifest.json")),
        Mount("/assets", BuiltFiles(root / ".build" / "assets", NAMED_BY_CONTENT)),
    ]


def encoding(headers: Headers) -> str | None:
    """Return the best of SIBLINGS that a client takes."""
    parts = [part.replace(" ", "").lower().partition(";q=") for part in headers.get("accept-encoding", "").split(",")]
    taken = {name for name, _, weight in parts if weight.strip("0.") or not weight}
    return next((name for name in SIBLINGS if name in taken), None)


class Files(StaticFiles):
    """A folder; a missing one has no files. With `only`, one file of it."""

    def __init__(self, folder: Path, cache_control: str, only: str | None = None) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._cache_control = cache_control
        self._only = only

    def get_path(self, scope: Scope) -> str:
        """Return the path inside of the folder."""
        return self._only or super().get_path(scope)

    async def check_config(self) -> None:
        """Accept a folder that is not there (yet)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file; HTTPException 404 for what is not to be seen."""
        hidden = any(part.startswith((".", "__pycache__")) for part in Path(path).parts)
        kind = TYPES.get(Path(path).suffix)
        if hidden or kind is None:
            raise HTTPException(404)
        response = await self.stored(path, scope)
        response.headers["Cache-Control"] = self._cache_control
        if response.status_code == 200:  # noqa: PLR2004 - a 304 has no type
            response.headers["Content-Type"] = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        return response

    async def stored(self, path: str, scope: Scope) -> Response:
        """Answer with the bytes as they are on disk."""
        return await super().get_response(path, scope)


class BuiltFiles(Files):
    """The build's files, each as small as the client can take it."""

    async def stored(self, path: str, scope: Scope) -> Response:
        """Answer with the file or its compressed sibling."""
        best = encoding(Headers(scope=scope))
        response = await super().stored(path + SIBLINGS.get(best or "", ""), scope)
        response.headers["Vary"] = "Accept-Encoding"
        if best:
            response.headers["Content-Encoding"] = best
        return response
