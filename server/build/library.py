"""Compiles the Python that the page runs, and no more of the standard library than it reaches, into one zip.

Runs in the build's Pyodide, where `js` and `pyscript` can be imported and whose bytecode is the browser's.
"""

import ast
import importlib
import json
import marshal
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, find_spec
from pathlib import Path
from types import ModuleType

LATER = ("encodings.ascii", "encodings.latin_1")  # imported by C code, when it needs them
PYC = MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)  # PEP 552: by hash, never compared with a source


def build(page: str, pyscript: str, target: str) -> str:
    """Write the zip of the page's Python in folder `page`; return pyscript.toml as JSON."""
    sys.path[:0] = [page, pyscript]
    sources = sorted(Path(page, "frontend").rglob("*.py"))
    for name in (*LATER, *(name for source in sources for name in imports(source.read_text("utf-8")))):
        importlib.import_module(name)
    kept = {module.__spec__.name: module for module in list(sys.modules.values()) if _has_source(module)}
    with zipfile.ZipFile(target, "w") as archive:  # stored: what is sent is compressed as a whole
        for name, module in sorted(kept.items()):
            path = name.replace(".", "/") + ("/__init__" if hasattr(module, "__path__") else "")
            _add(archive, f"{path}.pyc", _compiled(name, module, f"{path}.py"))
        for locale in sorted(Path(page, "frontend").rglob("*.json")):
            _add(archive, str(locale.relative_to(page)), locale.read_bytes())
    import tomllib

    return json.dumps(tomllib.loads(Path(page, "pyscript.toml").read_text("utf-8")))


def imports(source: str) -> Iterator[str]:
    """Yield every module that a file imports, inside of functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            for alias in node.names:
                if hasattr(importlib.import_module(node.module), "__path__") and find_spec(f"{node.module}.{alias.name}"):
                    yield f"{node.module}.{alias.name}"


def _has_source(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return bool(spec and spec.origin and spec.origin.endswith(".py"))


def _compiled(name: str, module: ModuleType, path: str) -> bytes:
    source = module.__spec__.loader.get_source(name)
    level = 1 if name.startswith("frontend") else 2
    return PYC + marshal.dumps(compile(source, path, "exec", dont_inherit=True, optimize=level))


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), data)  # without a date: same input, same bytes
