"""What a process has cost so far, as the kernel counts it."""

import time
from pathlib import Path


def cpu(pid: int) -> float:
    """Return CPU seconds of all its threads, in nanosecond steps (`/proc/<pid>/stat` has hundredths)."""
    return time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3)


def written(pid: int) -> int:
    """Return bytes it has had written to the disk."""
    return _number(pid, "io", "write_bytes")


def resident(pid: int) -> float:
    """Return the MB it holds in memory."""
    return _number(pid, "status", "VmRSS") / 1000


def peak(pid: int) -> float:
    """Return the most MB it held in memory since `forget_peak`."""
    return _number(pid, "status", "VmHWM") / 1000


def forget_peak(pid: int) -> None:
    """Begin to look for the peak anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _number(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))
