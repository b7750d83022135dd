"""nginx as the limit: one process, WebDAV PUT and sendfile GET, in a folder of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.load import Address, Connection

HINT = "nginx is missing, so there is nothing to compare with: install it (Debian: apt-get install nginx-light)"
_CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/log; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type image/png;
    client_max_body_size 64m; client_body_temp_path {folder}/new; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; dav_methods PUT DELETE; }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx."""

    pid: int
    address: Address
    files: Path  # what it serves, and where a PUT goes


def installed() -> str | None:
    """Return its path, None where it is missing."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def running(folder: Path, port: int) -> Iterator[Nginx | None]:
    """Serve `folder`/files on this machine; None where nginx is missing."""
    if not (program := installed()):
        yield None
        return
    files = folder / "files"
    files.mkdir(parents=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port))
    process = subprocess.Popen([program, "-p", folder, "-c", configuration, "-e", folder / "errors"])
    try:
        address = ("127.0.0.1", port)
        _wait(process, address)
        yield Nginx(process.pid, address, files)
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: Address) -> None:
    while process.poll() is None:
        with suppress(ConnectionError):
            Connection(address).close()
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)  # seconds until the next try, less where it ends
    raise RuntimeError("nginx did not start")
