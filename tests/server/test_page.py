"""The page in two languages, from the first byte."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from server.errors import CannotStart
from server.page import Page, translate
from tests.server.conftest import Serve

pytestmark = pytest.mark.anyio
SENTENCES = {"title": "Images & <more>", "hint": 'Say "what"', "go": "Go"}
CHINESE = {"title": "图片", "hint": "描述", "go": "生成"}
HTML = """<!DOCTYPE html>
<html>
<head><title data-i18n="title">untranslated</title></head>
<body>
<!-- a comment -->
<input id="text-input" data-i18n-placeholder="hint" data-i18n-aria-label="title" required>
<p data-i18n="title"></p><p>1 &lt; 2 &#169; a>b</p><BR/>
<button disabled data-i18n="go" title="x">wait</button>
<script type="py" src="a.py?x=1&amp;y=2"></script>
</body>
</html>
"""


def test_marked_texts_and_attributes_are_filled_in_and_escaped() -> None:
    page = translate(HTML, SENTENCES, "en")
    assert '<html lang="en">' in page
    assert '<title data-i18n="title">Images &amp; &lt;more&gt;</title>' in page
    assert 'required placeholder="Say &quot;what&quot;" aria-label="Images &amp; &lt;more&gt;">' in page
    assert "untranslated" not in page
    assert '<button disabled data-i18n="go" title="x">Go</button>' in page


def test_everything_else_is_left_as_it_was() -> None:
    bare = HTML.replace("data-i18n", "data-other").replace("<html>", '<html lang="zh">')
    assert translate(bare, {}, "zh") == bare


def test_a_key_that_a_language_lacks_is_named() -> None:
    with pytest.raises(CannotStart, match=r"'go'.*en\.json"):
        translate(HTML, {"title": "", "hint": ""}, "en")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    locales = tmp_path / "root" / "frontend" / "locales"
    locales.mkdir(parents=True)
    (locales / "en.json").write_text(json.dumps(SENTENCES))
    (locales / "zh.json").write_text(json.dumps(CHINESE))
    (locales.parent / "index.html").write_text(HTML)
    return tmp_path / "root"


@pytest.fixture
async def browser(serve: Serve, root: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with serve(root, serve_sources=True) as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"Accept-Language": "zh-CN,zh;q=0.9"}, "zh"),
        ({"Accept-Language": "de"}, "en"),
        ({"Accept-Language": "zh", "Cookie": "lang=en"}, "en"),
        ({"Accept-Language": "en", "Cookie": "lang=zh"}, "zh"),
        ({"Accept-Language": "zh", "Cookie": "lang=<script>"}, "zh"),
    ],
)
async def test_the_visitors_language(browser: httpx2.AsyncClient, headers: dict[str, str], language: str) -> None:
    answer = await browser.get("/", headers=headers)
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding, Accept-Language, Cookie"


async def test_the_pages_policy(browser: httpx2.AsyncClient) -> None:
    headers = (await browser.get("/")).headers
    policy = headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    for part in ("default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"):
        assert part in policy
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["permissions-policy"].startswith("camera=()")


async def test_an_unchanged_page_is_not_sent_again_and_an_edit_is(browser: httpx2.AsyncClient, root: Path) -> None:
    etag = (await browser.get("/")).headers["etag"]
    assert (await browser.get("/", headers={"If-None-Match": etag})).status_code == 304
    edit(root)
    assert "edited" in (await browser.get("/", headers={"If-None-Match": etag})).text


def edit(root: Path) -> None:
    (root / "frontend" / "index.html").write_text(HTML.replace("a comment", "edited"))


async def test_the_page_is_sent_compressed_to_who_takes_it(browser: httpx2.AsyncClient) -> None:
    plain = await browser.get("/", headers={"Accept-Encoding": "identity"})
    small = await browser.get("/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.text == plain.text
    assert small.headers["etag"] != plain.headers["etag"]


def test_a_page_that_is_not_built_stops_the_start(root: Path) -> None:
    with pytest.raises(CannotStart, match="the page is not built: `make serve` builds it"):
        Page(root, sources=False)


def test_a_missing_key_stops_the_start(root: Path) -> None:
    (root / "frontend" / "locales" / "zh.json").write_text("{}")
    with pytest.raises(CannotStart, match=r"zh\.json"):
        Page(root, sources=True)


def test_a_missing_language_stops_the_start(root: Path) -> None:
    (root / "frontend" / "locales" / "zh.json").unlink()
    with pytest.raises(CannotStart, match="cannot be read"):
        Page(root, sources=True)


async def test_without_a_page_there_is_the_api(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/")).status_code == 404
