"""A real server in a child process, for tests that need sockets, signals or a second process.

with LiveServer(tmp_path) as server:
    httpx2.get(server.url + "/health")
"""

import os
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
GENEROUS = {  # tests make more accounts and mistakes in a minute than people in a day
    f"LIMIT_{name}": "1000000/minute" for name in ("LOGIN_FAILURES", "REGISTRATIONS", "SAVES", "READS")
}


@cache
def build() -> None:
    """Bring the built page up to date, as `make serve` does."""
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    subprocess.run([node, "server/build/build.mjs"], cwd=ROOT, check=True)


class LiveServer:
    """`python -m server` with its own data folder; keeps its port when it is started again."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.url = ""
        self._settings = {"DATA_DIR": str(data_dir), "PORT": "0", "LOG_LEVEL": "info", **GENEROUS, **settings}
        self._log = data_dir.parent / f"{data_dir.name}.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start and wait for the printed address; the child's output is in the error when it does not come."""
        build()
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server"],
                cwd=ROOT,
                env=keep | self._settings,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url.startswith("http://"):
            code = self.stop()
            raise RuntimeError(f"the server did not start (exit {code}):\n{self.url}\n{self.output}")
        self._settings["PORT"] = self.url.rpartition(":")[2]
        return self

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it without asking, as a power cut of the process would."""
        return self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """The child's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has logged so far, over all starts."""
        return self._log.read_text() if self._log.exists() else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()
        if error is not None:
            sys.stderr.write(f"--- {self._log}\n{self.output}")

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(timeout=25)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            assert process.stdout is not None
            process.stdout.close()
