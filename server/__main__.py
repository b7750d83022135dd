"""`python -m server`: reads the settings, prints the address, serves until SIGTERM or Ctrl+C.

`python -m server doctor` asks the providers instead; `python -m server backup FOLDER` copies what is kept, also while
the server runs.
"""

import ctypes
import os
import platform
import resource
import shutil
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw
import uvicorn
from starlette.applications import Starlette

from server import doctor
from server.app import create_app
from server.errors import CannotStart
from server.kv import back_up
from server.limits import CONNECTIONS, GRACEFUL_SHUTDOWN, KEEP_ALIVE, MAX_HEAD, MIB
from server.logs import log, set_up
from server.protocol import with_deadlines
from server.settings import Settings

_MALLOC: Final = {-8: 2, -3: 8 * MIB, -1: 16 * MIB}  # malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD


class AnnouncingServer(uvicorn.Server):
    """Prints its address, with the real port, once it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)  # noqa: T201 - as promised


def main() -> None:
    """Run the server; exit 2 with one sentence when it cannot start."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn repeats the signal once it has finished
    try:
        settings = Settings.from_environ(os.environ, Path(".env"))
        set_up(settings.log_level)
        if sys.argv[1:] == ["doctor"]:
            sys.exit(doctor.main(settings))
        if sys.argv[1:2] == ["backup"]:
            sys.exit(_back_up(settings, sys.argv[2:]))
        _give_memory_back()
        _prepare(Path(settings.data_dir))
        listener = _listen(settings.host, settings.port)
        app = create_app(settings)
    except CannotStart as error:
        print(f"Cannot start: {error}", file=sys.stderr)  # noqa: T201 - no log is set up for it
        sys.exit(2)
    log.info("started", python=platform.python_version(), sqlite=apsw.sqlite_lib_version())
    with suppress(KeyboardInterrupt, SystemExit):
        AnnouncingServer(_config(app, settings)).run([listener])
    log.info("stopped")


def _back_up(settings: Settings, arguments: list[str]) -> int:
    """Copy the stores and the secret into a new folder, from which a server can be started; return the exit code."""
    if len(arguments) != 1:
        raise CannotStart("a backup needs a folder: python -m server backup FOLDER")
    os.umask(0o077)
    folder, secret = Path(arguments[0]), Path(settings.data_dir) / "jwt_secret"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for url in dict.fromkeys(settings.store_urls):
            images = back_up(url, folder)
            print(f"{url}: {images} images copied to {folder}")  # noqa: T201 - a command answers on the screen
        if secret.exists():
            shutil.copyfile(secret, folder / secret.name)
    except OSError as error:
        raise CannotStart(f"the backup {folder} cannot be written: {error.strerror}") from None
    return 0


def _give_memory_back() -> None:
    """Let go of what a password's hash took: glibc, left alone, keeps these 19 MiB, in each thread's own heap."""
    with suppress(AttributeError):  # another C library
        for name, value in _MALLOC.items():
            ctypes.CDLL(None).mallopt(name, value)


def _prepare(folder: Path) -> None:
    os.umask(0o077)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4 * CONNECTIONS)), hard))  # a download takes three
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise CannotStart(f"DATA_DIR {folder} cannot be used: {error.strerror}") from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
        # Opened by number it knows that it is TCP; only then asyncio turns off the delay of small packets, 40 ms each.
        return socket.socket(fileno=listener.detach())
    except OSError as error:
        raise CannotStart(f"HOST {host}, PORT {port} cannot be listened on: {error.strerror}") from None


def _config(app: Starlette, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        http=with_deadlines(settings.transfer_timeout),
        h11_max_incomplete_event_size=MAX_HEAD,
        limit_concurrency=CONNECTIONS,
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN,
    )


if __name__ == "__main__":
    main()
