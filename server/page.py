"""The page: `frontend/index.html` with its texts in the visitor's language from the first byte.

An element marked `data-i18n="key"` gets the sentence as its text, `data-i18n-title="key"` (or `-placeholder`,
`-aria-label`, …) as that attribute. A key that a language lacks stops the start.
"""

import gzip
import hashlib
import html
import json
from functools import lru_cache, partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from server.answers import not_modified
from server.errors import CannotStart, RouteNotFound
from server.messages import Language, preferred
from server.static import encoding

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_MARK: Final = "data-i18n"
HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' blob:; "
        "media-src blob:; style-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types app"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Vary": "Accept-Encoding, Accept-Language, Cookie",
}


class Page:
    """Serves `/`, from the build or from `sources`; an edited file is read again, so that it shows on reload."""

    def __init__(self, root: Path, *, sources: bool) -> None:
        self._html = root / "frontend" / "index.html"
        self._worker = root / "frontend" / "sw.js"
        self._build: dict[str, Any] | None = None
        self._policy = HEADERS["Content-Security-Policy"]
        if not sources and self._html.exists():
            self._build = read_manifest(root / ".build")
            for name, digest in self._build["inline"].items():
                self._policy = self._policy.replace(f"{name}-src", f"{name}-src 'sha256-{digest}'")
            self._html = root / ".build" / self._build["page"]
        self._locales = {language: root / "frontend" / "locales" / f"{language}.json" for language in LANGUAGES}
        if self._html.exists():  # an API alone needs no page
            for language in LANGUAGES:
                self._rendered(language)

    async def show(self, request: Request) -> Response:
        """Answer with the page, in the language of cookie `lang`, else of Accept-Language, else English."""
        chosen = request.cookies.get("lang")
        language = next((known for known in LANGUAGES if known == chosen), None)
        if not self._html.exists():
            raise RouteNotFound
        body = self._rendered(language or preferred(request.headers.get("accept-language", ""), "en"))
        headers = HEADERS | {"Content-Security-Policy": self._policy}
        if encoding(request.headers):
            body = _compressed(body)
            headers["Content-Encoding"] = "gzip"
        headers["ETag"] = etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if not_modified(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="text/html")

    async def worker(self, _: Request) -> Response:
        """Answer with the service worker, told what the build consists of; of sources it keeps nothing."""
        if not self._worker.exists():
            raise RouteNotFound
        files = ["/", *(url for url in (self._build or {}).get("files", ()) if not url.endswith(".png"))]
        build = self._build and {"id": self._build["build"], "files": files}
        script = f"const BUILD = {json.dumps(build)};\n{self._worker.read_text('utf-8')}"
        # A worker is bound by its own policy: it fetches from here, and that is all.
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'; connect-src 'self'"}
        return Response(script, headers=headers, media_type="text/javascript")

    def _rendered(self, language: Language) -> bytes:
        files = (self._html, self._locales[language])
        try:
            return _render(*files, language, tuple(file.stat().st_mtime_ns for file in files))
        except OSError as error:
            raise CannotStart(f"the page cannot be read: {error}") from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what the last build consists of; raises CannotStart where there was none."""
    try:
        return dict(json.loads((folder / "manifest.json").read_bytes()))
    except FileNotFoundError:
        raise CannotStart("the page is not built: `make serve` builds it, SERVE_SOURCES=1 does without") from None


_compressed = lru_cache(maxsize=len(LANGUAGES))(partial(gzip.compress, mtime=0))


@lru_cache(maxsize=len(LANGUAGES) * 2)
def _render(page: Path, locale: Path, language: str, _modified: tuple[int, ...]) -> bytes:
    return translate(page.read_text("utf-8"), json.loads(locale.read_text("utf-8")), language).encode()


def translate(page: str, sentences: dict[str, str], language: str) -> str:
    """Return the page with the sentences filled in; raises CannotStart for a key that has none."""
    translator = _Translator(sentences, language)
    translator.feed(page)
    translator.close()
    return "".join(translator.out)


class _Translator(HTMLParser):
    """Copies HTML as it is, but for marked elements: their start tag is written anew and their text replaced."""

    def __init__(self, sentences: dict[str, str], language: str) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._sentences = sentences
        self._language = language
        self._replacing: str | None = None  # the tag whose text is not copied

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        wanted: dict[str, str | None] = {
            name.removeprefix(f"{_MARK}-"): self._sentence(key)
            for name, key in attrs
            if key and name.startswith(f"{_MARK}-")
        }
        if tag == "html":
            wanted["lang"] = self._language
        self._copy(_start_tag(tag, given | wanted) if wanted else self.get_starttag_text() or "")
        if key := given.get(_MARK):
            self._copy(html.escape(self._sentence(key), quote=False))
            self._replacing = tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._replacing:
            self._replacing = None
        self._copy(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._copy(data)

    def handle_entityref(self, name: str) -> None:
        self._copy(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._copy(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._copy(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._copy(f"<!{decl}>")

    def _copy(self, text: str) -> None:
        if self._replacing is None:
            self.out.append(text)

    def _sentence(self, key: str) -> str:
        if key not in self._sentences:
            raise CannotStart(
                f"frontend/index.html asks for {key!r}, which frontend/locales/{self._language}.json lacks"
            )
        return self._sentences[key]


def _start_tag(tag: str, attributes: dict[str, str | None]) -> str:
    written = (name if value is None else f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<{' '.join([tag, *written])}>"
