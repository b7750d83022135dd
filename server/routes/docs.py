"""The API for reading: `/openapi.json` for programs, `/docs` for people. The page is made here: no script, no CDN."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute

from server.openapi import describe

_STYLE: Final = (
    ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}"
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h2{margin-top:2.5rem;font-size:1.1rem}code,pre{font-size:.9rem}td{padding:.1rem 1rem .1rem 0;vertical-align:top}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; frame-ancestors 'none'"


class DocsRoutes:
    """Describes the routes that are given."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._schema = describe(routes)
        self._page = _page(self._schema)

    async def openapi(self, _: Request) -> Response:
        """Give the OpenAPI document."""
        return JSONResponse(self._schema)

    async def docs(self, _: Request) -> Response:
        """Show the OpenAPI document."""
        return HTMLResponse(self._page, headers={"Content-Security-Policy": _POLICY})


def _page(schema: dict[str, Any]) -> str:
    info, kinds = schema["info"], schema["components"]["schemas"]
    calls = [_call(method, path, call) for path, methods in schema["paths"].items() for method, call in methods.items()]
    shapes = [
        f'<h2 id="{escape(name)}">{escape(name)}</h2><p>{escape(kind.get("description", ""))}</p>{_members(kind)}'
        for name, kind in sorted(kinds.items())
    ]
    title = f"{escape(info['title'])}: API"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1><p>{escape(info['description'])}</p>"
        f'<p><a href="/openapi.json">openapi.json</a></p>{"".join(calls + shapes)}</html>'
    )


def _call(method: str, path: str, call: dict[str, Any]) -> str:
    takes = call.get("requestBody", {}).get("content", {})
    rows = [("takes", kind, _shape(body["schema"])) for kind, body in takes.items()]
    for status, answer in call["responses"].items():
        content = answer.get("content", {})
        shape = next((_shape(body["schema"]) for body in content.values()), "")
        rows.append((status, answer["description"], shape))
    cells = "".join(f"<tr><td>{escape(a)}<td>{escape(b)}<td>{c}" for a, b, c in rows)
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(call['summary'])}</p><table>{cells}</table>"
    )


def _shape(schema: dict[str, Any]) -> str:
    name = escape(schema.get("$ref", "").rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>' if name else escape(schema.get("format", schema.get("type", "")))


def _members(kind: dict[str, Any]) -> str:
    required = kind.get("required", ())
    rows = [
        f"<tr><td><code>{escape(name)}</code><td>{'required' if name in required else ''}<td>{escape(_rules(member))}"
        for name, member in kind.get("properties", {}).items()
    ]
    return f"<table>{''.join(rows)}</table>"


def _rules(member: dict[str, Any]) -> str:
    if "anyOf" in member:
        return " or ".join(_rules(choice) for choice in member["anyOf"])
    return ", ".join(f"{name} {value}" for name, value in member.items() if name not in ("default", "title"))
