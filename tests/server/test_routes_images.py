"""The image routes as clients see them."""

import base64
import hashlib
import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.errors import InvalidBase64
from server.times import iso
from server.uploads import decode_base64
from tests.server import pictures
from tests.server.conftest import Clock, Person, Serve, refusal, sign_up
from tests.server.pictures import png

pytestmark = pytest.mark.anyio
MIB2 = 2_097_152
FIELDS = ["id", "prompt", "created_at", "expires_at", "size", "quality", "sha256", "content_type", "width", "height"]


class TestSave:
    async def test_the_answer_has_everything(self, ann: Person, clock: Clock) -> None:
        data = png(640, 480)
        answer = await ann.save(data, prompt="一个湖\n<b>", seed=7, model="canvas", negative="blur", width=1, height=1)

        assert answer.status_code == 201
        assert list(answer.json()) == ["success", *FIELDS, "seed", "model", "negative"]
        assert answer.json() | {"id": ""} == {
            "success": True,
            "id": "",
            "prompt": "一个湖\n<b>",
            "created_at": iso(clock.now),
            "expires_at": iso(clock.now + 86400),
            "size": len(data),
            "quality": "HD",
            "sha256": hashlib.sha256(data).hexdigest(),
            "content_type": "image/png",
            "width": 640,
            "height": 480,
            "seed": 7,
            "model": "canvas",
            "negative": "blur",
        }

    @pytest.mark.parametrize("content_type", pictures.ALL)
    async def test_every_format_in_both_forms_comes_back_exactly(self, ann: Person, content_type: str) -> None:
        data = pictures.ALL[content_type](320, 200)
        for answer in (await ann.save(data), await ann.upload(data)):
            assert answer.status_code == 201
            back = await ann.get(f"/api/images/{answer.json()['id']}/content")
            assert (back.content, back.headers["content-type"]) == (data, content_type)

    async def test_how_it_was_asked_for_is_kept_beside_it(self, ann: Person) -> None:
        asked: dict[str, Any] = {
            "original_prompt": "猫",
            "revised_prompt": "a cat at dawn",
            "requested_format": "webp",
            "requested_width": 1024,
            "requested_height": 768,
        }
        saved = (await ann.save(key="k", model="pollinations/zimage", **asked)).json()
        assert {name: saved[name] for name in asked} == asked
        assert (await ann.save(key="k", model="pollinations/zimage", **asked)).json() == saved
        (listed,) = (await ann.get("/api/images/daily")).json()["images"]
        assert asked.items() <= listed.items()
        assert asked.items() <= (await ann.get(f"/api/images/{saved['id']}")).json().items()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"original_prompt": "x" * 4001},
            {"revised_prompt": 1},
            {"requested_width": "wide"},
            {"requested_format": "svg"},
        ],
    )
    async def test_how_it_was_asked_for_is_checked(self, ann: Person, wrong: dict[str, Any]) -> None:
        assert refusal(await ann.save(**wrong)) == (422, "invalid_field")

    async def test_null_and_unknown_members(self, ann: Person) -> None:
        nothing = dict.fromkeys(("width", "height", "seed", "model", "negative", "sha256", "replace"))
        answer = await ann.save(**nothing, user_id="other", id="mine", unknown=[{}])
        assert answer.status_code == 201
        assert answer.json()["id"] != "mine"

    async def test_a_data_url_is_accepted(self, ann: Person) -> None:
        data = "data:image/png;base64," + base64.b64encode(png()).decode()
        assert (await ann.post("/api/images/save", {"prompt": "p", "data": data})).status_code == 201

    @pytest.mark.parametrize("way", [Person.save, Person.upload])
    async def test_size_is_exact_to_the_byte(self, ann: Person, way: Any) -> None:
        assert (await way(ann, png(size=MIB2))).status_code == 201
        answer = await way(ann, png(size=MIB2 + 1))
        assert refusal(answer) == (413, "image_too_large")
        assert answer.json() | {"error": ""} == {
            "success": False,
            "code": "image_too_large",
            "error": "",
            "size": MIB2 + 1,
            "max_size": MIB2,
        }
        assert answer.json()["error"] == "图片太大：2,097,153字节，最大2,097,152字节"
        assert len(await ann.ids()) == 1

    async def test_the_quota_refusal_shows_the_way_out(self, ann: Person, clock: Clock) -> None:
        first = (await ann.save()).json()
        for number in (1, 2):
            await ann.save(png(colour=number))
        answer = await ann.save(png(colour=9))

        assert refusal(answer) == (429, "quota_exceeded")
        assert answer.headers["retry-after"] == "86400"
        body = answer.json()
        assert (body["maxCount"], body["count"], body["next_slot_at"]) == (3, 3, first["expires_at"])
        assert body["images"][0] == {n: first[n] for n in ("id", "prompt", "created_at", "expires_at", "size")}

        replaced = await ann.save(png(colour=9), replace=first["id"])
        assert replaced.status_code == 201
        assert first["id"] not in await ann.ids()

    async def test_a_retry_is_answered_again(self, ann: Person) -> None:
        key = "0b8f9c1e-6f0a-4c59-9d3e-6a6f0a4c599d"
        first = await ann.save(key=key)
        for again in (await ann.save(key=key), await ann.upload(png(), key=key)):
            assert again.status_code == 200
            assert again.headers["idempotent-replay"] == "true"
            assert again.json() == first.json()
        assert "idempotent-replay" not in first.headers
        assert await ann.ids() == [key]
        assert refusal(await ann.save(png(colour=1), key=key)) == (422, "idempotency_key_reused")
        await ann.delete(f"/api/images/{key}")
        assert refusal(await ann.save(key=key)) == (410, "already_deleted")

    @pytest.mark.parametrize("key", ["", "k" * 65, "a b", "a\tb"])
    async def test_a_key_is_short_and_visible(self, ann: Person, key: str) -> None:
        answer = await ann.save(key=key)
        assert refusal(answer) == (422, "invalid_field")
        assert answer.json()["field"] == "Idempotency-Key"

    async def test_an_announced_digest_is_compared(self, ann: Person) -> None:
        right, wrong = (hashlib.sha256(data) for data in (png(), b"other"))
        assert (await ann.save(sha256=right.hexdigest())).status_code == 201
        assert refusal(await ann.save(sha256=wrong.hexdigest())) == (422, "digest_mismatch")
        for digest, status in ((right, 201), (wrong, 422)):
            header = f"sha-512=:AA==:, sha-256=:{base64.b64encode(digest.digest()).decode()}:"
            body = {"prompt": "p", "data": base64.b64encode(png()).decode()}
            headers = ann.headers | {"Repr-Digest": header}
            assert (await ann.client.post("/api/images/save", json=body, headers=headers)).status_code == status
        assert len(await ann.ids()) == 2

    async def test_a_full_store_says_so_and_stores_nothing(self, serve: Serve) -> None:
        async with serve(max_storage=1 << 20) as client:
            ann = await sign_up(client)
            assert (await ann.save(png(size=600_000))).status_code == 201
            assert refusal(await ann.save(png(size=600_000))) == (507, "storage_full")
            assert len(await ann.ids()) == 1
            assert (await ann.post("/api/auth/logout")).status_code == 200


B64 = base64.b64encode(png()).decode()


class TestBadInput:
    @pytest.mark.parametrize(
        ("changed", "status", "code", "field"),
        [
            ({"data": ...}, 422, "missing_field", "data"),
            ({"data": ""}, 422, "missing_field", "data"),
            ({"data": "data:image/png;base64,"}, 422, "missing_field", "data"),
            ({"data": None}, 422, "invalid_field", "data"),
            ({"data": 5}, 422, "invalid_field", "data"),
            ({"data": ["a"]}, 422, "invalid_field", "data"),
            ({"data": "!!!!"}, 422, "invalid_base64", "data"),
            ({"data": "HGX4="}, 422, "invalid_base64", "data"),
            ({"data": B64[:-1]}, 422, "invalid_base64", "data"),
            ({"data": B64.rstrip("=") if B64.endswith("=") else B64 + "A"}, 422, "invalid_base64", "data"),
            ({"data": B64[:40] + "\n" + B64[40:]}, 422, "invalid_base64", "data"),
            ({"data": base64.urlsafe_b64encode(b"\xff\xfb\xfe" * 3).decode()}, 422, "invalid_base64", "data"),
            ({"data": "图" * 8}, 422, "invalid_base64", "data"),
            ({"data": base64.b64encode(b"<svg/>").decode()}, 415, "not_an_image", None),
            ({"data": base64.b64encode(b"<html><script>").decode()}, 415, "not_an_image", None),
            ({"data": base64.b64encode(png()[:-3]).decode()}, 422, "damaged_image", None),
            ({"data": base64.b64encode(png() + b"x").decode()}, 422, "damaged_image", None),
            ({"data": base64.b64encode(png(100_000, 100_000)).decode()}, 422, "bad_dimensions", None),
            ({"prompt": ...}, 422, "missing_field", "prompt"),
            ({"prompt": ""}, 422, "missing_field", "prompt"),
            ({"prompt": None}, 422, "invalid_field", "prompt"),
            ({"prompt": 5}, 422, "invalid_field", "prompt"),
            ({"prompt": "x" * 4001}, 422, "invalid_field", "prompt"),
            ({"prompt": "a\0b"}, 422, "invalid_field", "prompt"),
            ({"prompt": "a\x1b[31m"}, 422, "invalid_field", "prompt"),
            ({"prompt": "a\r\nb"}, 422, "invalid_field", "prompt"),
            ({"prompt": "a\x85"}, 422, "invalid_field", "prompt"),
            ({"negative": "x" * 4001}, 422, "invalid_field", "negative"),
            ({"model": "x" * 101}, 422, "invalid_field", "model"),
            ({"model": "a\nb"}, 422, "invalid_field", "model"),
            ({"seed": "7"}, 422, "invalid_field", "seed"),
            ({"seed": 7.5}, 422, "invalid_field", "seed"),
            ({"seed": True}, 422, "invalid_field", "seed"),
            ({"seed": 2**53}, 422, "invalid_field", "seed"),
            ({"seed": -(2**53)}, 422, "invalid_field", "seed"),
            ({"seed": 2**64}, 422, "invalid_field", "seed"),
            ({"width": "1"}, 422, "invalid_field", "width"),
            ({"height": 10**40}, 422, "invalid_field", "height"),
            ({"sha256": "abc"}, 422, "invalid_field", "sha256"),
            ({"replace": "unknown"}, 404, "not_found", None),
            ({"replace": ["a"]}, 422, "invalid_field", "replace"),
        ],
    )
    async def test_each_is_named_and_nothing_is_stored(
        self, ann: Person, changed: dict[str, Any], status: int, code: str, field: str | None
    ) -> None:
        body = {name: value for name, value in ({"prompt": "p", "data": B64} | changed).items() if value is not ...}
        answer = await ann.post("/api/images/save", body)
        assert refusal(answer) == (status, code)
        assert answer.json().get("field") == field
        assert await ann.ids() == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{",
            b'{"prompt":NaN}',
            b'{"prompt":"a","prompt":"b"}',
            rb'{"prompt":"\ud800"}',
            b"\xff",
            b'{"a":' + b"[" * 100000,
            b'{"seed":' + b"9" * 5000 + b"}",
        ],
    )
    async def test_bad_json(self, ann: Person, body: bytes) -> None:
        headers = ann.headers | {"Content-Type": "application/json"}
        answer = await ann.client.post("/api/images/save", content=body, headers=headers)
        assert refusal(answer) == (400, "bad_json")

    @pytest.mark.parametrize(
        "kind", ["", "text/plain", "image/png", "image/svg+xml", "application/x-www-form-urlencoded"]
    )
    async def test_other_types_of_body(self, ann: Person, kind: str) -> None:
        answer = await ann.client.post("/api/images/save", content=png(), headers=ann.headers | {"Content-Type": kind})
        assert refusal(answer) == (415, "unsupported_media_type")

    async def test_compressed_bodies(self, ann: Person) -> None:
        headers = ann.headers | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        answer = await ann.client.post("/api/images/save", content=b"x", headers=headers)
        assert refusal(answer) == (415, "unsupported_media_type")

    async def test_a_body_over_the_limit_is_not_read_whole(self, ann: Person) -> None:
        sent = 0

        async def endless() -> Any:
            nonlocal sent
            while sent < 40 * MIB2:
                sent += 65536
                yield b"[" * 65536

        for kind in ("application/json", "multipart/form-data; boundary=b"):
            sent = 0
            headers = ann.headers | {"Content-Type": kind}
            answer = await ann.client.post("/api/images/save", content=endless(), headers=headers)
            assert answer.status_code in ((413,) if "json" in kind else (400, 413))
            assert sent < 2 * MIB2

    async def test_a_stated_length_over_the_limit_is_refused_at_once(self, ann: Person) -> None:
        headers = ann.headers | {"Content-Type": "application/json", "Content-Length": str(10**12)}
        answer = await ann.client.post("/api/images/save", content=b"{}", headers=headers)
        assert refusal(answer) == (413, "image_too_large")

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.text(max_size=80))
    def test_base64_is_exact_or_refused(self, text: str) -> None:
        try:
            decoded = decode_base64(text)
        except InvalidBase64:
            return
        plain = text.partition(",")[2] if text.startswith("data:") else text
        assert len(decoded) == len(plain) // 4 * 3 - plain.count("=")


def form(*parts: tuple[str, bytes], boundary: str = "b", end: str = "--b--\r\n") -> bytes:
    body = b""
    for name, data in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
    return body + end.encode()


METADATA = ("metadata", b'{"prompt":"p"}')


class TestForm:
    async def send(self, ann: Person, body: Any, boundary: str = "b") -> httpx2.Response:
        headers = ann.headers | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await ann.client.post("/api/images/save", content=body, headers=headers)

    async def test_in_any_order_and_in_pieces(self, ann: Person) -> None:
        body = form(("image", png()), METADATA)

        async def pieces() -> Any:
            for position in range(0, len(body), 7):
                yield body[position : position + 7]

        assert (await self.send(ann, pieces())).status_code == 201

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, "bad_multipart"),
            (form(METADATA), 422, "missing_field"),
            (form(("image", png())), 422, "missing_field"),
            (form(METADATA, ("image", b"")), 422, "missing_field"),
            (form(METADATA, METADATA), 400, "bad_multipart"),
            (form(METADATA, ("other", b"")), 400, "bad_multipart"),
            (form(METADATA, ("image", png()), ("more", b"")), 400, "bad_multipart"),
            (form(METADATA, ("image", png()), end=""), 400, "bad_multipart"),
            (form(METADATA, ("image", png()))[:-40], 400, "bad_multipart"),
            (b"preamble" + form(METADATA, ("image", png())), 400, "bad_multipart"),
            (form(("metadata", b"{}"), ("image", png())), 422, "missing_field"),
            (form(("metadata", b"nonsense"), ("image", png())), 400, "bad_json"),
            (form(("metadata", b" " * 300_000), ("image", png())), 413, "body_too_large"),
            (form(METADATA, ("image", b"<svg/>")), 415, "not_an_image"),
            (form(METADATA, ("image", png()), boundary="c"), 422, "missing_field"),
        ],
    )
    async def test_what_is_wrong_is_said(self, ann: Person, body: bytes, status: int, code: str) -> None:
        assert refusal(await self.send(ann, body)) == (status, code)
        assert await ann.ids() == []

    @pytest.mark.parametrize("boundary", ["", "a%b", "b" * 71])
    async def test_a_boundary_that_is_none(self, ann: Person, boundary: str) -> None:
        assert refusal(await self.send(ann, form(METADATA), boundary)) == (400, "bad_multipart")


class TestRead:
    async def test_the_list_is_newest_last_and_has_no_bytes(self, ann: Person, clock: Clock) -> None:
        saved = []
        for number in range(3):
            saved.append((await ann.save(png(colour=number))).json())
            clock.now += 1
        body = (await ann.get("/api/images/daily")).json()

        assert [{"success": True, **image} for image in body["images"]] == saved
        assert (body["success"], body["count"], body["maxCount"]) == (True, 3, 3)

    async def test_the_list_is_sent_again_only_when_it_changed(self, ann: Person, clock: Clock) -> None:
        await ann.save()
        first = await ann.get("/api/images/daily")
        etag = first.headers["etag"]
        again = await ann.get("/api/images/daily", **{"If-None-Match": f'"other", W/{etag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert first.headers["cache-control"] == "private, no-cache"
        clock.now += 86400
        assert (await Person(ann.client, await fresh(ann)).get("/api/images/daily")).headers["etag"] != etag

    async def test_stats(self, ann: Person) -> None:
        empty = (await ann.get("/api/images/stats")).json()["stats"]
        assert (empty["totalImages"], empty["remainingImages"], empty["next_slot_at"]) == (0, 3, None)
        saved = [(await ann.save(png(colour=number))).json() for number in range(3)]
        assert (await ann.get("/api/images/stats")).json() == {
            "success": True,
            "stats": {
                "totalImages": 3,
                "maxImages": 3,
                "remainingImages": 0,
                "totalSize": sum(image["size"] for image in saved),
                "maxSize": MIB2,
                "next_slot_at": saved[0]["expires_at"],
                "next_expiry_at": saved[0]["expires_at"],
            },
        }

    async def test_one_image_in_json(self, ann: Person) -> None:
        saved = (await ann.save(png(7, 7))).json()
        body = (await ann.get(f"/api/images/{saved['id']}")).json()
        assert base64.b64decode(body.pop("data")) == png(7, 7)
        assert body == saved

    async def test_deleting_is_at_once_and_frees_the_slot(self, ann: Person) -> None:
        for number in range(3):
            await ann.save(png(colour=number))
        (gone, *_) = await ann.ids()
        answer = await ann.delete(f"/api/images/{gone}")
        assert answer.json() == {"success": True, "message": "图片删除成功"}
        for path in ("", "/content"):
            assert refusal(await ann.get(f"/api/images/{gone}{path}")) == (404, "not_found")
        assert refusal(await ann.delete(f"/api/images/{gone}")) == (404, "not_found")
        assert (await ann.save(png(colour=9))).status_code == 201

    @pytest.mark.parametrize("path", ["/api/images/{}", "/api/images/{}/content", "/api/images/download/{}"])
    async def test_foreign_and_unknown_ids_answer_alike(self, ann: Person, bob: Person, path: str) -> None:
        foreign = (await bob.save()).json()
        etag = f'"{foreign["sha256"]}"'
        for image_id in (
            foreign["id"],
            "unknown",
            "..",
            "%2e%2e%2fx",
            "%00",
            "%ff",
            "*",
            "'--",
            "%0d%0aX: y",
            "x" * 5000,
            "😀",
        ):
            for answer in (
                await ann.get(path.format(image_id)),
                await ann.get(path.format(image_id), **{"If-None-Match": etag, "Range": "bytes=0-1"}),
                await ann.head(path.format(image_id)),
                await ann.delete(path.format(image_id)),
            ):
                assert answer.status_code in (404, 405)
        unknown, theirs = [await ann.get(path.format(image_id)) for image_id in ("unknown", foreign["id"])]
        assert unknown.json() == theirs.json()
        assert await bob.ids() == [foreign["id"]]


async def fresh(person: Person) -> dict[str, Any]:
    """Sign in again, after the token's time."""
    login = {"email": person.user["email"], "password": "correct horse"}
    answer = await person.client.post("/api/auth/login", json=login)
    person.client.cookies.clear()
    account: dict[str, Any] = json.loads(answer.content)
    return account
