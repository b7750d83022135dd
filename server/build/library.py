"""Compiles the Python that the page runs, and no more of the standard library than it reaches, into one zip.

Runs in the build's Pyodide, where `js` and `pyscript` can be imported and whose bytecode is the browser's.
"""

import ast
import importlib
import marshal
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, find_spec
from pathlib import Path
from typing import Any

PYC = MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)  # PEP 552: by hash, never compared with a source
LATER = ("encodings.ascii", "encodings.latin_1")  # imported by C code, when it needs them

# What Pyodide and its asyncio import, and a page cannot use: archives, sockets, processes. It would be a quarter of the
# library and of the start. A stand-in has any name that is asked for, and does nothing.
STAND_IN = """
__all__ = ()
class Unused:
    def __init__(self, *args, **options): pass
def __getattr__(name):
    if name.startswith("__"): raise AttributeError(name)
    return Unused
"""
STAND_INS = dict.fromkeys(
    [
        *("bz2", "lzma", "shutil", "tempfile", "zipfile"),
        *("calendar", "html.entities", "ipaddress", "urllib.parse"),
        *("selectors", "signal", "socket", "ssl", "subprocess"),
        *(f"asyncio.{name}" for name in ("base_subprocess", "selector_events", "sslproto", "streams", "subprocess")),
        *("asyncio.graph", "asyncio.staggered", "asyncio.trsock"),
        *(f"pyscript.{name}" for name in ("display", "events", "fetch", "storage", "websocket", "workers")),
    ],
    STAND_IN,
) | {
    "asyncio.unix_events": f"{STAND_IN}\nfrom .events import _BaseDefaultEventLoopPolicy as _DefaultEventLoopPolicy",
    # A traceback asks it for colours: here every colour of every theme is none.
    "_colorize": """
class Plain(str):
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return self
def can_colorize(**_): return False
def get_theme(**_): return Plain()
""",
    # Python imports it before it gives the turn back for the first time: what the page needs in any case is imported
    # then, so that the rest takes no longer. What a start makes is no garbage: `main.py` turns the collector on.
    "sitecustomize": """
import gc
gc.disable()
import asyncio
""",
}


def reach(page: str) -> list[str]:
    """Import all that the page in this folder can; return the names of the modules loaded from Python code."""
    sources = [path.read_text("utf-8") for path in sorted(Path(page, "frontend").rglob("*.py"))]
    for name in (*LATER, *(name for source in sources for name in imports(source))):
        importlib.import_module(name)
    specs = [spec for module in list(sys.modules.values()) if (spec := getattr(module, "__spec__", None))]
    return sorted({spec.name for spec in specs if str(spec.origin).endswith((".py", ".pyc"))})


def imports(source: str) -> Iterator[str]:
    """Yield every module that a file imports, inside of functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if hasattr(importlib.import_module(node.module), "__path__"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from (name for name in names if find_spec(name))


def pack(names: list[str], page: str, target: str) -> None:
    """Write the zip of these modules and of the page's data."""
    with zipfile.ZipFile(target, "w") as archive:  # stored: what is sent is compressed as a whole
        for name in sorted({*names, "sitecustomize"}):
            module: Any = sys.modules.get(name)
            path = name.replace(".", "/") + ("/__init__" if hasattr(module, "__path__") else "")
            source = STAND_INS.get(name) or module.__spec__.loader.get_source(name)
            level = 1 if name.startswith("frontend") else 2  # a dataclass without a docstring spends time on making one
            code = compile(source, f"{path}.py", "exec", dont_inherit=True, optimize=level)
            archive.writestr(zipfile.ZipInfo(f"{path}.pyc"), PYC + marshal.dumps(code))  # no date: the same bytes again
        for data in sorted(Path(page, "frontend").rglob("*.json")):
            archive.writestr(zipfile.ZipInfo(str(data.relative_to(page))), data.read_bytes())
