"""A real server that is killed, stopped, starved of disk, or given a damaged store: nothing acknowledged is lost."""

import contextlib
import hashlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx2
import pytest

from server.errors import CannotStart
from server.kv.sqlite_file import PAGE_SIZE
from tests.live_server import ROOT, LiveServer
from tests.server.conftest import PASSWORD, Clock, Person, Serve, refusal, sign_up
from tests.server.pictures import png

ROUNDS = 20
SAVERS = 6
ROOMY = {"MAX_IMAGES_PER_DAY": "1000", "MIN_FREE_SPACE": "1"}


class Saver:
    """Somebody who saves without pause and remembers what was acknowledged, by key; their images' ids are the keys."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self._url, self._chance = url, chance
        self.http = httpx2.Client(timeout=10, verify=False)  # it is plain HTTP: no certificates to load
        form = {"username": "Ann", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
        token = self.http.post(f"{url}/api/auth/register", json=form).json()["token"]
        self.http.cookies.clear()
        self._headers = {"Authorization": f"Bearer {token}"}
        self.acknowledged: dict[str, bytes] = {}
        self.unsettled: dict[str, bytes] = {}
        self.statuses: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def move(self, url: str, acknowledged: dict[str, bytes]) -> None:
        """Look at another server, which may know more than what was acknowledged."""
        self.unsettled |= self.acknowledged
        self._url, self.acknowledged, self.http = url, acknowledged, httpx2.Client(timeout=10, verify=False)

    def save_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            key = str(uuid4())
            self.unsettled[key] = png(size=self._chance.choice((300, 20_000, 200_000)), colour=len(self.statuses) % 256)
            try:
                self.settle(key)
            except httpx2.TransportError:
                return

    def settle(self, key: str) -> int:
        files = {"metadata": (None, json.dumps({"prompt": key}).encode()), "image": ("i.png", self.unsettled[key])}
        headers = self._headers | {"Idempotency-Key": key}
        status = self.http.post(f"{self._url}/api/images/save", files=files, headers=headers).status_code
        self.statuses.append(status)
        if status in (200, 201):
            self.acknowledged[key] = self.unsettled.pop(key)
        return status

    def lost(self, sample: int) -> list[str]:
        """Return what was acknowledged and is not there; looks at the bytes of the last `sample`."""
        body = self.http.get(f"{self._url}/api/images/daily", headers=self._headers).json()
        digests = {image["id"]: image["sha256"] for image in body["images"]}
        assert body["count"] == len(digests)
        assert set(digests) <= set(self.acknowledged) | set(self.unsettled)
        lost = [key for key, data in self.acknowledged.items() if digests.get(key) != hashlib.sha256(data).hexdigest()]
        for key in list(self.acknowledged)[-sample:] + [key for key in self.unsettled if key in digests]:
            content = self.http.get(f"{self._url}/api/images/{key}/content", headers=self._headers).content
            if content != {**self.acknowledged, **self.unsettled}[key]:
                lost.append(key)
        return lost


@contextlib.contextmanager
def saving(savers: list[Saver]) -> Iterator[None]:
    """Let everybody save; when this ends, they have stopped, or the server has."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(savers)) as pool:
        work = [pool.submit(saver.save_until, stop) for saver in savers]
        try:
            yield
        finally:
            stop.set()
    for future in work:
        future.result()


def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    chance, lost = random.Random(9), []
    with LiveServer(tmp_path / "data", **ROOMY) as server, contextlib.ExitStack() as stack:
        savers = [stack.enter_context(Saver(server.url, chance)) for _ in range(SAVERS)]
        for _ in range(ROUNDS):
            with saving(savers):
                time.sleep(chance.uniform(0.05, 0.3))
                server.kill()
            server.start()
            for saver in savers:
                lost += saver.lost(sample=5)
                for key in list(saver.unsettled):
                    assert saver.settle(key) in (200, 201)
                lost += saver.lost(sample=1)
        count = sum(len(saver.acknowledged) for saver in savers)
        print(f"\n{ROUNDS} times kill -9, {count} acknowledged, {len(lost)} lost")  # noqa: T201 - a measurement
    assert lost == []
    assert count > 10 * ROUNDS
    assert "Traceback" not in server.output


def test_sigterm_in_the_middle_of_saves(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data", **ROOMY) as server, contextlib.ExitStack() as stack:
        savers = [stack.enter_context(Saver(server.url, random.Random(number))) for number in range(SAVERS)]
        with saving(savers):
            time.sleep(0.5)
            begin = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begin < 25
        assert not (tmp_path / "data" / "kv.sqlite3-wal").exists()
        assert {status for saver in savers for status in saver.statuses} == {201}
        server.start()
        assert [saver.lost(sample=5) for saver in savers] == [[]] * SAVERS
    assert "Traceback" not in server.output


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 12 MiB; skips where nobody may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def person(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """Sign up; return the headers and the form that signs in."""
    form = {"username": "Ann", "email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    token = httpx2.post(f"{url}/api/auth/register", json=form).json()["token"]
    return {"Authorization": f"Bearer {token}"}, form


def upload(url: str, headers: dict[str, str], size: int = 1_000_000) -> httpx2.Response:
    files = {"metadata": (None, b'{"prompt": "p"}'), "image": ("i.png", png(size=size))}
    return httpx2.post(f"{url}/api/images/save", files=files, headers=headers)


def check_full(url: str, headers: dict[str, str], form: dict[str, str], kept: int) -> None:
    """Saves are refused and nothing else is."""
    answer = upload(url, headers)
    assert (answer.status_code, answer.json()["code"]) in ((507, "storage_full"), (503, "storage_unavailable"))
    assert httpx2.post(f"{url}/api/auth/login", json=form).status_code == 200
    body = httpx2.get(f"{url}/api/images/daily", headers=headers).json()
    assert body["count"] == len(body["images"]) == kept
    for image in body["images"]:
        assert httpx2.get(f"{url}/api/images/{image['id']}/content", headers=headers).content == png(size=1_000_000)


def test_disk_full_with_the_reserve(small_disk: Path) -> None:
    with LiveServer(small_disk / "data", **{**ROOMY, "MIN_FREE_SPACE": str(4 << 20)}) as server:
        headers, form = person(server.url)
        answers = [upload(server.url, headers) for _ in range(12)]
        kept = [answer.json()["id"] for answer in answers if answer.status_code == 201]
        assert {answer.status_code for answer in answers} == {201, 507}
        check_full(server.url, headers, form, len(kept))
        ready = httpx2.get(f"{server.url}/health/ready")
        assert (ready.status_code, ready.json()["reason"]) == (503, "storage_full")
        assert httpx2.delete(f"{server.url}/api/images/{kept[0]}", headers=headers).status_code == 200
        assert httpx2.post(f"{server.url}/api/auth/logout", headers=headers).status_code == 200


def test_disk_full_to_the_last_byte(small_disk: Path) -> None:
    with LiveServer(small_disk / "data", **ROOMY) as server:
        headers, form = person(server.url)
        assert upload(server.url, headers).status_code == 201
        with contextlib.suppress(OSError), (small_disk / "else").open("wb") as file:
            while True:
                file.write(bytes(1000))
                file.flush()
        answers = [upload(server.url, headers).status_code for _ in range(8)]
        assert answers[-1] in (503, 507)
        check_full(server.url, headers, form, 1 + answers.count(201))
        (small_disk / "else").unlink()
        assert upload(server.url, headers).status_code == 201
    assert "Traceback" not in server.output


def test_file_size_limit(tmp_path: Path) -> None:
    with LiveServer(tmp_path / "data", **ROOMY) as server:
        headers, form = person(server.url)
        assert upload(server.url, headers).status_code == 201
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
        answers = [upload(server.url, headers).status_code for _ in range(5)]
        assert answers[-1] in (503, 507)
        check_full(server.url, headers, form, 1 + answers.count(201))
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert upload(server.url, headers).status_code == 201
    assert "Traceback" not in server.output


def test_a_read_only_folder_is_one_sentence(small_disk: Path) -> None:
    with LiveServer(small_disk / "data"):
        pass
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    server = LiveServer(small_disk / "data")
    server._log = Path(f"{small_disk}.log")
    with pytest.raises(RuntimeError, match=r"exit 2[\s\S]*Cannot start: .*([Rr]ead-only)"):
        server.start()
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)


# Damage. What is tried is one server in this process, so every page has its turn.


def _cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _zero(start: int, size: int = PAGE_SIZE) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        with file.open("r+b") as opened:
            opened.seek(start)
            opened.write(bytes(size))

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "removed": lambda file: file.unlink(),
    "emptied": lambda file: os.truncate(file, 0),
    "cut in half": _cut_in_half,
    "header": _zero(0, 100),
    "first page": _zero(0),
    **{f"page {number}": _zero(number * PAGE_SIZE) for number in range(1, 40)},
}


def damage(folder: Path, whole: bytes, how: Callable[[Path], None]) -> None:
    """Put the store back as it was, cleanly stopped, then do harm."""
    for rest in folder.glob("kv.sqlite3-*"):
        rest.unlink()
    (folder / "kv.sqlite3").write_bytes(whole)
    (folder / "kv.sqlite3.lock").write_text("stopped\n")
    how(folder / "kv.sqlite3")


@pytest.mark.anyio
async def test_a_damaged_store_is_never_an_empty_one(serve: Serve, tmp_path: Path) -> None:
    async with serve() as client:
        ann = await sign_up(client)
        kept = {(await ann.save(png(size=30_000, colour=number))).json()["id"]: number for number in range(3)}
    whole, refused = (tmp_path / "kv.sqlite3").read_bytes(), []
    for name, how in DAMAGES.items():
        damage(tmp_path, whole, how)
        try:
            async with serve() as client:
                ann.client = client
                await _assert_nothing_is_missing(ann, kept)
        except CannotStart:
            refused.append(name)
    assert {"removed", "emptied", "cut in half", "header", "first page"} <= set(refused)
    assert len(refused) < len(DAMAGES)


async def _assert_nothing_is_missing(ann: Person, kept: dict[str, int]) -> None:
    """Every answer is whole, or says that the server is at fault."""
    listed = await ann.get("/api/images/daily")
    assert listed.status_code >= 500 or listed.json()["count"] == len(kept)
    for image, number in kept.items():
        answer = await ann.get(f"/api/images/{image}/content")
        assert answer.status_code == 503 or answer.content == png(size=30_000, colour=number)
    form = {"email": "ann@example.com", "password": PASSWORD}
    assert (await ann.client.post("/api/auth/login", json=form)).status_code in (200, 503)
    ann.client.cookies.clear()


@pytest.mark.anyio
async def test_an_unclean_stop_is_followed_by_a_check(serve: Serve, tmp_path: Path) -> None:
    async with serve() as client:
        await (await sign_up(client)).save(png(size=30_000))
    file = tmp_path / "kv.sqlite3"
    _zero(3 * PAGE_SIZE)(file)
    (tmp_path / "kv.sqlite3.lock").write_text("running\n")
    with pytest.raises(CannotStart, match=r"it is damaged .*; put a backup in its place"):
        async with serve():
            pass


@pytest.mark.anyio
async def test_the_clock_goes_back_and_far_ahead_and_back(serve: Serve, clock: Clock) -> None:
    form = {"email": "ann@example.com", "password": PASSWORD}
    async with serve() as client:
        ann = await sign_up(client)
        for _ in range(3):
            assert (await ann.save()).status_code == 201
        clock.now -= 2 * 3600
        ann.token = (await client.post("/api/auth/login", json=form)).json()["token"]
        client.cookies.clear()
        assert len(await ann.ids()) == 3
        assert refusal(await ann.save()) == (429, "quota_exceeded")
        clock.now += 27 * 3600
        assert (await ann.get("/api/images/daily")).status_code == 401
        ann.token = (await client.post("/api/auth/login", json=form)).json()["token"]
        client.cookies.clear()
        assert await ann.ids() == []
        assert (await ann.save()).status_code == 201
        clock.now -= 25 * 3600
        ann.token = (await client.post("/api/auth/login", json=form)).json()["token"]
        client.cookies.clear()
        body = (await ann.get("/api/images/daily")).json()
        assert body["count"] == len(body["images"]) <= 3
        for image in body["images"]:
            assert (await ann.get(f"/api/images/{image['id']}/content")).status_code == 200


def back_up(data: Path, copy: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", "backup", str(copy)]
    env = {**os.environ, "DATA_DIR": str(data)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("elsewhere", [None, "/dev/shm"])
def test_a_backup_taken_under_load(tmp_path: Path, elsewhere: str | None) -> None:
    """As the README says; the copy has all that was acknowledged before, on the same disk or on another."""
    with tempfile.TemporaryDirectory(dir=elsewhere) as folder:
        _check_backup(tmp_path / "data", Path(folder) / "copy")


def _check_backup(data: Path, copy: Path) -> None:
    with LiveServer(data, **ROOMY) as server, contextlib.ExitStack() as stack:
        savers = [stack.enter_context(Saver(server.url, random.Random(number))) for number in range(3)]
        with saving(savers):
            time.sleep(0.3)
            before = [dict(saver.acknowledged) for saver in savers]
            answer = back_up(data, copy)
    assert answer.returncode == 0, answer.stderr
    with LiveServer(copy, **ROOMY) as restored:
        for saver, acknowledged in zip(savers, before, strict=True):
            saver.move(restored.url, acknowledged)
            assert saver.lost(sample=5) == []
            saver.http.close()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_backup_says_what_is_wrong(tmp_path: Path, count: int) -> None:
    (tmp_path / "kv.sqlite3.files").mkdir()  # a copy is there already
    command = [sys.executable, "-m", "server", "backup", *[str(tmp_path)] * count]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert re.fullmatch(r"Cannot start: .*(needs a folder|goes into a new folder).*\n", answer.stderr)


# Large values, each in a file of its own


VALUE_DAMAGES: dict[str, Callable[[Path], object]] = {
    "removed": lambda file: file.unlink(),
    "emptied": lambda file: os.truncate(file, 0),
    "cut in half": _cut_in_half,
    "one bit": lambda file: file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:]),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"x"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("how", VALUE_DAMAGES)
async def test_a_damaged_value_is_said_and_the_others_are_served(serve: Serve, tmp_path: Path, how: str) -> None:
    async with serve() as client:
        ann = await sign_up(client)
        broken, whole = [(await ann.save(png(size=100_000, colour=number))).json()["id"] for number in range(2)]
        files = sorted((tmp_path / "kv.sqlite3.files").iterdir(), key=lambda file: file.stat().st_mtime_ns)
        VALUE_DAMAGES[how](files[0])
        for path in (f"/api/images/{broken}/content", f"/api/images/download/{broken}", f"/api/images/{broken}"):
            assert refusal(await ann.get(path)) == (503, "stored_image_damaged")
        assert (await ann.get(f"/api/images/{whole}/content")).content == png(size=100_000, colour=1)
        assert (await ann.delete(f"/api/images/{broken}")).status_code == 200
        assert await ann.ids() == [whole]


@pytest.mark.anyio
async def test_files_that_nothing_names_are_removed_at_the_start(serve: Serve, tmp_path: Path) -> None:
    async with serve() as client:
        ann = await sign_up(client)
        image = (await ann.save(png(size=100_000))).json()["id"]
    folder = tmp_path / "kv.sqlite3.files"
    (folder / "left-by-a-kill").write_bytes(b"half")
    async with serve() as client:
        ann.client = client
        assert len(list(folder.iterdir())) == 1
        assert (await ann.get(f"/api/images/{image}/content")).content == png(size=100_000)
        await ann.delete(f"/api/images/{image}")
        assert list(folder.iterdir()) == []
