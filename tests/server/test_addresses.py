"""Where an image that a provider points to may be fetched from."""

import socket
from ipaddress import ip_address
from typing import Any

import httpx2
import pytest

from server.errors import Refusal
from server.providers.addresses import Fetcher, is_public
from tests import paintings
from tests.server.conftest import refusal
from tests.server.generating import WANTED, form, served
from tests.upstream import Upstream
from tests.upstream_answers import KOLORS

pytestmark = pytest.mark.anyio
OPENAI = {**WANTED, "provider": "openai", "model": KOLORS}


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo, of 127.0.0.1
    ],
)
def test_no_address_of_a_private_network(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ip_address(address))


async def fetched(fetcher: Fetcher, url: str) -> bytes:
    try:
        async with fetcher.fetch(url) as (_, chunks):
            return b"".join([chunk async for chunk in chunks])
    finally:
        await fetcher.close()


@pytest.mark.parametrize(
    "url",
    [
        *("http://8.8.8.8/x.png", "https://10.0.0.1/", "https://[::1]/", "https://localhost/", "https://127.0.0.1/"),
        *("https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://[::ffff:127.0.0.1]/"),
        *("file:///etc/passwd", "data:image/png;base64,AAAA", "ftp://8.8.8.8/", "//8.8.8.8/", "", "gopher://8.8.8.8/"),
    ],
)
async def test_what_is_not_public_and_https_is_not_asked(url: str) -> None:
    with pytest.raises(Refusal) as told:
        await fetched(Fetcher(5, loopback=False), url)
    assert told.value.code == "provider_no_image"


async def test_loopback_needs_the_operators_word(upstream: Upstream) -> None:
    url = f"{upstream.url}/files/image/8/8/png"
    with pytest.raises(Refusal, match="provider_no_image"):
        await fetched(Fetcher(5, loopback=False), url)
    assert upstream.asked == []
    assert (await fetched(Fetcher(5, loopback=True), url)).startswith(b"\x89PNG")


async def test_http_is_for_loopback_alone() -> None:
    with pytest.raises(Refusal, match="provider_no_image"):
        await fetched(Fetcher(5, loopback=True), "http://8.8.8.8/x.png")


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:192.168.0.1"]])
async def test_a_name_that_leads_inside_is_refused(found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One address of many is enough: which of them would be used is nobody's promise."""
    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolver(found))
    with pytest.raises(Refusal, match="provider_no_image"):
        await fetched(Fetcher(5, loopback=False), "https://images.example/x.png")


async def test_what_was_checked_is_connected_to(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up again, and now leads elsewhere, changes nothing."""
    lookups: list[str] = []
    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolver(["127.0.0.1"], lookups))
    port = upstream.url.rpartition(":")[2]
    data = await fetched(Fetcher(5, loopback=True), f"http://images.example:{port}/files/image/8/8/png")
    assert data.startswith(b"\x89PNG")
    assert [name for name in lookups if name != "127.0.0.1"] == ["images.example"]
    assert upstream.asked[0].headers["host"] == f"images.example:{port}"


def resolver(addresses: list[str], lookups: list[str] | None = None) -> Any:
    async def getaddrinfo(self: object, host: str, port: int, **_: object) -> list[Any]:
        if lookups is not None:
            lookups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo


async def test_redirects_are_followed_where_they_are_allowed(upstream: Upstream) -> None:
    upstream.redirect_to = "/files/image/8/8/webp"
    data = await fetched(Fetcher(5, loopback=True), f"{upstream.url}/files/redirected/8/8/png")
    assert data.startswith(b"RIFF")


@pytest.mark.parametrize("target", ["https://10.0.0.1/", "http://192.168.0.1/", "file:///etc/passwd", "", "https://["])
async def test_redirects_into_a_network_are_not(upstream: Upstream, target: str) -> None:
    upstream.redirect_to = target
    with pytest.raises(Refusal, match=r"provider_no_image|provider_failed"):
        await fetched(Fetcher(5, loopback=True), f"{upstream.url}/files/redirected/8/8/png")
    assert {asked.path for asked in upstream.asked} == {"/files/redirected/8/8/png"}


async def test_redirects_end(upstream: Upstream) -> None:
    upstream.redirect_to = "/files/redirected/8/8/png"
    with pytest.raises(Refusal, match="provider_no_image"):
        await fetched(Fetcher(5, loopback=True), f"{upstream.url}/files/redirected/8/8/png")
    assert len(upstream.asked) == 4


async def test_an_address_is_asked_without_a_key(upstream: Upstream) -> None:
    await fetched(Fetcher(5, loopback=True), f"{upstream.url}/files/image/8/8/png")
    assert not {"authorization", "cookie", "referer"} & set(upstream.asked[0].headers)


@pytest.mark.parametrize(
    ("fault", "code"), [("slow", "provider_timeout"), ("dropped", "provider_failed"), ("endless", "cut")]
)
def test_a_fetch_has_limits_too(
    upstream: Upstream, fault: str, code: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.providers.provider.MAX_PROVIDER_IMAGE", 100_000)
    upstream.order(fault, on="/files/")
    with served(tmp_path, upstream, generation_timeout=0.2) as client:
        if code == "cut":
            with pytest.raises(httpx2.RemoteProtocolError):
                client.post("/api/generate", json=OPENAI)
        else:
            assert refusal(client.post("/api/generate", json=OPENAI))[1] == code
    assert len(upstream.images) == 1


def test_without_the_operators_word_an_upstream_on_loopback_gives_no_url(upstream: Upstream, tmp_path: Any) -> None:
    with served(tmp_path, upstream, allow_loopback_images=False) as client:
        assert refusal(client.post("/api/generate", json=OPENAI)) == (502, "provider_no_image")
        assert len(upstream.asked) == 1
        upstream.image_url = f"{upstream.url}/files/image/8/8/png"
        assert refusal(client.post("/api/generate", json=OPENAI)) == (502, "provider_no_image")


def test_the_bytes_of_a_url_are_untouched(upstream: Upstream, tmp_path: Any) -> None:
    with served(tmp_path, upstream) as client:
        made = form(client.post("/api/generate", json={**OPENAI, "format": "webp"}))
    assert made.content_type == "image/webp"
    assert made.image in [paintings.webp(64, 32, grey)[1] for grey in range(256)]
