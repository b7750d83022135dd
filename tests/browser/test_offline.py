"""The page starts with the server stopped, and a new version replaces the old one whole."""

import re

from playwright.sync_api import Page, expect

from .conftest import MakeStory, StartProxy, StartServer, Story

WORKER_START = """() => new Promise((done) => {
  const look = (left) => {
    const [told] = performance.getEntriesByType('navigation');
    if (told || !left) done(told ? told.workerStart : 'nothing told'); else setTimeout(look, 10, left - 1);
  };
  look(1000);
})"""
CACHES = "async () => (await caches.keys()).filter((name) => name.startsWith('hd-image-cache:'))"
OLD = re.compile(rb"/assets/boot-([0-9a-f]+)\.js")


def installed(page: Page) -> None:
    """Wait until the service worker has everything."""
    page.evaluate("""() => Promise.race([
      navigator.serviceWorker.ready.then(() => true),
      new Promise((_, reject) => setTimeout(() => reject(new Error('no service worker')), 20000)),
    ])""")


def test_the_page_starts_with_the_server_stopped_and_sends_when_it_is_back(
    make_story: MakeStory, start_server: StartServer
) -> None:
    server = start_server()
    story = make_story(server.url)
    story.expected |= {"ERR_", "Failed to load resource"}
    page = story.open()
    story.sign_up()
    image_id = story.generate("kept for the journey", size="custom")
    digest = story.digest_here(image_id)
    installed(page)
    server.stop()
    story.reload()

    assert page.evaluate(WORKER_START) == 0  # a route: no worker was awaited
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator(f"[data-image-id='{image_id}'] img[src^='blob:']")).to_be_visible()
    with page.expect_download() as download:
        page.click(".image-card [data-action=download]")
    content = download.value.path().read_bytes()
    assert page.evaluate("(id) => hdImageManager.getHDImage(id).then((image) => image.sha256)", image_id) == digest
    assert len(content) > 1000
    made = story.generate("painted without network", state="pending", size="custom")

    server.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(f"[data-image-id='{made}'][data-state=saved]")).to_be_visible()
    assert sorted(story.ids()) == sorted([image_id, made])


def test_the_worker_never_touches_the_api(story: Story) -> None:
    page = story.page
    installed(page)
    kept = page.evaluate("""async () => {
      const paths = [];
      for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys()) paths.push(new URL(request.url).pathname);
      }
      return paths;
    }""")

    assert "/" in kept
    assert any(path.endswith(".wasm") for path in kept)
    assert [path for path in kept if path.startswith("/api")] == []


def test_a_new_version_is_offered_and_replaces_the_old_one_whole(
    make_story: MakeStory, start_server: StartServer, start_proxy: StartProxy
) -> None:
    proxy = start_proxy(start_server())
    story = make_story(proxy.url)
    page = story.open()
    installed(page)
    (before,) = page.evaluate(CACHES)
    build = before.split(":")[1].encode()

    def second_version(path: str, content: bytes) -> bytes:
        if path in ("/", "/sw.js"):
            return OLD.sub(rb"/assets/boot-second.js", content).replace(build, build[::-1])
        return content + b"\nwindow.version = 2;" if path.endswith("boot-second.js") else content

    html = story.context.request.get(proxy.url).body()
    old = OLD.search(html)
    assert old
    proxy.rewrite = second_version
    proxy.rename = lambda path: old.group().decode() if path.endswith("boot-second.js") else path
    story.reload()
    assert page.evaluate("window.version") is None  # still whole, and still the first
    expect(page.locator("#update")).to_be_visible()
    with page.expect_navigation():
        page.click("#update-button")
    story.ready()

    assert page.evaluate("window.version") == 2
    assert page.evaluate(CACHES) == [before.replace(build.decode(), build[::-1].decode())]


def test_the_page_can_be_installed(story: Story) -> None:
    link = story.page.locator("link[rel=manifest]").get_attribute("href") or ""
    manifest = story.context.request.get(story.url + link)
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    for icon in [*manifest.json()["icons"], *manifest.json()["screenshots"]]:
        answer = story.context.request.get(story.url + icon["src"])
        assert answer.status == 200
        assert answer.headers["content-type"] == icon["type"]


def test_a_thousand_images_stay_responsive(story: Story) -> None:
    page = story.page
    image_id = story.generate("the first", state="local", size="custom")
    page.evaluate(
        """async (id) => {
          const { name } = (await indexedDB.databases()).find(({ name }) => name.endsWith(':signed-out'));
          const open = await new Promise((done) => {
            const r = indexedDB.open(name); r.onsuccess = () => done(r.result);
          });
          const stores = open.transaction(['images', 'blobs'], 'readwrite');
          const read = (store) => new Promise((done) => {
            const r = stores.objectStore(store).get(id); r.onsuccess = () => done(r.result);
          });
          const [image, blob] = await Promise.all([read('images'), read('blobs')]);
          for (let n = 1; n < 1000; n++) {
            stores.objectStore('images').put({ ...image, id: `image-${n}`, prompt: `number ${n}`, created_at: n });
            stores.objectStore('blobs').put({ ...blob, id: `image-${n}` });
          }
          await new Promise((done) => { stores.oncomplete = done; });
          open.close();
        }""",
        image_id,
    )
    story.reload()
    expect(page.locator(".image-card")).to_have_count(1000)
    page.get_by_text("number 999", exact=True).scroll_into_view_if_needed()
    page.locator(".image-card", has_text="number 999").locator("[data-action=view]").click()

    expect(page.locator("#modalCaption")).to_have_text("number 999")
