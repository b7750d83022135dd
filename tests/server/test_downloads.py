"""The bytes of an image over HTTP: digest, range, validation, names."""

import base64
import hashlib
from typing import Any
from urllib.parse import unquote

import pytest

from server.downloads import disposition
from server.records import Record
from tests.server.conftest import Person
from tests.server.pictures import jpeg, png

pytestmark = pytest.mark.anyio
DATA = png(64, 64, size=1000)


@pytest.fixture
async def url(ann: Person) -> str:
    return f"/api/images/{(await ann.save(DATA)).json()['id']}/content"


async def test_viewing(ann: Person, url: str) -> None:
    answer = await ann.get(url)
    digest = hashlib.sha256(DATA)
    assert answer.content == DATA
    for name, value in {
        "content-type": "image/png",
        "content-length": "1000",
        "etag": f'"{digest.hexdigest()}"',
        "repr-digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": "inline",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
    }.items():
        assert answer.headers[name] == value


async def test_downloading_gives_a_name_and_the_right_extension(ann: Person) -> None:
    saved = (await ann.save(jpeg(), prompt="一个湖 / a lake")).json()
    answer = await ann.get(f"/api/images/download/{saved['id']}")
    assert (answer.content, answer.headers["content-type"]) == (jpeg(), "image/jpeg")
    short = saved["id"][:8]
    plain, encoded = answer.headers["content-disposition"].split("; ")[1:]
    assert plain == f'filename="image-{short}.jpg"'
    assert unquote(encoded) == f"filename*=UTF-8''一个湖-a-lake-{short}.jpg"


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ('a"b;c', "a-b;c"),
        ("a\nb\tc", "a-b-c"),
        ("...", ""),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 300, "x" * 60),
        ("con:aux?", "con-aux"),
    ],
)
def test_file_names_are_harmless(prompt: str, stem: str) -> None:
    facts: dict[str, Any] = dict.fromkeys(Record.__struct_fields__) | {
        "id": "0" * 36,
        "prompt": prompt,
        "content_type": "image/gif",
    }
    record = Record(**facts)
    name = unquote(disposition(record).rpartition("''")[2])
    assert name == f"{stem}-00000000.gif".lstrip("-")


async def test_what_the_client_has_is_not_sent_again(ann: Person, url: str) -> None:
    etag = (await ann.get(url)).headers["etag"]
    for wanted in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = await ann.get(url, **{"If-None-Match": wanted})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert (await ann.get(url, **{"If-None-Match": '"x"'})).status_code == 200


async def test_head_has_the_headers_without_the_bytes(ann: Person, url: str) -> None:
    answer = await ann.head(url)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "1000")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("0-0", 0, 1),
        ("10-19", 10, 20),
        ("990-", 990, 1000),
        ("-10", 990, 1000),
        ("-5000", 0, 1000),
        ("0-99999", 0, 1000),
    ],
)
async def test_one_range(ann: Person, url: str, wanted: str, start: int, end: int) -> None:
    answer = await ann.get(url, Range=f"bytes={wanted}")
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/1000"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wanted", ["bytes=1000-", "bytes=-0", "bytes=5-4", f"bytes={'9' * 30}-"])
async def test_a_range_outside_of_the_image(ann: Person, url: str, wanted: str) -> None:
    answer = await ann.get(url, Range=wanted)
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1000")
    assert answer.json()["code"] == "range_not_satisfiable"


@pytest.mark.parametrize(
    "headers",
    [{"Range": wanted} for wanted in ("bytes=0-1,3-4", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,")]
    + [{"Range": "bytes=0-1", "If-Range": '"another"'}],
)
async def test_ranges_that_are_not_served_give_the_whole(ann: Person, url: str, headers: dict[str, Any]) -> None:
    answer = await ann.get(url, **headers)
    assert (answer.status_code, answer.content) == (200, DATA)


async def test_a_range_of_the_same_version(ann: Person, url: str) -> None:
    etag = (await ann.get(url)).headers["etag"]
    assert (await ann.get(url, **{"Range": "bytes=0-1", "If-Range": etag})).status_code == 206
