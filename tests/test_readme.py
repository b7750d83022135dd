"""What is written down is true: every setting and every route stands in both READMEs."""

from pathlib import Path

import msgspec
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from server.app import create_app
from server.settings import Settings

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
FILES = {"/", "/sw.js", "/favicon.ico", "/robots.txt", "/pyscript.toml"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", READMES)
def test_every_setting_is_documented(name: str) -> None:
    settings = {field.name.upper() for field in msgspec.structs.fields(Settings)}
    assert {setting for setting in settings if f"`{setting}`" not in text(name)} == set()


@pytest.mark.parametrize("name", READMES)
def test_every_route_is_documented(name: str, tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=str(tmp_path), serve_sources=True))
    with TestClient(app):  # closes the store
        paths = {route.path for route in app.routes if isinstance(route, Route)} - FILES
    assert {path for path in paths if f"{path}`" not in text(name) and f"{path} " not in text(name)} == set()


@pytest.mark.parametrize("name", READMES)
def test_the_two_commands_are_there(name: str) -> None:
    assert "make serve" in text(name)
    assert "make test" in text(name)


def test_both_readmes_have_the_same_chapters() -> None:
    chapters = [[line.split()[0] for line in text(name).splitlines() if line.startswith("#")] for name in READMES]
    assert chapters[0] == chapters[1]
