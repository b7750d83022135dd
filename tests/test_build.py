"""The build holds all that the page can ask for: every module, every file."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live_server import ROOT, build

OUT = ROOT / ".build"
USED = """
import asyncio, datetime, json, random, re, traceback, uuid
from email.utils import parsedate_to_datetime

async def wait():
    async with asyncio.timeout(5):
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

try:
    raise ExceptionGroup("several", [ValueError("图")])
except ExceptionGroup:
    traceback.format_exc()
asyncio.ensure_future(wait())
parsedate_to_datetime("Sun, 22 Nov 2026 14:00:00 GMT").astimezone(datetime.UTC).isoformat()
datetime.datetime.fromisoformat("2026-11-22T14:00:00Z").strftime("%d.%m.%Y")
str(uuid.uuid4()), random.Random("seed").gauss(0, 1), "é".encode("latin-1"), b"a".decode("ascii")
re.sub(r"(?i)a+", "b", json.dumps({"a": json.loads('{"b": 1.5}')}, indent=1, ensure_ascii=False))
"""
LATER = re.compile(r"/(512|screenshot|zip)-")  # loaded by nobody at a start: for installing, or when asked for
RUN = """
import { loadPyodide } from './node_modules/pyodide/pyodide.mjs';
const [library, names, used] = process.argv.slice(1);
const python = await loadPyodide({ indexURL: 'node_modules/pyodide', stdLibURL: library });
Object.assign(globalThis, { document: {}, window: globalThis });
const stub = { lazy_py_modules: {}, config: {}, js_modules: {}, storage: {}, workers: {}, PyWorker: {}, js_import: {} };
for (const name of ['polyscript', '_pyscript']) python.registerJsModule(name, stub);
python.globals.set('names', names);
await python.runPythonAsync(`
import importlib
missing = {}
for name in names.split():
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing[name] = str(error)
`);
await python.runPythonAsync(used);
console.log(python.runPython('import json; json.dumps(missing)'));
"""


def reached() -> Iterator[str]:
    """Every module of ours, and every module that one of ours imports, wherever in the file it does."""
    for path in sorted((ROOT / "frontend").rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("")
        if module.name != "main":  # PyScript runs it, nobody imports it
            yield ".".join(module.parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield str(node.module)


@pytest.fixture(scope="module")
def manifest() -> dict[str, object]:
    build()
    found: dict[str, object] = json.loads((OUT / "manifest.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def files(manifest: dict[str, object]) -> dict[str, int]:
    found = manifest["files"]
    assert isinstance(found, dict)
    return found


def test_every_module_that_the_page_can_reach_is_in_the_library(files: dict[str, int]) -> None:
    library = next(url for url in files if url.endswith(".zip"))
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    names = " ".join(sorted(set(reached())))
    script = [node, "--input-type=module", "-e", RUN, str(OUT) + library, names, USED]
    done = subprocess.run(script, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {}


def test_every_file_is_there_in_three_forms(files: dict[str, int]) -> None:
    for url, size in files.items():
        file = OUT / url.removeprefix("/")
        assert file.stat().st_size == size
        assert all(file.with_name(file.name + suffix).stat().st_size for suffix in (".br", ".gz"))


def test_the_page_names_only_built_files(manifest: dict[str, object], files: dict[str, int]) -> None:
    page = (OUT / str(manifest["page"])).read_text("utf-8")
    named = set(re.findall(r'(?:href|src|config)="(/[^"]*)"', page))
    assert named == {url for url in files if not LATER.search(url) and not url.endswith(".wasm")}  # see build.mjs
    assert f' data-build="{manifest["build"]}">' in page


def test_nothing_is_built_twice() -> None:
    build()
    before = (OUT / "manifest.json").stat().st_mtime_ns
    build.__wrapped__()
    assert (OUT / "manifest.json").stat().st_mtime_ns == before


def test_the_first_visit_stays_small(files: dict[str, int]) -> None:
    sent = sum((OUT / f"{url.removeprefix('/')}.br").stat().st_size for url in files if not LATER.search(url))
    assert sent < 3_900_000


def test_the_page_imports_no_module_that_is_only_stood_in_for() -> None:
    library = (OUT.parent / "server" / "build" / "library.py").read_text("utf-8")
    stand_ins = set(re.findall(r'"([\w.]+)"', library.partition("STAND_INS = ")[2].partition("],")[0]))
    sources = "\n".join(path.read_text("utf-8") for path in (OUT.parent / "frontend").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) ([\w.]+)", sources, re.MULTILINE))
    assert "urllib.parse" in stand_ins
    assert imported & stand_ins == set()
