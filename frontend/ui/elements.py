"""Finding, cloning and listening: the few lines that every view stands on."""

from collections.abc import Callable
from typing import Any

import js

from frontend.browser.ffi import listen


def element(name: str) -> Any:
    """Return the element with that id; the page has every one of them from its first byte."""
    return js.document.getElementById(name)


def clone(template: str) -> Any:
    """Return a copy of what a `<template>` holds."""
    return element(template).content.firstElementChild.cloneNode(True)  # noqa: FBT003 - deep, as the platform spells it


def option(value: str, text: str) -> Any:
    """Return a new `<option>`."""
    made = js.document.createElement("option")
    made.value, made.textContent = value, text
    return made


def on_action(container: Any, handler: Callable[[str, Any], None]) -> None:
    """Call with the action's name and its element for each click on a `[data-action]` inside: one listener for all."""

    def clicked(event: Any) -> None:
        if target := event.target.closest("[data-action]"):
            handler(target.dataset.action, target)

    listen(container, "click", clicked)


def on_click(name: str, handler: Callable[[], Any]) -> None:
    """Call on each click on the element with that id."""
    listen(element(name), "click", lambda _event: handler())


class ObjectURLs:
    """Addresses of Blobs for `<img>`, by key; a replaced or forgotten one is given back to the browser."""

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}

    def put(self, key: str, blob: Any) -> str:
        """Return the address of a Blob."""
        self.drop(key)
        self._urls[key] = js.URL.createObjectURL(blob)
        return self._urls[key]

    def drop(self, key: str) -> None:
        """Give an address back."""
        if url := self._urls.pop(key, None):
            js.URL.revokeObjectURL(url)

    def drop_all(self) -> None:
        """Give all addresses back."""
        for key in list(self._urls):
            self.drop(key)
