"""Files for the page."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.server.conftest import Serve

pytestmark = pytest.mark.anyio
FILES = {
    "pyscript.toml": "a = 1",
    "server/app.py": "secret",
    "frontend/main.py": "print('图')",
    "frontend/index.html": "<html></html>",
    "frontend/locales/en.json": "{}",
    "frontend/locales/zh.json": "{}",
    "frontend/.hidden.py": "secret",
    "frontend/__pycache__/main.py": "secret",
    "frontend/notes.xyz": "secret",
    "node_modules/pyodide/pyodide.asm.wasm": "wasm",
    "node_modules/pyodide/pyodide.mjs": "js",
    "node_modules/@pyscript/core/dist/core.js": "js",
    "node_modules/@pyscript/core/package.json": "{}",
}


@pytest.fixture
async def files(serve: Serve, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    root = tmp_path / "root"
    for name, text in FILES.items():
        write(root / name, text)
    async with serve(root) as client:
        yield client


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("/pyscript.toml", "application/toml", "no-cache"),
        ("/frontend/main.py", "text/plain; charset=utf-8", "no-cache"),
        ("/vendor/pyodide/pyodide.asm.wasm", "application/wasm", "public, max-age=86400"),
        ("/vendor/pyodide/pyodide.mjs", "text/javascript; charset=utf-8", "public, max-age=86400"),
        ("/vendor/pyscript/core.js", "text/javascript; charset=utf-8", "public, max-age=86400"),
    ],
)
async def test_types_and_caching(files: httpx2.AsyncClient, path: str, kind: str, caching: str) -> None:
    answer = await files.get(path)
    assert answer.status_code == 200
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (kind, caching)
    again = await files.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, caching)
    assert (await files.head(path)).headers["content-length"] == answer.headers["content-length"]


@pytest.mark.parametrize(
    "path",
    [
        "/frontend/nothing.py",
        "/frontend/",
        "/frontend",
        "/frontend/index.html",
        "/frontend/.hidden.py",
        "/frontend/notes.xyz",
        "/frontend/__pycache__/main.py",
        "/frontend/../server/app.py",
        "/frontend/%2e%2e/server/app.py",
        "/frontend//etc/passwd",
        "/frontend/..%2fserver%2fapp.py",
        "/vendor/pyscript/../package.json",
        "/frontend/%00.py",
        "/vendor/x.js",
        "/frontend/" + "x" * 5000 + ".py",
        "/frontend/main.py/x.py",
    ],
)
async def test_everything_else_is_not_there(files: httpx2.AsyncClient, path: str) -> None:
    answer = await files.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
    assert "secret" not in answer.text


async def test_files_are_only_read(files: httpx2.AsyncClient) -> None:
    assert (await files.post("/frontend/main.py")).status_code == 405
