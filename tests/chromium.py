"""Finds a Chromium for the browser tests: an installed one, else Playwright's own, else the distribution's package.

Debian's headless shell is the same engine without a window around it: the stories take a third less time in it.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed() -> str | None:
    """Return the path of an installed Chromium, None for Playwright's own or none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _playwrights_own() -> bool:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where no Chromium is installed

    with sync_playwright() as playwright:
        return os.path.exists(playwright.chromium.executable_path)  # noqa: PTH110 - one look


def _run(*command: str) -> bool:
    print("$", *command, flush=True)  # noqa: T201 - set-up tells what it does
    try:
        return subprocess.run(command, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main() -> int:
    """Make sure there is a Chromium; return 1 and say so where none can be had."""
    if installed() or _playwrights_own():
        return 0
    if _run(sys.executable, "-m", "playwright", "install", "chromium"):
        return 0
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and _run("apt-get", "update", "-qq"):
        for package in NAMES[:2]:
            if _run("apt-get", "install", "-y", "-qq", package):
                return 0
    print("No Chromium can be had: install one (e.g. the package `chromium`) and run this again.", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
