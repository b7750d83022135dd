"""What a request costs the server, against nginx on the same bytes in the same run: `make bench`.

One process each. CPU is what the kernel counts for the process; the rounds alternate, and the figures are medians.
"""

import argparse
import socket
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import nginx, process
from tests.benchmarks.load import Address, Call, Connection, call, run
from tests.benchmarks.nginx import Nginx
from tests.benchmarks.people import Person, as_form, as_json, image, served, sign_up
from tests.benchmarks.report import report
from tests.live_server import ROOT

CONNECTIONS = (1, 8, 32)
PEOPLE = 32
SAVES, READS, SMALL, LOGINS = 64, 128, 256, 16  # calls of one round
REACH = {"save form": 6.0, "download": 2.0}  # issue 5: CPU, of nginx'
IDLE_REACH = 70.0  # MB, after the start and a few requests
Figures = dict[str, float]


@dataclass(frozen=True)
class Work:
    """Calls to make, and those that prepare them and tidy up after them, which nobody measures."""

    calls: list[Call]
    before: list[Call] = field(default_factory=list)
    after: list[Call] = field(default_factory=list)
    saved: int = 0  # bytes


class Ours:
    """This server."""

    def __init__(self, pid: int, address: Address, people: list[Person], data: bytes) -> None:
        self.pid, self.address = pid, address
        self._people = people
        self._data = data
        self._forms = {"save form": as_form(data), "save JSON": as_json(data)}
        self._kept: dict[Person, str] = {}
        connection = Connection(address)
        for person in people:
            self._kept[person], save = person.save(*as_form(data))
            connection.send(save)
        self._etag = _etag(connection.send(people[0].get(self._path(people[0]))))
        connection.close()

    def work(self, name: str) -> Work:
        """Return one round of an operation, spread over the accounts."""
        if name in self._forms:
            made = [(person, *person.save(*self._forms[name])) for person in self._each(SAVES)]
            after = [person.delete(key) for person, key, _ in made]
            return Work([save for _, _, save in made], after=after, saved=SAVES * len(self._data))
        if name == "download, first":  # the server compares what it has not compared in the last minute
            made = [(person, *person.save(*self._forms["save form"])) for person in self._each(SAVES)]
            calls = [person.get(f"/api/images/download/{key}") for person, key, _ in made]
            return Work(calls, [save for _, _, save in made], [person.delete(key) for person, key, _ in made])
        make: Callable[[Person], Call] = {
            "download": lambda person: person.get(self._path(person)),
            "download, 304": lambda person: person.get(self._path(person), 304, If_None_Match=self._etag),
            "list": lambda person: person.get("/api/images/daily"),
            "login": Person.login,
        }[name]
        # What was read within the last minute is not compared again; "download, first" is the other case.
        before = [make(person) for person in self._people] if name == "download" else []
        return Work([make(person) for person in self._each(COUNTS[name])], before)

    def _path(self, person: Person) -> str:
        return f"/api/images/download/{self._kept[person]}"

    def _each(self, count: int) -> list[Person]:
        return [self._people[number % len(self._people)] for number in range(count)]


class Theirs:
    """nginx, with the same bytes as files."""

    def __init__(self, server: Nginx, data: bytes, listing: bytes) -> None:
        self.pid, self.address = server.pid, server.address
        self._data = data
        for number in range(PEOPLE):
            (server.files / f"{number}.png").write_bytes(data)
        (server.files / "list.json").write_bytes(listing)
        connection = Connection(self.address)
        self._etags = [_etag(connection.send(call("GET", f"/{number}.png"))) for number in range(PEOPLE)]
        connection.close()

    def work(self, name: str) -> Work | None:
        """Return one round of an operation, None for what it does not do."""
        if name.startswith("save"):
            names = [f"/saved-{number}" for number in range(SAVES)]
            saves = [call("PUT", name, 201, self._data) for name in names]
            return Work(saves, after=[call("DELETE", name, 204) for name in names], saved=SAVES * len(self._data))
        numbers = [number % PEOPLE for number in range(COUNTS[name])]
        if name in ("download", "download, first"):
            return Work([call("GET", f"/{number}.png") for number in numbers])
        if name == "download, 304":
            return Work([call("GET", f"/{n}.png", 304, If_None_Match=self._etags[n]) for n in numbers])
        return Work([call("GET", "/list.json")] * len(numbers)) if name == "list" else None


COUNTS = {
    "save form": SAVES,
    "save JSON": SAVES,
    "download": READS,
    "download, first": SAVES,
    "download, 304": SMALL,
    "list": SMALL,
    "login": LOGINS,
}


def measure(side: Ours | Theirs, work: Work, connections: int) -> Figures:
    """Return what one round cost."""
    if work.before:
        run(side.address, 1, work.before)
    process.forget_peak(side.pid)
    cpu, written = process.cpu(side.pid), process.written(side.pid)
    seconds, _ = run(side.address, connections, work.calls)
    figures = {
        "cpu": 100 * (process.cpu(side.pid) - cpu) / len(work.calls),  # seconds for 100
        "rate": len(work.calls) / seconds,
        "peak": process.peak(side.pid),
    }
    if work.saved:
        figures["written"] = (process.written(side.pid) - written) / work.saved
    if work.after:
        run(side.address, 1, work.after)
    return figures


def rounds(ours: Ours, theirs: Theirs | None, count: int, names: list[str]) -> dict[str, dict[str, Figures]]:
    """Run everything in turn, once to warm up and then `count` times."""
    kept: dict[str, dict[str, list[Figures]]] = {}
    for number in range(-1, count):
        for connections in CONNECTIONS:
            for name in names:
                for label, side in (("ours", ours), ("nginx", theirs)):
                    if side and (work := side.work(name)):
                        figures = measure(side, work, connections)
                        if number >= 0:
                            kept.setdefault(f"{name} ×{connections}", {}).setdefault(label, []).append(figures)
    return {name: _compared(sides) for name, sides in kept.items()}


def table(idle: float, found: dict[str, dict[str, Figures]]) -> str:
    """Write the figures for people."""
    lines = [f"idle memory {idle:.1f} MB, reach {IDLE_REACH:.0f}", ""]
    lines += [f"{'':20}{'CPU s/100':>19}{'':16}{'calls/s':>16}{'peak MB':>14}{'disk/byte':>16}"]
    lines += [f"{'':20}{'ours':>10}{'nginx':>9}{'ratio':>8}{'reach':>8}" + f"{'ours':>8}{'nginx':>8}" * 3]
    for name, sides in found.items():
        ours, theirs = sides["ours"], sides.get("nginx", {})
        line = f"{name:20}{ours['cpu']:10.3f}"
        line += f"{theirs['cpu']:9.3f}{sides['ratio']['cpu']:8.1f}" if theirs else " " * 17
        line += f"{REACH.get(name.rpartition(' ')[0], ''):>8}"
        for key, digits in (("rate", 0), ("peak", 0), ("written", 2)):
            line += "".join(f"{side[key]:8.{digits}f}" if key in side else " " * 8 for side in (ours, theirs))
        lines.append(line)
    return "\n".join(lines)


def _compared(sides: dict[str, list[Figures]]) -> dict[str, Figures]:
    """Return the medians, and how many times nginx' CPU they are."""
    found = {
        label: {key: statistics.median(figures[key] for figures in kept) for key in kept[0]}
        for label, kept in sides.items()
    }
    return found | ({"ratio": {"cpu": found["ours"]["cpu"] / found["nginx"]["cpu"]}} if "nginx" in found else {})


def _etag(answer: bytes) -> str:
    return answer.lower().partition(b"etag: ")[2].partition(b"\r\n")[0].decode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=list(COUNTS), default=list(COUNTS))
    parser.add_argument("--json", type=Path, default=ROOT / "test-results" / "server.json")
    given = parser.parse_args()
    data = image()
    with (
        tempfile.TemporaryDirectory() as name,
        served(Path(name) / "data") as (server, address),
        nginx.running(Path(name) / "nginx", _free_port()) as limit,
    ):
        people = [sign_up(server.url, "first")]
        run(address, 1, [call("GET", "/"), call("GET", "/health"), people[0].get("/api/images/daily")] * 3)
        idle = process.resident(server.pid)
        people += [sign_up(server.url, f"person{number}") for number in range(1, PEOPLE)]
        ours = Ours(server.pid, address, people, data)
        connection = Connection(address)
        listing = connection.send(people[0].get("/api/images/daily")).partition(b"\r\n\r\n")[2]
        connection.close()
        theirs = Theirs(limit, data, listing) if limit else None
        found = rounds(ours, theirs, given.rounds, given.only)
    report(given.json, {"idle": idle, "operations": found}, table(idle, found))
    if not limit:
        sys.stdout.write(nginx.HINT + "\n")


if __name__ == "__main__":
    main()
