"""Small things that this browser remembers, in localStorage; a browser that refuses it just forgets them."""

import json
from typing import Any

import js
from pyodide.ffi import JsException

_PREFIX = "hd-image-cache:"


class LocalPreferences:
    """Values that JSON can say, by name."""

    def get(self, name: str) -> Any:
        """Return what was kept, None if nothing was or it cannot be read."""
        try:
            kept = js.localStorage.getItem(_PREFIX + name)
            return json.loads(kept) if kept else None
        except (JsException, ValueError):
            return None

    def put(self, name: str, value: Any) -> None:
        """Keep a value; None forgets it. The server is told the language, for the first byte of the next page."""
        try:
            if value is None:
                js.localStorage.removeItem(_PREFIX + name)
            else:
                js.localStorage.setItem(_PREFIX + name, json.dumps(value))
        except JsException:
            pass
        if name == "language":
            js.document.cookie = f"lang={value}; path=/; max-age=31536000; SameSite=Lax"
