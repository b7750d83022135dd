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
    async with serve(root, serve_sources=True) as client:
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


BUILT = {
    "frontend/index.html": "<html></html>",
    "frontend/locales/en.json": "{}",
    "frontend/locales/zh.json": "{}",
    ".build/manifest.json": '{"build": "1", "page": "index-1.html", "inline": {"script": "abc=", "style": "def="}}',
    ".build/index-1.html": "<html data-build='1'></html>",
    ".build/assets/pyodide-1/pyodide.asm.wasm": "wasm",
    ".build/assets/pyodide-1/pyodide.asm.wasm.br": "w.br",
    ".build/assets/pyodide-1/pyodide.asm.wasm.gz": "w.gz",
}
WASM = "/assets/pyodide-1/pyodide.asm.wasm"


@pytest.fixture
async def built(serve: Serve, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    for name, text in BUILT.items():
        write(tmp_path / "root" / name, text)
    async with serve(tmp_path / "root") as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "encoding", "body"),
    [
        ("gzip, deflate, br, zstd", "br", b"w.br"),
        ("gzip;q=1.0, BR;q=0", "gzip", b"w.gz"),
        ("gzip;q=0.5,identity", "gzip", b"w.gz"),
        ("br; q=0.000", None, b"wasm"),
        ("identity", None, b"wasm"),
        ("", None, b"wasm"),
    ],
)
async def test_a_built_file_is_sent_as_small_as_the_client_takes_it(
    built: httpx2.AsyncClient, accept: str, encoding: str | None, body: bytes
) -> None:
    async with built.stream("GET", WASM, headers={"Accept-Encoding": accept}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert (answer.status_code, raw) == (200, body)
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == "application/wasm"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_each_form_of_a_built_file_has_its_own_tag(built: httpx2.AsyncClient) -> None:
    tags = {}
    for accept in ("br", "gzip", "identity"):
        answer = await built.head(WASM, headers={"Accept-Encoding": accept})
        tags[accept] = answer.headers["etag"]
        known = {"Accept-Encoding": accept, "If-None-Match": tags[accept]}
        assert (await built.get(WASM, headers=known)).status_code == 304
    assert len(set(tags.values())) == 3


async def test_a_build_hides_everything_else(built: httpx2.AsyncClient) -> None:
    for path in (
        f"{WASM}.br",
        "/assets/manifest.json",
        "/frontend/index.html",
        "/pyscript.toml",
        "/assets/../manifest.json",
    ):
        assert (await built.get(path)).status_code == 404


async def test_the_policy_takes_the_pages_own_script_and_style_and_no_other(built: httpx2.AsyncClient) -> None:
    policy = (await built.get("/")).headers["content-security-policy"]
    assert "script-src 'sha256-abc=' 'self' 'wasm-unsafe-eval';" in policy
    assert "style-src 'sha256-def=' 'self';" in policy


async def test_the_build_is_named_and_listed(built: httpx2.AsyncClient) -> None:
    assert 'data-build="1"' in (await built.get("/")).text
    listed = await built.get("/build.json")
    assert (listed.json()["build"], listed.headers["cache-control"]) == ("1", "no-cache")
