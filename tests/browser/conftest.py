"""A real Chromium on a real server: the server and the browser start once, each story begins in an empty profile.

A profile that a story leaves is emptied and used again, and servers start on the ports that earlier ones had: so
Chromium finds the page's WebAssembly compiled, which saves two seconds a story.
"""

import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright

from tests.chromium import installed
from tests.live_server import LiveServer

from .fault_proxy import FaultProxy

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ARGUMENTS += ["--host-resolver-rules=MAP *.test 127.0.0.1"]  # a host that is no secure context
PASSWORD = "correct horse battery"
expect.set_options(timeout=15_000)
_numbers = itertools.count(1)


@dataclass
class Story:
    """One person's browser: its page, and everything that must not have happened in it."""

    context: BrowserContext
    page: Page
    url: str
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)  # statuses a story provokes: the console names them

    def open(self, *, ready: bool = True) -> Page:
        """Open the page and wait until Python is live."""
        self.page.goto(self.url)
        if ready:
            self.ready()
        return self.page

    def reload(self) -> None:
        """Load the page again."""
        self.page.reload()
        self.ready()

    def ready(self) -> None:
        """Wait until Python is live."""
        self.page.wait_for_selector("html[data-ready='1']", state="attached", timeout=30_000)

    def sign_up(self, name: str = "Ada") -> str:
        """Make an account by the dialog; return its address."""
        email = f"person{next(_numbers)}@example.org"
        page = self.page
        page.click("#register-button")
        page.fill("#registerUsername", name)
        page.fill("#registerEmail", email)
        page.fill("#registerPassword", PASSWORD)
        page.fill("#registerConfirmPassword", PASSWORD)
        page.click("#registerForm [type=submit]")
        expect(page.locator("#user-name")).to_have_text(name)
        return email

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in by the dialog."""
        self.page.click("#login-button")
        self.page.fill("#loginEmail", email)
        self.page.fill("#loginPassword", password)
        self.page.click("#loginForm [type=submit]")

    def generate(self, prompt: str, *, state: str | None = "saved", size: str = "1:1") -> str:
        """Make one image; wait until its card shows the state; return its id."""
        page = self.page
        page.fill("#text-input", prompt)
        page.select_option("#option-aspect-ratio", size)
        if size == "custom":
            page.fill("#option-width", "256")
            page.fill("#option-height", "256")
        page.click("#generate-button")
        if page.locator("#imageCount").inner_text() == "3/3":
            page.click("#confirm-button")
        card = page.locator(f".image-card[data-state={state}]", has_text=prompt).first
        card.wait_for()
        return card.get_attribute("data-image-id") or ""

    def api(self, path: str) -> dict[str, object]:
        """Ask the server itself, with this browser's cookie."""
        answer: dict[str, object] = self.context.request.get(self.url + path).json()
        return answer

    def ids(self) -> list[str]:
        """Return what the server lists."""
        images = self.api("/api/images/daily")["images"]
        assert isinstance(images, list)
        return [image["id"] for image in images]

    def digest_here(self, image_id: str) -> str:
        """Return the SHA-256 of the bytes in this browser's IndexedDB."""
        script = """async (id) => {
          for (const { name } of await indexedDB.databases()) {
            const open = await new Promise((done) => {
              const r = indexedDB.open(name);
              r.onupgradeneeded = () => r.transaction.abort();  // it was just deleted: do not make it again
              r.onsuccess = () => done(r.result);
              r.onerror = () => done(null);
            });
            if (!open || !open.objectStoreNames.contains('blobs')) continue;
            const kept = await new Promise((done) => {
              const r = open.transaction('blobs').objectStore('blobs').get(id); r.onsuccess = () => done(r.result);
            });
            open.close();
            if (kept) {
              const digest = await crypto.subtle.digest('SHA-256', await kept.blob.arrayBuffer());
              return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
            }
          }
          return '';
        }"""
        return str(self.page.evaluate(script, image_id))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The real server on a free port with its own data folder."""
    with LiveServer(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all stories."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed(), args=ARGUMENTS)
        yield chromium
        chromium.close()


StartServer = Callable[..., LiveServer]
StartProxy = Callable[[LiveServer], FaultProxy]
MakeStory = Callable[..., Story]
KEPT = "cookies,local_storage,indexeddb,service_workers,cache_storage"  # by a profile; its HTTP cache may stay


@pytest.fixture(scope="session")
def ports() -> tuple[int, ...]:
    """Ports for the servers and proxies of one story."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
    numbers = tuple(taken.getsockname()[1] for taken in sockets)
    for taken in sockets:
        taken.close()
    return numbers


@pytest.fixture
def start_server(tmp_path: Path, ports: tuple[int, ...]) -> Iterator[StartServer]:
    """Return a starter of a story's own servers; they end after its browsers have left."""
    started: list[LiveServer] = []

    def start(**settings: str) -> LiveServer:
        place = len(started)
        started.append(LiveServer(tmp_path / f"data{place}", PORT=str(ports[place]), **settings))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_proxy(ports: tuple[int, ...]) -> Iterator[StartProxy]:
    """Return a starter of proxies that commit faults on the way to a server."""
    with ExitStack() as started:
        left = itertools.chain(reversed(ports))
        yield lambda server: started.enter_context(FaultProxy(server.url, port=next(left)))


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> dict[str, list[BrowserContext]]:
    """Browser profiles that wait to be used again, by their options."""
    return {}


@pytest.fixture
def make_story(
    browser: Browser,
    server: LiveServer,
    contexts: dict[str, list[BrowserContext]],
    start_server: StartServer,  # made before, so ended after the stories
    start_proxy: StartProxy,
) -> Iterator[MakeStory]:
    """Return a maker of empty browser profiles, each watched for what must not happen."""
    stories: list[tuple[str, Story]] = []

    def make(url: str = "", **options: object) -> Story:
        wanted = {"locale": "en-GB", "viewport": {"width": 1280, "height": 860}} | options
        waiting = contexts.setdefault(repr(wanted), [])
        context = waiting.pop() if waiting else browser.new_context(**wanted)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        page = context.new_page()
        story = Story(context, page, url or server.url)
        watch(story, page)
        stories.append((repr(wanted), story))
        return story

    yield make
    for options, story in stories:
        if leave(story):
            contexts[options].append(story.context)
        else:
            story.context.close()
    assert [problem for _, story in stories for problem in story.problems] == []


def leave(story: Story) -> bool:
    """Close a profile's pages and empty it; tell whether it can be used again: a clock that a story set stays set."""
    context = story.context
    for page in context.pages:
        page.close()
    context.set_offline(False)
    context.clear_cookies()
    empty = context.new_page()
    session = context.new_cdp_session(empty)
    session.send("Storage.clearDataForOrigin", {"origin": story.url.rstrip("/"), "storageTypes": KEPT})
    own_clock = bool(empty.evaluate("performance instanceof Performance"))
    empty.close()
    return own_clock


@pytest.fixture
def story(make_story: MakeStory) -> Story:
    """One person's fresh browser with the page open."""
    made = make_story()
    made.open()
    return made


def watch(story: Story, page: Page) -> None:
    """Record every error, every violation of the policy, and every request to somebody else."""

    def console(message: ConsoleMessage) -> None:
        harmless = any(status in message.text for status in story.expected)
        if message.type in ("error", "warning") and not harmless:
            story.problems.append(f"console: {message.text}")

    def request(sent: Request) -> None:
        story.requests.append(f"{sent.method} {sent.url.removeprefix(story.url)}")
        if not sent.url.startswith((story.url, "blob:", "data:")):
            story.problems.append(f"request to somebody else: {sent.url}")

    page.on("console", console)

    def error(raised: Error) -> None:
        if not any(text in str(raised) for text in story.expected):
            story.problems.append(f"error: {raised}")

    page.on("pageerror", error)
    page.on("request", request)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('policy violated: ' + e.violatedDirective))"
    )


def read(path: Path) -> bytes:
    """Return a downloaded file's bytes."""
    return path.read_bytes()
