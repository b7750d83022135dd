"""How a benchmark tells what it found: a table for people, JSON for whoever goes on with it."""

import json
import sys
from pathlib import Path
from typing import Any


def report(file: Path, found: dict[str, Any], table: str) -> None:
    """Write the figures to a file, its folder made where it is missing, and the table to the screen."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1))
    sys.stdout.write(f"{table}\n")
