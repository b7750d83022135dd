"""What the page adds to plain JavaScript once it runs: saving, a gallery of 500, first paint: `make bench`.

Chromium, headless, on this server. The runs alternate, and the figures are medians of one run, in milliseconds.
"""

import argparse
import json
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route

from server.app import create_app
from server.page import HEADERS
from server.settings import Settings
from tests.benchmarks.report import report
from tests.chromium import installed
from tests.live_server import GENEROUS, ROOT, build
from tests.serving import Serving

PLAIN = Path(__file__).with_name("plain.js")
CARDS = 500
STORE = "hd-image-cache:signed-out"
ACCOUNT = {"username": "Ann", "email": "ann@example.org", "password": "correct horse battery"}
REACH = {"save": 1.2, "first paint": 1.1, "first paint, again": 1.1}  # issue 5, of plain JavaScript's
Runs = dict[str, Callable[[], float]]

PICTURE = """() => {  // as large as a photograph of 1024² pixels, about 1.5 MB, and other bytes each time
  const canvas = Object.assign(document.createElement('canvas'), { width: 1024, height: 1024 });
  const image = new ImageData(1024, 1024), noise = new Uint8Array(1 << 16), pixels = image.data;
  for (let at = 0; at < pixels.length; at++) {
    if (!(at & 65535)) crypto.getRandomValues(noise);
    pixels[at] = at % 4 === 3 ? 255 : (at >> 15) + (noise[at & 65535] & 3);
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
  return new Promise((done) => canvas.toBlob((blob) => { window.picture = blob; done(blob.size); }));
}"""
SAVE = """async () => {
  const began = performance.now();
  const shown = new Promise((done) => new MutationObserver((_, watching) => {
    if (!document.querySelector('.image-card[data-state=saved]')) return;
    watching.disconnect();
    done(performance.now() - began);
  }).observe(document.getElementById('daily-images'), { subtree: true, childList: true, attributes: true }));
  const { id } = await window.hdImageManager.saveHDImage({ prompt: 'a lake', data: window.picture });
  const taken = await shown;
  await window.hdImageManager.deleteImage(id);
  return taken;
}"""
PLAIN_SAVE = """async () => {
  const { save } = await import('/plain/plain.js');
  const began = performance.now();
  const id = await save(window.picture, 'a lake');
  const taken = performance.now() - began;
  await fetch(`/api/images/${id}`, { method: 'DELETE' });
  return taken;
}"""
FILL = """async ([name, count]) => {
  const open = await new Promise((done) => {
    const opening = indexedDB.open(name); opening.onsuccess = () => done(opening.result);
  });
  const canvas = new OffscreenCanvas(512, 512), context = canvas.getContext('2d');
  const records = [];
  for (let i = 0; i < count; i++) {
    const gradient = context.createLinearGradient(0, 0, 512, 512);
    gradient.addColorStop(0, `hsl(${i} 70% 60%)`); gradient.addColorStop(1, `hsl(${i + 90} 70% 30%)`);
    context.fillStyle = gradient;
    context.fillRect(0, 0, 512, 512);
    records.push([{ id: crypto.randomUUID(), prompt: `a lake, the ${i}th`, created_at: i, negative: '', width: 1024,
      height: 1024, seed: i, model: 'landscape', size: 1500000, content_type: 'image/png', sha256: '',
      state: 'local', reason: { code: 'signed_out', error: '' } }, await canvas.convertToBlob({ type: 'image/webp' })]);
  }
  const transaction = open.transaction(['images', 'blobs'], 'readwrite');
  transaction.objectStore('images').clear();
  transaction.objectStore('blobs').clear();
  for (const [image, thumbnail] of records) {
    transaction.objectStore('images').put(image);
    transaction.objectStore('blobs').put({ id: image.id, thumbnail });
  }
  await new Promise((done) => { transaction.oncomplete = done; });
  open.close();
}"""
CARDS_SHOWN = """async (count) => {  // every card is there, and every picture that can be seen
  const list = document.getElementById('daily-images');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const loaded = (card) => {
    const { top, bottom } = card.getBoundingClientRect();
    const picture = card.querySelector('img');
    return bottom < 0 || top > innerHeight || (picture.complete && picture.naturalWidth);
  };
  while (list.childElementCount !== count || !Array.from(list.children).every(loaded)) await frame();
  await frame();
}"""
SHOW = f"""async (count) => {{
  const began = performance.now();
  window.hdImageManager.updateStats();
  await ({CARDS_SHOWN})(count);
  return performance.now() - began;
}}"""
PLAIN_SHOW = f"""async (count) => {{
  const {{ show }} = await import('/plain/plain.js');
  document.getElementById('daily-images').replaceChildren();
  const began = performance.now();
  show({STORE!r});
  await ({CARDS_SHOWN})(count);
  return performance.now() - began;
}}"""
GENERATE = """(saving) => new Promise((done) => {
  const began = performance.now(), status = document.getElementById('saving-status');
  new MutationObserver((_, watching) => {
    if (status.textContent !== saving) return;
    watching.disconnect();
    done(performance.now() - began);
  }).observe(status, { childList: true, characterData: true, subtree: true });
  document.getElementById('generate-button').click();
})"""
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  const [paint] = list.getEntriesByName('first-contentful-paint');
  if (paint) done(paint.startTime);
}).observe({ type: 'paint', buffered: true }))"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the page, and at /plain/ the same HTML and CSS without its scripts."""
    settings = {name.lower(): value for name, value in GENEROUS.items()}
    app = create_app(Settings(data_dir=str(folder), max_images_per_day=1000, **settings))  # type: ignore[arg-type]
    plain = HTMLResponse()
    app.router.routes += [Route("/plain/", lambda _: plain), Route("/plain/plain.js", lambda _: FileResponse(PLAIN))]
    with Serving(app, lifespan="on") as server:
        answer = httpx2.get(server.url, headers={"Accept-Language": "en"})
        policy = {"Content-Security-Policy": answer.headers["Content-Security-Policy"]}
        plain = HTMLResponse(without_scripts(answer.text), headers=HEADERS | policy)
        yield server.url


def without_scripts(html: str) -> str:
    """Return the page as it is without anything that runs, or is loaded to run."""
    html = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)
    return re.sub(r'<link rel="(modulepreload|preload|prefetch|manifest)"[^>]*>', "", html)


def ready(page: Page, url: str) -> Page:
    """Open the page and wait until Python is live."""
    page.goto(url)
    page.wait_for_selector("html[data-ready='1']", state="attached", timeout=60_000)
    return page


def saving(context: BrowserContext, url: str) -> Runs:
    """Return what saves an image of 1.5 MB: from its bytes to `saved`."""
    page, plain = ready(context.new_page(), url), context.new_page()
    page.evaluate("(account) => window.authManager.register(account)", ACCOUNT)
    plain.goto(url + "/plain/")
    return {"page": _saving(page, SAVE), "plain": _saving(plain, PLAIN_SAVE)}


def _saving(page: Page, script: str) -> Callable[[], float]:
    def run() -> float:
        page.evaluate(PICTURE)
        page.bring_to_front()
        return float(page.evaluate(script))

    return run


def gallery(context: BrowserContext, url: str) -> Runs:
    """Return what shows 500 cards that this browser keeps."""
    page, plain = ready(context.new_page(), url), context.new_page()
    plain.goto(url + "/plain/")

    def ours() -> float:
        page.bring_to_front()
        page.evaluate(FILL, [STORE, 0])
        page.evaluate("() => window.hdImageManager.updateStats()")
        page.evaluate(FILL, [STORE, CARDS])
        return float(page.evaluate(SHOW, CARDS))

    def theirs() -> float:
        plain.bring_to_front()
        return float(plain.evaluate(PLAIN_SHOW, CARDS))

    return {"page": ours, "plain": theirs}


def generating(context: BrowserContext, url: str) -> Runs:
    """Return what paints one image of 1024² pixels; there is nothing to compare it with."""
    page = ready(context.new_page(), url)
    sentence = json.loads((ROOT / "frontend" / "locales" / "en.json").read_text("utf-8"))["status.saving"]

    def run() -> float:
        page.bring_to_front()
        page.fill("#text-input", "a lake at dawn")
        taken = float(page.evaluate(GENERATE, sentence))
        page.wait_for_selector("#generate-button:not([disabled]):not([hidden])")
        return taken

    return {"page": run}


def painting(context: BrowserContext, url: str) -> Runs:
    """Return what visits for the first time, until something is on the screen."""
    browser = context.browser
    assert browser

    def run(path: str) -> float:
        fresh = browser.new_context(locale="en-GB")
        taken = paint(fresh, url + path)
        fresh.close()
        return taken

    return {"page": lambda: run("/"), "plain": lambda: run("/plain/")}


def painting_again(context: BrowserContext, url: str) -> Runs:
    """Return what visits where the page has been before, until something is on the screen."""
    ready(context.new_page(), url)
    return {"page": lambda: paint(context, url + "/"), "plain": lambda: paint(context, url + "/plain/")}


def paint(context: BrowserContext, address: str) -> float:
    """Return when something was on the screen, from the start of the navigation."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    taken = float(page.evaluate(PAINT))
    page.close()
    return taken


def alternate(runs: Runs, count: int) -> dict[str, float]:
    """Run each in turn, once to warm up and then `count` times; return the medians and their ratio."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-1, count):
        for name, run in runs.items():
            milliseconds = run()
            if number >= 0:
                taken[name].append(milliseconds)
    found = {name: statistics.median(each) for name, each in taken.items()}
    return found | ({"ratio": found["page"] / found["plain"]} if "plain" in found else {})


FIGURES = {
    "save": saving,
    f"{CARDS} cards": gallery,
    "generate 1024²": generating,
    "first paint": painting,
    "first paint, again": painting_again,
}


def measure(browser: Browser, url: str, count: int, names: list[str]) -> dict[str, dict[str, float]]:
    """Return the figures that are asked for."""
    found = {}
    for name in names:
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 860})
        found[name] = alternate(FIGURES[name](context, url), count)
        context.close()
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """Write the figures for people."""
    lines = [f"{'ms':20}{'page':>10}{'plain':>10}{'ratio':>8}{'reach':>8}"]
    for name, row in found.items():
        plain = f"{row['plain']:10.1f}{row['ratio']:8.2f}" if "plain" in row else ""
        lines.append(f"{name:20}{row['page']:10.1f}{plain:18}{REACH.get(name, ''):>8}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--only", action="append", choices=FIGURES, help="one figure; may be given again")
    parser.add_argument("--json", type=Path, default=ROOT / "test-results" / "pipeline.json")
    given = parser.parse_args()
    build()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=["--no-sandbox", "--disable-gpu"])
        found = measure(browser, url, given.runs, given.only or list(FIGURES))
        browser.close()
    report(given.json, found, table(found))


if __name__ == "__main__":
    main()
