"""The house keeps its shape: who may import whom, what the browser loads, and that no lock file names a registry."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOOR = {"js", "pyodide", "pyscript", "pyodide.ffi"}
PURE = {"models", "errors", "clock", "i18n", "database"}  # stand on nothing but each other
PARTS_OF_APP = {"embedding", "making", "expiry", "accounts", "choosing", "prompting", "speaking"}
MAY_OPEN_THE_DOOR = ("frontend/browser/", "frontend/ui/", "frontend/main.py")


def sources(folder: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py"))


def imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / source).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def ours(source: str, package: str) -> set[str]:
    return {name.removeprefix(package + ".") for name in imports(source) if name.split(".")[0] == package}


@pytest.mark.parametrize("source", sources("frontend"))
def test_only_browser_and_ui_open_the_door_to_javascript(source: str) -> None:
    opens = bool(set(imports(source)) & DOOR)
    assert not opens or source.startswith(MAY_OPEN_THE_DOOR)


@pytest.mark.parametrize("source", sources("frontend"))
def test_frontend_imports_run_one_way(source: str) -> None:
    name, found = source.removeprefix("frontend/").removesuffix(".py"), ours(source, "frontend")
    inner = {module for module in found if not module.startswith(("browser", "ui"))}
    if name in PURE:
        assert found <= PURE
    elif not source.startswith(MAY_OPEN_THE_DOOR):
        assert found == inner
        assert "app" not in inner or name in PARTS_OF_APP
    elif name.startswith("browser/"):
        assert not any(module.startswith("ui") or module == "app" for module in found)


@pytest.mark.parametrize("source", sources("server"))
def test_the_store_knows_no_http_and_nothing_of_the_domain(source: str) -> None:
    found = ours(source, "server")
    if source.startswith("server/kv/"):
        assert all(module.startswith(("kv", "errors", "limits")) for module in found)
        assert not any(name.startswith(("starlette", "uvicorn")) for name in imports(source))


@pytest.mark.parametrize("source", sources("frontend") + sources("server"))
def test_frontend_and_server_never_import_each_other(source: str) -> None:
    other = "server" if source.startswith("frontend") else "frontend"
    assert ours(source, other) == set()


@pytest.mark.parametrize("source", sources("frontend") + sources("server"))
def test_every_file_says_what_it_is(source: str) -> None:
    text = (ROOT / source).read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), source


def test_the_browser_is_given_every_file() -> None:
    config = tomllib.loads((ROOT / "pyscript.toml").read_text(encoding="utf-8"))
    expected = set(sources("frontend")) - {"frontend/main.py"} | {
        f"frontend/locales/{name}.json" for name in ("en", "zh")
    }

    assert set(config["files"]) == expected
    assert all(address == path for address, path in config["files"].items())


def test_no_html_is_made_from_strings() -> None:
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|run_js|\beval\(|display\(")
    files = [*sources("frontend"), "frontend/page.js", "frontend/boot.js"]
    assert [name for name in files if sinks.search((ROOT / name).read_text(encoding="utf-8"))] == []


def test_lock_files_name_no_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "package-lock.json"):
        text = (ROOT / name).read_text(encoding="utf-8")
        hosts = set(re.findall(r"https?://([\w.-]+)", text)) - {"github.com", "opencollective.com", "tidelift.com"}
        assert not hosts, name
