"""How long the page takes to start, against bare `loadPyodide()` of the same npm files: `make bench`.

Chromium, headless. Both are served by this server, compressed alike; the runs alternate, and the figures are medians of
one run. Warm is a profile that has been there before, cold a fresh one behind 20 Mbit/s and 40 ms.
"""

import argparse
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from server.app import create_app
from server.page import HEADERS
from server.settings import Settings
from server.static import NAMED_BY_CONTENT, BuiltFiles
from tests.benchmarks.report import report
from tests.chromium import installed
from tests.live_server import ROOT, build
from tests.serving import Serving

PYODIDE = ROOT / "node_modules" / "pyodide"
BARE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
BARE_SCRIPT = """import { loadPyodide } from './pyodide.mjs';
const python = await loadPyodide();
document.documentElement.dataset.ready = python.runPython("'1'");
"""
BARE_PAGE = (
    '<!doctype html><html><head><link rel="icon" href="data:,"><script type="module" src="/bare/bare.js"></script>'
)
WATCH = """
const seen = window.seen = { ready: 0, longest: 0 };
new PerformanceObserver((list) => list.getEntries().forEach((task) => {
  if (!seen.ready || task.startTime < seen.ready) seen.longest = Math.max(seen.longest, task.duration);
})).observe({ type: 'longtask', buffered: true });
new MutationObserver(() => {
  if (document.documentElement.dataset.ready === '1') seen.ready ||= performance.now();
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-ready'] });
"""
READ = """() => ({ ...seen,
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  requests: performance.getEntriesByType('resource').length + 1 })"""
PAGES = {"bare": "/bare/", "page": "/"}
REACH = {  # issue 5
    "warm.ready": 0.35,
    "warm.longest": 0.15,
    "cold.ready": 0.60,
}
Run = dict[str, float]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the page, and beside it bare Pyodide, compressed as the build compresses."""
    bare = folder / "bare"
    bare.mkdir()
    (bare / "bare.js").write_text(BARE_SCRIPT)
    for name in BARE_FILES:
        shutil.copy(PYODIDE / name, bare)
    compress(bare)
    app = create_app(Settings(data_dir=str(folder)))
    app.router.routes += [
        Route("/bare/", lambda _: HTMLResponse(BARE_PAGE, headers=HEADERS)),
        Mount("/bare", BuiltFiles(bare, NAMED_BY_CONTENT)),
    ]
    with Serving(app, lifespan="on") as server:
        yield server.url


def compress(folder: Path) -> None:
    """Write the siblings of each file; what the build has compressed is taken from there."""
    built = next((ROOT / ".build" / "assets").glob("pyodide-*"))
    for file in list(folder.iterdir()):
        for suffix in (".br", ".gz"):
            sibling = built / (file.name + suffix)
            target = file.with_name(file.name + suffix)
            if sibling.exists():
                shutil.copy(sibling, target)
            else:
                call = "brotliCompressSync" if suffix == ".br" else "gzipSync"
                script = f"fs.writeFileSync(process.argv[2], zlib.{call}(fs.readFileSync(process.argv[1])))"
                subprocess.run(["node", "-e", script, str(file), str(target)], check=True)


def visit(context: BrowserContext, address: str, *, slowly: bool = False, stay: float = 0.3) -> Run:
    """Open a page and wait until it is ready; times are ms from the start of the navigation."""
    page = context.new_page()
    received = []
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    if slowly:
        line = {"offline": False, "latency": 40, "downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8}
        tools.send("Network.emulateNetworkConditions", line)
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_selector("html[data-ready='1']", state="attached", timeout=60_000)
    page.wait_for_timeout(stay * 1000)  # long tasks are told a little later
    run: Run = page.evaluate(READ) | {"megabytes": sum(received) / 1e6}
    page.close()
    return run


def warm(playwright: Playwright, folder: Path, url: str, count: int) -> dict[str, list[Run]]:
    """Visit with a profile that has been there before."""
    contexts = {
        name: playwright.chromium.launch_persistent_context(
            folder / f"profile-{name}", executable_path=installed(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in PAGES
    }
    for _ in range(3):  # as long as the browser takes to compile WebAssembly well, and to keep that
        for name, context in contexts.items():
            visit(context, url + PAGES[name], stay=8)
    runs = alternate(count, lambda name: visit(contexts[name], url + PAGES[name]))
    for context in contexts.values():
        context.close()
    return runs


def cold(browser: Browser, url: str, count: int) -> dict[str, list[Run]]:
    """Visit for the first time, over a slow line."""

    def first_visit(name: str) -> Run:
        context = browser.new_context()
        run = visit(context, url + PAGES[name], slowly=True)
        context.close()
        return run

    return alternate(count, first_visit)


def alternate(count: int, run: Any) -> dict[str, list[Run]]:
    """Run each page in turn."""
    runs: dict[str, list[Run]] = {name: [] for name in PAGES}
    for _ in range(count):
        for name, kept in runs.items():
            kept.append(run(name))
    return runs


def medians(runs: dict[str, list[Run]]) -> dict[str, Run]:
    """Return the median of each figure, and the page's part of bare Pyodide's."""
    found = {name: {key: statistics.median(run[key] for run in kept) for key in kept[0]} for name, kept in runs.items()}
    found["ratio"] = {key: value / found["bare"][key] for key, value in found["page"].items() if found["bare"][key]}
    return found


def table(figures: dict[str, dict[str, Run]]) -> str:
    """Write the figures for people."""
    lines = [f"{'':16}{'bare':>10}{'page':>10}{'ratio':>8}{'reach':>8}"]
    for kind, found in figures.items():
        for key in found["page"]:
            name = f"{kind}.{key}"
            ratio = f"{found['ratio'][key]:.2f}" if key in found["ratio"] else ""
            lines.append(
                f"{name:16}{found['bare'][key]:10.2f}{found['page'][key]:10.2f}{ratio:>8}{REACH.get(name, ''):>8}"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warm", type=int, default=9, help="warm visits of each page")
    parser.add_argument("--cold", type=int, default=7, help="cold visits of each page")
    parser.add_argument("--json", type=Path, default=ROOT / "test-results" / "boot.json")
    given = parser.parse_args()
    build()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url, sync_playwright() as playwright:
        figures = {}
        if given.warm:
            figures["warm"] = medians(warm(playwright, Path(name), url, given.warm))
        if given.cold:
            browser = playwright.chromium.launch(executable_path=installed(), args=["--no-sandbox", "--disable-gpu"])
            figures["cold"] = medians(cold(browser, url, given.cold))
            browser.close()
    report(given.json, figures, table(figures))


if __name__ == "__main__":
    main()
