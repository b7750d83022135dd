"""What a request takes in a store of 10, 10,000 and 1,000,000 records: `make bench`.

Three servers run at once and are asked in turn over one connection; a figure is the median of all its calls. Beside
these records each store has a crowd of accounts, so many that the server remembers nothing of who asks for a list next.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from server.accounts import User
from server.kv.recent import REMEMBERED
from server.kv.sqlite_file import Lock, open_writer, prepare
from server.records import Index, Record
from server.times import iso
from server.tokens import Tokens
from tests.benchmarks.load import Address, Call, run
from tests.benchmarks.people import Person, as_form, image, served, sign_up
from tests.benchmarks.report import report
from tests.live_server import ROOT

SIZES = (10, 10_000, 1_000_000)  # records
CALLS = {"list": 100, "save": 10, "download": 30}  # of one round
IMAGE = 20_000  # bytes: it is the store that grows
REACH = {"list": 1.2}  # issue 5: in the largest store, of the smallest
_OF_ONE_ACCOUNT = ("user", "email", "index", "content", "content", "content", "replay", "replay", "replay")
DAY = 24 * 60 * 60  # seconds


def fill(folder: Path, count: int, crowd: list[User]) -> None:
    """Make a store with so many records of other people, and a crowd with three images each, past the engine."""
    folder.mkdir()
    path = str(folder / "kv.sqlite3")
    lock = Lock(path)
    prepare(path, lock)
    connection = open_writer(path)
    connection.execute("PRAGMA synchronous = OFF")
    with connection:
        connection.executemany(
            "INSERT INTO contents (version, value) VALUES (?, ?)", ((number, b"{}") for number in range(1, count + 1))
        )
        connection.executemany(
            "INSERT INTO entries (namespace, key, version, metadata, expiration) VALUES (?, ?, ?, '{}', ?)",
            _records(count),
        )
        for version, (namespace, key, value) in enumerate(_accounts(crowd), count + 1):
            connection.execute("INSERT INTO contents (version, value) VALUES (?, ?)", (version, value))
            connection.execute(
                "INSERT INTO entries (namespace, key, version, metadata) VALUES (?, ?, ?, '{}')",
                (namespace, key, version),
            )
    connection.close()
    lock.release(cleanly=True)


def people(count: int) -> list[User]:
    """Return accounts that nobody signed up."""
    return [
        User(id=uuid4().hex, username="somebody", email=f"{number}@example.org", password="", created_at=iso(0))
        for number in range(count)
    ]


def _accounts(crowd: list[User]) -> Iterator[tuple[str, str, bytes]]:
    """Yield what the server keeps of each: namespace, key, value."""
    facts = {"prompt": "a lake", "created_at": iso(time.time()), "expires_at": iso(time.time() + DAY), "size": IMAGE}
    facts |= {"sha256": "0" * 64, "content_type": "image/png", "width": 1024, "height": 1024}
    record = msgspec.convert({**facts, "id": "", "seed": 7, "model": None, "negative": None}, Record)
    for user in crowd:
        images = tuple(msgspec.structs.replace(record, id=str(uuid4())) for _ in range(3))
        yield "USERS", f"user/{user.id}", msgspec.json.encode(user)
        yield "IMAGES_CACHE", f"index/{user.id}", msgspec.json.encode(Index(images))


def _records(count: int) -> Iterator[tuple[str, str, int, float | None]]:
    """Yield what three images of each account leave: in keys as random as the server's, and small."""
    chance, soon = random.Random(1), time.time() + DAY
    for version in range(1, count + 1):
        kind = _OF_ONE_ACCOUNT[(version - 1) % len(_OF_ONE_ACCOUNT)]
        if kind == "user":
            user = f"{chance.getrandbits(128):032x}"
        rest = f"/{UUID(int=chance.getrandbits(128))}" if kind in ("content", "replay") else ""
        namespace = "USERS" if kind in ("user", "email") else "IMAGES_CACHE"
        yield namespace, f"{kind}/{user}{rest}", version, None if namespace == "USERS" else soon


class Store:
    """A server on a filled store, one person in it who saves and downloads, and a crowd that looks at its lists."""

    def __init__(self, url: str, address: Address, folder: Path, crowd: list[User]) -> None:
        self.address = address
        tokens = Tokens((folder / "jwt_secret").read_bytes(), DAY, time.time)
        self._crowd = cycle(Person(user.email, tokens.issue(user.id, 0)) for user in crowd)
        self._person = sign_up(url, "ann")
        self._form = as_form(image(IMAGE))
        made = [self._person.save(*self._form) for _ in range(3)]
        self._kept = made[0][0]
        run(address, 1, [save for _, save in made])

    def calls(self, name: str) -> tuple[list[Call], list[Call]]:
        """Return one round of an operation, and what tidies up after it."""
        person: Person = self._person
        if name == "save":
            made = [person.save(*self._form) for _ in range(CALLS[name])]
            return [save for _, save in made], [person.delete(key) for key, _ in made]
        if name == "list":
            return [asking.get("/api/images/daily") for asking in islice(self._crowd, CALLS[name])], []
        return [person.get(f"/api/images/download/{self._kept}")] * CALLS[name], []


def measure(stores: dict[int, Store], rounds: int) -> dict[str, dict[str, float]]:
    """Return the median ms of each operation in each store, and the largest store's part of the smallest one's."""
    times: dict[str, dict[int, list[float]]] = {name: {size: [] for size in stores} for name in CALLS}
    for number in range(-1, rounds):
        for name in CALLS:
            for size, store in stores.items():
                calls, after = store.calls(name)
                _, taken = run(store.address, 1, calls)
                run(store.address, 1, after)
                if number >= 0:
                    times[name][size] += taken
    found = {
        name: {f"{size:,}": 1000 * statistics.median(taken) for size, taken in sizes.items()}
        for name, sizes in times.items()
    }
    small, large = f"{SIZES[0]:,}", f"{SIZES[-1]:,}"
    return {name: row | {"ratio": row[large] / row[small]} for name, row in found.items()}


def table(found: dict[str, dict[str, float]]) -> str:
    """Write the figures for people."""
    lines = [f"{'p50, ms':10}" + "".join(f"{column:>12}" for column in found["list"]) + f"{'reach':>8}"]
    for name, row in found.items():
        cells = "".join(f"{value:12.2f}" for value in row.values())
        lines.append(f"{name:10}{cells}{REACH.get(name, ''):>8}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, default=ROOT / "test-results" / "growth.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        stores, crowd = {}, people(REMEMBERED)  # of each the account and the images: twice what is remembered
        for size in SIZES:
            folder = Path(name) / str(size)
            fill(folder, size, crowd)
            server, address = running.enter_context(served(folder))
            stores[size] = Store(server.url, address, folder, crowd)
        found = measure(stores, given.rounds)
    report(given.json, found, table(found))


if __name__ == "__main__":
    main()
