"""Every benchmark in turn, then the figures that were promised: `make bench`. All of them go into one JSON file.

A figure is a median, and a part of what the same run measured beside it; so a busy machine changes it little.
"""

import json
import os
import subprocess
import sys
from typing import Any, Final

from tests.live_server import ROOT

PARTS: Final = ("boot", "server", "growth", "pipeline")
RESULTS: Final = ROOT / "test-results"
REACH: Final[dict[str, tuple[tuple[str, ...], float]]] = {  # issue 5: where the figure is, and what it may be
    "warm start / bare Pyodide": (("boot", "warm", "ratio", "ready"), 0.35),
    "cold start / bare Pyodide": (("boot", "cold", "ratio", "ready"), 0.60),
    "first visit, MB": (("boot", "cold", "page", "megabytes"), 3.9),
    "longest task / bare Pyodide": (("boot", "warm", "ratio", "longest"), 0.15),
    "first paint / without script": (("pipeline", "first paint", "ratio"), 1.1),
    "save in the page / plain JavaScript": (("pipeline", "save", "ratio"), 1.2),
    "save, CPU / nginx PUT": (("server", "operations", "save form ×8", "ratio", "cpu"), 6.0),
    "download, CPU / nginx GET": (("server", "operations", "download ×8", "ratio", "cpu"), 2.0),
    "list, 1,000,000 records / 10": (("growth", "list", "ratio"), 1.2),
    "idle server, MB": (("server", "idle"), 70.0),
}


def figure(found: dict[str, Any], path: tuple[str, ...]) -> float | None:
    """Return what is there, None where it could not be measured."""
    for name in path:
        found = found.get(name, {})
    return float(found) if isinstance(found, int | float) else None


def table(found: dict[str, Any]) -> str:
    """Write the promised figures for people."""
    lines = [f"{'':36}{'measured':>10}{'reach':>8}"]
    for name, (path, reach) in REACH.items():
        measured = figure(found, path)
        told = "not measured" if measured is None else "" if measured <= reach else "  missed"
        lines.append(f"{name:36}{'' if measured is None else f'{measured:.2f}':>10}{reach:8.2f}{told}")
    return "\n".join(lines)


def main() -> None:
    """Run all; the exit code is 1 when one of them broke, not when a figure is missed."""
    found: dict[str, Any] = {"load": os.getloadavg()}
    broken = False
    for part in PARTS:
        sys.stdout.write(f"\n{part}\n")
        sys.stdout.flush()
        file = RESULTS / f"{part}.json"
        file.unlink(missing_ok=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{part}", "--json", str(file)]
        broken |= subprocess.run(command, cwd=ROOT, check=False).returncode != 0
        if file.exists():
            found[part] = json.loads(file.read_text())
    (RESULTS / "bench.json").write_text(json.dumps(found, indent=1))
    sys.stdout.write(f"\n{table(found)}\n\n{RESULTS.relative_to(ROOT)}/bench.json has all of it\n")
    sys.exit(broken)


if __name__ == "__main__":
    main()
